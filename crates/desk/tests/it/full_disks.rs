//! A disk that is full where the profile is: it is said, nothing of what was there is lost, and with room it goes on.

use anyhow::{Context, Result};
use care_model::ProblemCode;
use desk_ipc::{AddDrop, CommandError, CompositionMode, DeskCommands, EditNote};
use fault_row::{Breaches, Row};
use test_support::{ExampleExchange, OpenDesk};

use crate::support::{SmallDisk, names_in, pdf, unit};

fn assert_full<T: std::fmt::Debug>(result: std::result::Result<T, CommandError>) {
    let refusal = result.expect_err("a full disk");
    assert_eq!(refusal.code, ProblemCode::LocalDiskFull, "{refusal:?}");
    let words = messages::problem(refusal.code.as_str(), &refusal.params);
    assert!(words.what.contains("空き容量"), "{words:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_08_a_full_profile_takes_nothing_more_and_loses_nothing() -> Result<()> {
    let row = Row::open(8, "the client's disk is full, then not");
    let exchange = ExampleExchange::start().await?;
    // Without the right to mount, what a full disk is called is held by the unit tests of `refusal` and `store`.
    let Some(disk) = SmallDisk::mount(exchange.folder("small")?, "16m") else {
        row.skip("this computer lets nobody mount a disk");
        return Ok(());
    };
    let at = &exchange.manager;
    let profile = disk.0.join("profile");
    let desk = OpenDesk::open(&profile).await?;
    let password = exchange.issue_password(at.office).await?;
    desk.set_up(&exchange.connection_file(), &at.accounts, &password, "front")
        .await?;
    desk.sign_in(at.office, &at.accounts).await?;
    let files = exchange.folder("files")?;
    let note = async |composition, note: &str| {
        let edit = EditNote {
            composition,
            delivery: None,
            note: note.to_owned(),
        };
        desk.desk.edit_note(edit).await
    };
    let (_, first) = unit(&files, 70, "home_plan")?;
    let saved = desk.compose(CompositionMode::Compose, first).await?;
    note(saved.id, "保存した下書き").await?;
    desk.desk.save_draft(saved.id).await?;
    desk.desk.discard_composition(saved.id).await?;
    let (_, second) = unit(&files, 71, "home_schedule")?;
    let open = desk.compose(CompositionMode::Compose, second).await?;
    let open = note(open.id, "書きかけのメッセージ").await?;
    let copies = names_in(&profile.join("spool"))?;

    let filling = disk.fill()?;
    let (_, mut third) = unit(&files, 72, "home_plan")?;
    third.push(pdf(&files, "資料.pdf", 200_000)?);
    let dropped = || desk.compose(CompositionMode::Compose, third.clone());
    assert_full(dropped().await.map_err(|error| error.downcast().expect("a refusal")));
    let add = AddDrop {
        composition: open.id,
        drop: desk.desk.drop_files(third.clone()).id,
    };
    assert_full(desk.desk.add_drop(add).await);
    assert_full(desk.desk.save_draft(open.id).await);
    // Half a copy is not left over, and what was there says the same as before.
    assert_eq!(names_in(&profile.join("spool"))?, copies);
    assert_eq!(desk.desk.composition(open.id).await?, open);
    let drafts = desk.desk.drafts(()).await?;
    let shown: Vec<_> = drafts.iter().map(|draft| (draft.id, draft.note.as_str())).collect();
    assert_eq!(shown, [(saved.id, "保存した下書き")]);
    // A draft is there already: it is opened, looked at again and told apart from one that was changed.
    let opened = desk.desk.open_draft(saved.id).await?;
    assert_eq!(opened.deliveries[0].note, "保存した下書き");
    assert_eq!(desk.desk.composition(saved.id).await?, opened);
    assert_full(note(saved.id, "続き").await);
    assert_eq!(desk.desk.composition(saved.id).await?, opened);

    std::fs::remove_file(filling)?;
    desk.desk.save_draft(open.id).await?;
    let later = dropped().await?;
    desk.desk.save_draft(later.id).await?;
    desk.desk.shutdown().await;
    let again = OpenDesk::open(&profile).await?;
    again.sign_in(at.office, &at.accounts).await?;
    for (id, note, files) in [
        (saved.id, "保存した下書き", saved.deliveries[0].files.len()),
        (open.id, "書きかけのメッセージ", open.deliveries[0].files.len()),
        (later.id, "", third.len()),
    ] {
        let view = again.desk.open_draft(id).await?;
        let delivery = view.deliveries.first().context("a delivery")?;
        assert_eq!((delivery.note.as_str(), delivery.files.len()), (note, files));
        assert!(view.can_send, "{view:?}");
        again.start_sending(id).await?;
        assert_eq!(again.sent(id).await?.sent, 1);
    }
    again.desk.shutdown().await;
    row.close(3, Breaches::default());
    Ok(())
}
