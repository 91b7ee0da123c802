//! 一括送信: the next batch, what is refused, drafts that go together, and what a killed client leaves.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use care_model::{DeliveryId, OfficeNumber, Party, ProblemCode, limits};
use care_samples::Samples;
use desk_ipc::{
    AttachFiles, CompositionId, CompositionMode, CompositionView, DeskCommands, EditNote, SendStart, SendStateView,
};
use test_support::{HOME_HELP, OpenDesk};

use crate::support::{Offices, assert_refused, pdf, unit, unit_to};

fn confirmed(composition: CompositionId) -> SendStart {
    SendStart {
        composition,
        confirmed: true,
        on_paper: Vec::new(),
    }
}

fn ids(view: &CompositionView) -> Vec<DeliveryId> {
    view.deliveries.iter().map(|planned| planned.delivery).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_is_the_next_batch_and_a_second_click_never_sends_it() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager;
    let mut samples = Samples::new(1);
    let mut paths = Vec::new();
    for _ in 0..limits::BULK_DELIVERIES_MAX + 3 {
        paths.extend(unit_to(&files, &mut samples, "home_plan_delete", HOME_HELP.party()?)?.1);
    }
    let view = desk.compose(CompositionMode::Dispatch, paths).await?;
    assert_eq!(
        (view.deliveries.len(), view.over_limit),
        (limits::BULK_DELIVERIES_MAX, 3)
    );
    // While the first hundred waits for the line, the button does nothing more.
    offices.exchange.line.set_away(true);
    for _ in 0..3 {
        let sending = desk.desk.send_composition(confirmed(view.id)).await?;
        assert_eq!(sending.deliveries.len(), limits::BULK_DELIVERIES_MAX);
    }
    offices.exchange.line.set_away(false);
    assert_eq!(desk.sent(view.id).await?.sent, 100);
    let rest = desk.desk.composition(view.id).await?;
    assert_eq!((rest.deliveries.len(), rest.over_limit, rest.can_send), (103, 0, true));
    assert!(rest.deliveries[..100].iter().all(|planned| planned.sending.is_some()));
    let open: Vec<DeliveryId> = ids(&rest)[100..].to_vec();
    desk.start_sending(view.id).await?;
    let all = desk.sent(view.id).await?;
    assert_eq!((all.sent, all.deliveries.len()), (103, 103));
    assert!(
        open.iter()
            .all(|id| all.deliveries.iter().any(|row| row.delivery == *id))
    );
    // Nothing is left: once more it only says how all stands.
    assert_eq!(desk.desk.send_composition(confirmed(view.id)).await?.sent, 103);
    let receiver = offices.exchange.terminal(&offices.exchange.service, "数える").await?;
    assert_eq!(receiver.inbox(0, limits::PAGE_ROWS_MAX).await?.rows.len(), 103);
    Ok(())
}

