//! 引っ越し: what one PC held is at another, or nothing of it is, and every refusal says why.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use care_model::{DeliveryId, ProblemCode};
use desk_ipc::{
    CommandError, CompositionId, CompositionMode, DeliveryRequest, DeskCommands, DeskEvent, EditNote, EnrolStart,
    ImportedMark, InboxRow, InboxStatus, ListRequest, LookView, MoveInStart, MoveOutStart, OutboxRow, ReadingSource,
    ReceiveInto, Stage, StartView, TextSize,
};
use test_support::{CARE_MANAGEMENT, ExampleAccounts, ExampleExchange, HOME_HELP, OpenDesk};

use crate::support::{Offices, SmallDisk, assert_refused, database, edit, names_in, only, pdf, pick_up, unit};

const PASSPHRASE: &str = "ひっこしの合言葉2026";

async fn move_out(desk: &OpenDesk, file: &Path, passphrase: &str) -> Result<Option<String>, CommandError> {
    desk.surface.answer_save(file);
    let passphrase = passphrase.to_owned();
    let saved = desk.desk.move_out(MoveOutStart { passphrase }).await?;
    Ok(saved.map(|saved| saved.name))
}

async fn move_in(desk: &OpenDesk, file: &Path, passphrase: &str) -> Result<StartView, CommandError> {
    desk.surface.answer_move_file(file);
    let chosen = desk.desk.choose_move_file(()).await?.expect("a file");
    let passphrase = passphrase.to_owned();
    desk.desk
        .move_in(MoveInStart {
            file: chosen.id,
            passphrase,
        })
        .await
}

/// 初期設定 behind a move: the connection came along.
async fn certify(desk: &OpenDesk, exchange: &ExampleExchange, at: &ExampleAccounts) -> Result<StartView, CommandError> {
    let issue_password = exchange.issue_password(at.office).await.expect("a password");
    let start = EnrolStart {
        office_id: at.accounts.office.to_string(),
        issue_password,
        terminal_name: "新しいパソコン".to_owned(),
    };
    desk.desk.enrol(start).await
}

/// A draft with its files and a note; the originals are deleted.
async fn draft(desk: &OpenDesk, folder: &Path, seed: u64, note: &str) -> Result<CompositionId> {
    let (_, paths) = unit(folder, seed, "home_schedule")?;
    let view = desk.compose(CompositionMode::Compose, paths.clone()).await?;
    let edit = EditNote {
        composition: view.id,
        delivery: None,
        note: note.to_owned(),
    };
    desk.desk.edit_note(edit).await?;
    desk.desk.save_draft(view.id).await?;
    paths.iter().try_for_each(fs::remove_file)?;
    Ok(view.id)
}

async fn inbox_row(desk: &OpenDesk, delivery: DeliveryId) -> Result<InboxRow> {
    let rows = desk.desk.inbox(ListRequest::first()).await?.rows;
    rows.into_iter()
        .find(|row| row.delivery == delivery)
        .context("no such row")
}

async fn outbox_rows(desk: &OpenDesk) -> Result<Vec<OutboxRow>> {
    Ok(desk.desk.outbox(ListRequest::first()).await?.rows)
}