/// More than the exchange lets one terminal ask in a minute: each row that is refused waits its second and goes again.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_asks_too_often_waits_and_sends_everything_once() -> Result<()> {
    const A_MINUTE: u32 = 60;
    const DELIVERIES: u32 = 64;
    let mut offices = Offices::open().await?;
    offices.exchange.limit_requests(A_MINUTE).await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager;
    let mut samples = Samples::new(5);
    let mut paths = Vec::new();
    for _ in 0..DELIVERIES {
        paths.extend(unit_to(&files, &mut samples, "home_plan_delete", HOME_HELP.party()?)?.1);
    }
    let view = desk.compose(CompositionMode::Dispatch, paths).await?;
    let begun = Instant::now();
    desk.start_sending(view.id).await?;
    assert_eq!(desk.sent(view.id).await?.sent, DELIVERIES);
    // One that was never refused takes no time at all.
    assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
    let receiver = offices.exchange.terminal(&offices.exchange.service, "数える").await?;
    assert_eq!(
        receiver.inbox(0, limits::PAGE_ROWS_MAX).await?.rows.len(),
        DELIVERIES as usize
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_row_goes_again_under_the_same_identity() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager;
    let mut samples = Samples::new(3);
    let mut paths = Vec::new();
    for _ in 0..3 {
        paths.extend(unit_to(&files, &mut samples, "home_plan_delete", HOME_HELP.party()?)?.1);
    }
    let view = desk.compose(CompositionMode::Dispatch, paths).await?;
    // The licence ends between the look and the sending.
    let manager = offices.exchange.manager.office;
    offices
        .exchange
        .set_licence(manager, chrono::TimeDelta::days(-1))
        .await?;
    desk.start_sending(view.id).await?;
    let refused = desk.sent(view.id).await?;
    assert_eq!((refused.sent, refused.held), (0, 3));
    let SendStateView::Held { problem } = &refused.deliveries[0].state else {
        panic!("{refused:?}")
    };
    assert_eq!(problem.code, ProblemCode::LicenceExpired);
    offices
        .exchange
        .set_licence(manager, chrono::TimeDelta::days(30))
        .await?;
    // The server may know of it a moment later: whoever is refused once more tries once more.
    let sent = desk
        .when(async || {
            let view = desk.desk.sending(view.id).await?;
            for row in &view.deliveries {
                if matches!(row.state, SendStateView::Held { .. }) {
                    let request = desk_ipc::DeliveryRequest { delivery: row.delivery };
                    desk.desk.retry_send(request).await?;
                }
            }
            Ok((view.sent == 3).then_some(view))
        })
        .await?;
    assert_eq!((sent.sent, sent.deliveries.len()), (3, 3));
    let same =
        |view: &desk_ipc::SendView| -> Vec<DeliveryId> { view.deliveries.iter().map(|row| row.delivery).collect() };
    assert_eq!(same(&sent), same(&refused));
    Ok(())
}