fn assert_set_up(start: &StartView, moved: bool) {
    match &start.stage {
        Stage::SetUp { moved: shown, .. } => assert_eq!(shown.is_some(), moved, "{start:?}"),
        stage => panic!("{stage:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_pc_has_what_the_old_one_had_and_is_a_terminal_of_its_own() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, at) = (&offices.exchange, &offices.exchange.service);
    let old = &offices.service;
    let files = exchange.folder("files")?;
    // Received, read, marked; one more waits. Sent and answered; a draft, and work in the making.
    let (_, came) = offices.send_plan(61, Vec::new()).await?;
    old.receive(&[came.delivery], &exchange.folder("received")?).await?;
    old.when(async || {
        let row = inbox_row(old, came.delivery).await?;
        Ok(matches!(row.status, InboxStatus::Received { readable: true, .. }).then_some(()))
    })
    .await?;
    let mark = ImportedMark {
        deliveries: vec![came.delivery],
        imported: true,
    };
    old.desk.mark_imported(mark).await?;
    let (_, waiting) = offices.send_plan(62, Vec::new()).await?;
    let attachment = pdf(&files, "写真の説明.pdf", 300_000)?;
    let actual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/units/good/home_actual");
    let actual = fs::read_dir(actual)?.map(|entry| Ok(entry?.path()));
    let actual = actual.collect::<std::io::Result<Vec<PathBuf>>>()?;
    let sent = old.send_files(CompositionMode::Compose, actual).await?;
    let sent = only(&sent.deliveries)?.delivery;
    let saved = draft(old, &exchange.folder("draft")?, 63, "下書きのメッセージ").await?;
    let working = old.compose(CompositionMode::Compose, vec![attachment]).await?;
    let mut settings = edit(&old.desk.settings(()).await?);
    settings.kept_days = 30;
    settings.notices = false;
    old.desk.change_settings(settings).await?;
    old.surface.answer_folder(&exchange.folder("fixed")?);
    old.desk.choose_receive_folder(()).await?;
    let look = LookView {
        text_size: TextSize::Largest,
        ..LookView::default()
    };
    old.desk.change_look(look).await?;
    old.desk.refresh(()).await?;
    let (inbox, outbox) = (inbox_row(old, came.delivery).await?, outbox_rows(old).await?);

    let file = exchange.folder("stick")?.join("引っ越し.careplan-move");
    assert_eq!(
        move_out(old, &file, PASSPHRASE).await?.as_deref(),
        Some("引っ越し.careplan-move")
    );
    assert_eq!(names_in(&exchange.folder("stick")?)?, ["引っ越し.careplan-move"]);

    let profile = exchange.profile(at, "new");
    let new = OpenDesk::open(&profile).await?;
    assert_set_up(&new.desk.start(()).await?, false);
    let start = move_in(&new, &file, PASSPHRASE).await?;
    let Stage::SetUp {
        connection: Some(_),
        moved: Some(moved),
    } = &start.stage
    else {
        panic!("{:?}", start.stage)
    };
    assert_eq!(
        (moved.office.number.as_str(), moved.office.name.as_str()),
        (HOME_HELP.number, HOME_HELP.name)
    );
    assert_eq!((moved.drafts, moved.inbox, moved.outbox), (1, 2, 1));
    assert_eq!(start.look, look);
    // Nobody is signed in yet: nothing of it is shown.
    assert_refused(new.desk.drafts(()).await, ProblemCode::SignInRequired);
    // It is there after a restart too, and is not taken in twice.
    new.desk.shutdown().await;
    // Nothing of the old terminal's identity and none of its folders.
    let values: Vec<(String,)> = sqlx::query_as("SELECT name FROM value")
        .fetch_all(&database(&profile).await?)
        .await?;
    let of_the_old = ["identity", "session", "me", "last_folder", "automation"];
    assert!(
        !values.iter().any(|(name,)| of_the_old.contains(&name.as_str())),
        "{values:?}"
    );
    let new = OpenDesk::open(&profile).await?;
    assert_set_up(&new.desk.start(()).await?, true);
    assert_refused(move_in(&new, &file, PASSPHRASE).await, ProblemCode::MoveNotEmpty);
    certify(&new, exchange, at).await?;
    new.sign_in(at.office, &at.accounts).await?;

    let drafts = new.desk.drafts(()).await?;
    assert_eq!(
        (drafts.len(), drafts[0].id, drafts[0].note.as_str()),
        (1, saved, "下書きのメッセージ")
    );
    let unfinished = new.desk.unfinished(()).await?;
    assert!(unfinished.iter().any(|row| row.id == working.id), "{unfinished:?}");
    assert!(outbox_rows(&new).await? == outbox, "送信一覧 says something else");
    let moved = inbox_row(&new, came.delivery).await?;
    assert_eq!((&moved.note, moved.imported_at), (&inbox.note, inbox.imported_at));
    assert!(moved.imported_at.is_some());
    // It landed on the other PC; its copy is here.
    let InboxStatus::Received { here, readable, .. } = moved.status else {
        panic!("{:?}", moved.status)
    };
    assert!(!here && readable);
    let read = new
        .desk
        .read_recipients(ReadingSource::Received {
            delivery: came.delivery,
        })
        .await?;
    assert_eq!(read.recipients.len(), 2);
    // What was sent can be sent again from its copy, and that it was sent is known.
    let again = new.desk.open_resend(DeliveryRequest { delivery: sent }).await?;
    assert!(again.can_send && again.deliveries[0].sent_before.is_some(), "{again:?}");
    let settings = new.desk.settings(()).await?;
    assert_eq!((settings.kept_days, settings.notices), (30, false));
    // Folders are of the old PC.
    assert_eq!(
        (settings.receive_into, settings.fixed_folder_name),
        (ReceiveInto::Ask, None)
    );

    // Two terminals, each with its own certificate: one of them gets what waits.
    assert_eq!(new.desk.terminals(()).await?.len(), 2);
    new.receive(&[waiting.delivery], &exchange.folder("received-new")?)
        .await?;
    let refused = pick_up(old, waiting.delivery, &exchange.folder("received-twice")?).await?;
    assert_refused(refused, ProblemCode::AlreadyReceived);
    // The draft opens from its copies, though its originals are gone, and is read as on the old one.
    let view = new.desk.open_draft(saved).await?;
    let was = old.desk.open_draft(saved).await?;
    assert_eq!(view.deliveries[0].files.len(), 3);
    assert_eq!(view.deliveries[0].files, was.deliveries[0].files);
    new.desk.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_stays_until_it_is_over() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, desk) = (&offices.exchange, &offices.manager);
    let file = exchange.folder("stick")?.join("file.careplan-move");
    let (_, paths) = unit(&exchange.folder("files")?, 70, "home_plan")?;
    let view = desk.compose(CompositionMode::Compose, paths).await?;
    exchange.line.set_away(true);
    desk.start_sending(view.id).await?;
    let refused = move_out(desk, &file, PASSPHRASE).await;
    assert_eq!(
        refused.as_ref().map_err(|error| error.params["sends"].as_str()),
        Err("1")
    );
    assert_refused(refused, ProblemCode::MoveWaits);
    assert!(!file.exists());
    exchange.line.set_away(false);
    desk.sent(view.id).await?;
    move_out(desk, &file, PASSPHRASE).await?;
    assert!(file.exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_the_old_pc_leaves_no_file() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, desk) = (&offices.exchange, &offices.manager);
    let stick = exchange.folder("stick")?;
    let file = stick.join("file.careplan-move");
    let passphrase = PASSPHRASE.to_owned();
    let cancelled = desk.desk.move_out(MoveOutStart { passphrase }).await?;
    assert!(cancelled.is_none());
    for wrong in ["short", &"長".repeat(65)] {
        assert_refused(move_out(desk, &file, wrong).await, ProblemCode::PasswordLength);
    }
    let gone = stick.join("gone").join("file.careplan-move");
    assert_refused(move_out(desk, &gone, PASSPHRASE).await, ProblemCode::SaveFailed);
    // A folder has the name.
    fs::create_dir_all(stick.join("taken/full"))?;
    assert_refused(
        move_out(desk, &stick.join("taken"), PASSPHRASE).await,
        ProblemCode::SaveFailed,
    );
    assert_eq!(names_in(&stick)?, ["taken"]);
    desk.desk.sign_out(()).await?;
    assert_refused(move_out(desk, &file, PASSPHRASE).await, ProblemCode::SignInRequired);
    Ok(())
}

/// A file of one draft, and where it is.
async fn moved(exchange: &ExampleExchange) -> Result<PathBuf> {
    let old = exchange.desk(&exchange.manager, "front").await?;
    draft(&old, &exchange.folder("draft")?, 75, "下書き").await?;
    let file = exchange.folder("stick")?.join("file.careplan-move");
    move_out(&old, &file, PASSPHRASE).await?;
    old.desk.shutdown().await;
    Ok(file)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_the_new_pc_takes_nothing_in() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let file = moved(&exchange).await?;
    let whole = fs::read(&file)?;
    let folder = exchange.folder("wrong")?;
    let changed = |name: &str, change: &dyn Fn(&mut Vec<u8>)| -> Result<PathBuf> {
        let mut bytes = whole.clone();
        change(&mut bytes);
        let path = folder.join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    };
    let last = whole.len() - 1;
    let profile = exchange.profile(&exchange.manager, "new");
    let new = OpenDesk::open(&profile).await?;
    for (file, passphrase, code) in [
        (folder.join("none"), PASSPHRASE, ProblemCode::MoveFileUnreadable),
        (folder.clone(), PASSPHRASE, ProblemCode::MoveFileUnreadable),
        (exchange.connection_file(), PASSPHRASE, ProblemCode::MoveFileUnreadable),
        (
            changed("empty", &|bytes| bytes.clear())?,
            PASSPHRASE,
            ProblemCode::MoveFileUnreadable,
        ),
        (file.clone(), "別の合言葉です2026年", ProblemCode::MovePassphraseRefused),
        (
            changed("salt", &|bytes| bytes[30] ^= 1)?,
            PASSPHRASE,
            ProblemCode::MoveFileDamaged,
        ),
        (
            changed("cut", &|bytes| bytes.truncate(last))?,
            PASSPHRASE,
            ProblemCode::MoveFileDamaged,
        ),
        (
            changed("half", &|bytes| bytes.truncate(last / 2))?,
            PASSPHRASE,
            ProblemCode::MoveFileDamaged,
        ),
        (
            changed("longer", &|bytes| bytes.push(0))?,
            PASSPHRASE,
            ProblemCode::MoveFileDamaged,
        ),
        (
            changed("first", &|bytes| bytes[200] ^= 1)?,
            PASSPHRASE,
            ProblemCode::MoveFileDamaged,
        ),
        (
            changed("middle", &|bytes| bytes[last / 2] ^= 1)?,
            PASSPHRASE,
            ProblemCode::MoveFileDamaged,
        ),
        (
            changed("last", &|bytes| bytes[last] ^= 1)?,
            PASSPHRASE,
            ProblemCode::MoveFileDamaged,
        ),
    ] {
        assert_refused(move_in(&new, &file, passphrase).await, code);
        assert_set_up(&new.desk.start(()).await?, false);
        assert_eq!(names_in(&profile.join("spool"))?, [""; 0], "{file:?}");
    }
    // What was refused is taken in once it is right.
    move_in(&new, &file, PASSPHRASE).await?;
    let refused = certify(&new, &exchange, &exchange.service).await;
    assert_eq!(
        refused.as_ref().map_err(|error| error.params["office"].as_str()).err(),
        Some(CARE_MANAGEMENT.name)
    );
    assert_refused(refused, ProblemCode::MoveOtherOffice);
    assert_set_up(&new.desk.start(()).await?, true);
    certify(&new, &exchange, &exchange.manager).await?;
    // A terminal that is set up takes nothing in.
    assert_refused(move_in(&new, &file, PASSPHRASE).await, ProblemCode::MoveNotEmpty);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_is_on_the_pc_already_does_not_move_in_a_second_time() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let file = moved(&exchange).await?;
    let folder = exchange.folder("pc")?;
    let further = folder.join("profiles");
    let desk = OpenDesk::open_with(&folder.join("profile"), |settings| {
        settings.profiles_dir = Some(further)
    })
    .await?;
    move_in(&desk, &file, PASSPHRASE).await?;
    // Its office is in the list before it has a certificate, so no other is set up over it.
    desk.desk.add_profile(()).await?;
    let rows = desk.desk.profiles(()).await?;
    let offices = rows.iter().filter_map(|row| row.office.as_ref());
    assert_eq!(
        offices.map(|office| office.number.as_str()).collect::<Vec<_>>(),
        [CARE_MANAGEMENT.number]
    );
    assert_refused(move_in(&desk, &file, PASSPHRASE).await, ProblemCode::MoveOfficeHere);
    desk.desk.open_profile(rows[0].id).await?;
    certify(&desk, &exchange, &exchange.manager).await?;
    desk.sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    assert_eq!(desk.desk.drafts(()).await?.len(), 1);
    Ok(())
}

/// A desk with a draft of many attachments.
async fn heavy(exchange: &ExampleExchange) -> Result<OpenDesk> {
    let desk = exchange.desk(&exchange.manager, "front").await?;
    let folder = exchange.folder("heavy")?;
    let mut paths = unit(&folder, 77, "home_plan")?.1;
    for number in 0..20 {
        paths.push(pdf(&folder, &format!("資料{number}.pdf"), 1_000_000)?);
    }
    let view = desk.compose(CompositionMode::Compose, paths).await?;
    desk.desk.save_draft(view.id).await?;
    Ok(desk)
}

/// Stops the move as soon as it says how far it is.
async fn stop_early(desk: &OpenDesk) -> Result<()> {
    let mut events = desk.desk.events();
    while !matches!(events.recv().await?, DeskEvent::MoveProgress { .. }) {}
    Ok(desk.desk.stop_move(()).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_a_person_stops_leaves_everything_as_it_was() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let old = heavy(&exchange).await?;
    let stick = exchange.folder("stick")?;
    let file = stick.join("file.careplan-move");
    let (refused, stopped) = tokio::join!(move_out(&old, &file, PASSPHRASE), stop_early(&old));
    stopped?;
    assert_refused(refused, ProblemCode::MoveStopped);
    assert_eq!(names_in(&stick)?, [""; 0]);
    move_out(&old, &file, PASSPHRASE).await?;

    let profile = exchange.profile(&exchange.manager, "new");
    let new = OpenDesk::open(&profile).await?;
    let (refused, stopped) = tokio::join!(move_in(&new, &file, PASSPHRASE), stop_early(&new));
    stopped?;
    assert_refused(refused, ProblemCode::MoveStopped);
    assert_set_up(&new.desk.start(()).await?, false);
    assert_eq!(names_in(&profile.join("spool"))?, [""; 0]);
    move_in(&new, &file, PASSPHRASE).await?;
    let old_spool = exchange.profile(&exchange.manager, "front").join("spool");
    assert_eq!(names_in(&profile.join("spool"))?, names_in(&old_spool)?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_leaves_no_half_of_a_move() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let old = heavy(&exchange).await?;
    // Without the right to mount, what a full disk is called is held by the unit tests of `refusal`.
    let Some(stick) = SmallDisk::mount(exchange.folder("stick")?, "4m") else {
        return Ok(());
    };
    let refused = move_out(&old, &stick.0.join("file.careplan-move"), PASSPHRASE).await;
    assert_refused(refused, ProblemCode::SaveFailed);
    assert_eq!(names_in(&stick.0)?, [""; 0]);
    let file = exchange.folder("roomy")?.join("file.careplan-move");
    move_out(&old, &file, PASSPHRASE).await?;

    let Some(small) = SmallDisk::mount(exchange.folder("small")?, "26m") else {
        return Ok(());
    };
    let profile = small.0.join("profile");
    let new = OpenDesk::open(&profile).await?;
    let filling = small.0.join("filling");
    fs::write(&filling, vec![1; 12_000_000])?;
    assert_refused(move_in(&new, &file, PASSPHRASE).await, ProblemCode::LocalDiskFull);
    assert_set_up(&new.desk.start(()).await?, false);
    assert_eq!(names_in(&profile.join("spool"))?, [""; 0]);
    fs::remove_file(filling)?;
    move_in(&new, &file, PASSPHRASE).await?;
    certify(&new, &exchange, &exchange.manager).await?;
    new.sign_in(exchange.manager.office, &exchange.manager.accounts).await?;
    let drafts = new.desk.drafts(()).await?;
    assert!(new.desk.open_draft(drafts[0].id).await?.can_send);
    new.desk.shutdown().await;
    Ok(())
}