/// A draft of one unit with an attachment and a note.
async fn draft(desk: &OpenDesk, paths: Vec<PathBuf>, note: &str) -> Result<CompositionId> {
    let view = desk.compose(CompositionMode::Compose, paths).await?;
    let note = EditNote {
        composition: view.id,
        delivery: None,
        note: note.to_owned(),
    };
    desk.desk.edit_note(note).await?;
    desk.desk.save_draft(view.id).await?;
    desk.desk.discard_composition(view.id).await?;
    Ok(view.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn several_drafts_go_together_and_stay_until_they_are_sent() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager;
    let mut drafts = Vec::new();
    for seed in [4, 5] {
        let (_, mut paths) = unit(&files, seed, "home_plan")?;
        paths.push(pdf(&files, &format!("資料{seed}.pdf"), 100)?);
        drafts.push(draft(desk, paths, &format!("メッセージ{seed}")).await?);
    }
    // Attachments alone don't go by 一括送信: their draft stays.
    drafts.push(draft(desk, vec![pdf(&files, "だけ.pdf", 100)?], "").await?);
    std::fs::remove_dir_all(&files)?;
    let view = desk.desk.dispatch_drafts(drafts.clone()).await?;
    assert_eq!((view.mode, view.deliveries.len()), (CompositionMode::Dispatch, 2));
    let mut notes: Vec<&str> = view.deliveries.iter().map(|planned| planned.note.as_str()).collect();
    notes.sort_unstable();
    assert_eq!(notes, ["メッセージ4", "メッセージ5"]);
    for planned in &view.deliveries {
        let attached: Vec<&str> = planned
            .files
            .iter()
            .filter(|f| f.attachment)
            .map(|f| f.name.as_str())
            .collect();
        assert_eq!(attached, [planned.note.replace("メッセージ", "資料") + ".pdf"]);
    }
    assert_eq!(desk.desk.drafts(()).await?.len(), 3);
    desk.start_sending(view.id).await?;
    assert_eq!(desk.sent(view.id).await?.sent, 2);
    let left: Vec<CompositionId> = desk.desk.drafts(()).await?.into_iter().map(|row| row.id).collect();
    assert_eq!(left, drafts[2..]);

    assert_refused(desk.desk.dispatch_drafts(drafts).await, ProblemCode::CompositionUnknown);
    assert_refused(
        desk.desk.dispatch_drafts(Vec::new()).await,
        ProblemCode::CompositionEmpty,
    );
    let many = vec![left[0]; limits::BULK_DELIVERIES_MAX + 1];
    assert_refused(desk.desk.dispatch_drafts(many).await, ProblemCode::BulkTooMany);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_stays_unless_all_of_it_went() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager;
    let mut drafts = Vec::new();
    for seed in [30, 31, 32] {
        drafts.push(draft(desk, unit(&files, seed, "home_plan")?.1, "").await?);
    }
    // A note alone goes nowhere by 一括送信.
    drafts.push(draft(desk, Vec::new(), "あとで書きます").await?);
    let mut view = desk.desk.dispatch_drafts(drafts.clone()).await?;
    let not_yet: Vec<u32> = view.deliveries[1].files.iter().map(|file| file.file).collect();
    let numbers = not_yet.len();
    for file in not_yet {
        let remove = desk_ipc::RemoveFile {
            composition: view.id,
            file,
        };
        view = desk.desk.remove_file(remove).await?;
    }
    assert_eq!(view.deliveries.len(), 2);
    desk.start_sending(view.id).await?;
    assert_eq!(desk.sent(view.id).await?.sent, 2);
    let mut left: Vec<CompositionId> = desk.desk.drafts(()).await?.into_iter().map(|row| row.id).collect();
    left.sort_unstable();
    let mut stay = vec![drafts[1], drafts[3]];
    stay.sort_unstable();
    assert_eq!(left, stay);
    let opened = desk.desk.open_draft(drafts[1]).await?;
    assert_eq!(opened.deliveries[0].files.len(), numbers);
    assert!(opened.can_send && opened.deliveries[0].sent_before.is_none());
    assert_eq!(desk.desk.open_draft(drafts[3]).await?.note, "あとで書きます");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_draft_that_went_in_part_the_rest_stays_saved() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager;
    let mut samples = Samples::new(33);
    let to = HOME_HELP.party()?;
    let unknown = Party::new(OfficeNumber::parse("9970109999")?, to.kind);
    let mut paths = unit_to(&files, &mut samples, "home_plan_delete", to)?.1;
    let stays = unit_to(&files, &mut samples, "home_plan_delete", unknown)?.1;
    paths.extend(stays.clone());
    let id = draft(desk, paths, "一通目").await?;
    let opened = desk.desk.open_draft(id).await?;
    let blocked = opened.deliveries.iter().find(|planned| planned.blocked);
    let blocked = blocked.context("a blocked row")?.delivery;
    let view = desk.desk.turn_into_dispatch(id).await?;
    assert!(view.can_send, "{view:?}");
    desk.start_sending(id).await?;
    let sent = desk.sent(id).await?;
    assert_eq!((sent.sent, sent.deliveries.len()), (1, 1));
    let listed = desk.desk.drafts(()).await?;
    assert_eq!(
        listed.iter().map(|row| (row.id, row.files)).collect::<Vec<_>>(),
        [(id, 1)]
    );
    desk.desk.discard_composition(id).await?;
    let again = desk.desk.open_draft(id).await?;
    // What went is not offered again, and what stays keeps its identity.
    assert_eq!((again.mode, ids(&again)), (CompositionMode::Compose, vec![blocked]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_drafts_come_back_until_the_desk_is_closed() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let desk = &offices.manager;
    let (_, paths) = unit(&files, 6, "home_plan")?;
    let id = draft(desk, paths, "残します").await?;
    desk.desk.delete_drafts(vec![id]).await?;
    assert!(desk.desk.drafts(()).await?.is_empty());
    assert_eq!(desk.desk.home(()).await?.figures.drafts, 0);
    assert_refused(desk.desk.open_draft(id).await, ProblemCode::CompositionUnknown);
    assert_refused(
        desk.desk.dispatch_drafts(vec![id]).await,
        ProblemCode::CompositionUnknown,
    );
    desk.desk.restore_drafts(vec![id]).await?;
    assert_eq!(desk.desk.drafts(()).await?.len(), 1);
    assert_eq!(desk.desk.open_draft(id).await?.note, "残します");
    desk.desk.discard_composition(id).await?;
    desk.desk.delete_drafts(vec![id]).await?;
    desk.desk.shutdown().await;
    let profile = exchange.profile(&exchange.manager, "front");
    let reopened = OpenDesk::open(&profile).await?;
    reopened
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    let refused = reopened.desk.restore_drafts(vec![id]).await;
    assert_refused(refused, ProblemCode::CompositionUnknown);
    assert!(crate::support::names_in(&profile.join("spool"))?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_client_left_is_taken_up_again() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let (_, first) = unit(&files, 7, "home_plan")?;
    let (_, second) = unit(&files, 8, "home_plan")?;
    let desk = &offices.manager;
    let bulk = desk
        .compose(CompositionMode::Dispatch, [first.clone(), second.clone()].concat())
        .await?;
    let edited = bulk.deliveries[1].delivery;
    let note = EditNote {
        composition: bulk.id,
        delivery: Some(edited),
        note: "途中のメッセージ".to_owned(),
    };
    desk.desk.edit_note(note).await?;
    let attach = AttachFiles {
        composition: bulk.id,
        delivery: edited,
        drop: desk.desk.drop_files(vec![pdf(&files, "途中.pdf", 100)?]).id,
    };
    desk.desk.attach_files(attach).await?;
    // None of these is left unfinished: empty, saved as it stands, discarded, sent.
    let start = desk_ipc::ComposeStart {
        mode: CompositionMode::Compose,
        drop: None,
    };
    desk.desk.open_composition(start).await?;
    let saved = desk.compose(CompositionMode::Compose, first.clone()).await?;
    desk.desk.save_draft(saved.id).await?;
    let discarded = desk.compose(CompositionMode::Compose, second.clone()).await?;
    desk.desk.discard_composition(discarded.id).await?;
    desk.send_files(CompositionMode::Compose, second).await?;
    // A draft that was changed since is.
    let changed = draft(desk, first, "保存した").await?;
    desk.desk.open_draft(changed).await?;
    let note = EditNote {
        composition: changed,
        delivery: None,
        note: "保存していない".to_owned(),
    };
    desk.desk.edit_note(note).await?;
    assert!(
        desk.desk.unfinished(()).await?.is_empty(),
        "what is open here is not left"
    );
    std::fs::remove_dir_all(&files)?;
    // Whoever is killed closes nothing: what is there then is what is on the disk now.
    let profile = exchange.profile(&exchange.manager, "front");
    let image = exchange.folder("image")?;
    copy_profile(&profile, &image)?;
    desk.desk.shutdown().await;

    let reopened = OpenDesk::open(&image).await?;
    reopened
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    let mut left = reopened.desk.unfinished(()).await?;
    left.sort_by_key(|row| row.mode == CompositionMode::Compose);
    let listed: Vec<_> = left
        .iter()
        .map(|row| (row.id, row.mode, row.files, row.deliveries))
        .collect();
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(
        (listed[0].0, listed[0].1, listed[0].3),
        (bulk.id, CompositionMode::Dispatch, 2)
    );
    assert_eq!((listed[1].0, listed[1].1), (changed, CompositionMode::Compose));
    let again = reopened.desk.composition(bulk.id).await?;
    assert_eq!(ids(&again), ids(&bulk));
    let planned = &again.deliveries[1];
    assert_eq!(planned.note, "途中のメッセージ");
    assert!(planned.files.iter().any(|file| file.name == "途中.pdf"));
    // Whoever decides later and opens the draft first finds what was written; discarded, it is as it was saved.
    assert_eq!(reopened.desk.open_draft(changed).await?.note, "保存していない");
    reopened.desk.discard_composition(changed).await?;
    assert_eq!(reopened.desk.open_draft(changed).await?.note, "保存した");
    assert!(reopened.desk.unfinished(()).await?.is_empty());
    reopened.start_sending(bulk.id).await?;
    assert_eq!(reopened.sent(bulk.id).await?.sent, 2);
    Ok(())
}

fn copy_profile(from: &std::path::Path, to: &std::path::Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let (path, name) = (entry.as_ref().map_err(|_| std::fmt::Error)?.path(), entry?.file_name());
        if path.is_dir() {
            std::fs::create_dir_all(to.join(&name))?;
            copy_profile(&path, &to.join(&name))?;
        } else {
            std::fs::copy(&path, to.join(&name))?;
        }
    }
    Ok(())
}
