//! 新規作成 beyond files of the standard: a chosen destination, 返信, 再送, pasted files, and what is asked before sending.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use anyhow::{Context, Result};
use care_model::{OfficeNumber, Party, ProblemCode, ServiceKind, limits};
use care_samples::Samples;
use chrono::{DateTime, TimeDelta, Utc};
use desk::ports::Clock;
use desk_ipc::{
    AddDrop, ChooseDestination, ComposeStart, CompositionMode, CompositionView, DeliveryRequest, DeskCommands,
    DestinationChoice, EditNote, PastedFile, PastedFiles, SendStart,
};
use test_support::{CARE_MANAGEMENT, ExampleAccounts, ExampleExchange, ExampleOffice, HOME_HELP, OpenDesk};

use crate::support::{Offices, assert_refused, codes, database, names_in, only, pdf, unit, unit_to};

fn choose(view: &CompositionView, office: &ExampleOffice) -> Result<ChooseDestination> {
    Ok(ChooseDestination {
        composition: view.id,
        to: Some(DestinationChoice {
            number: office.number()?,
            kind: office.kind()?,
        }),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_alone_go_to_the_chosen_office() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager.desk;
    let memo = pdf(&files, "資料.pdf", 300)?;
    let view = offices
        .manager
        .compose(CompositionMode::Compose, vec![memo.clone()])
        .await?;
    assert!(!view.can_send && view.deliveries.is_empty() && view.chosen.is_none());
    assert_refused(
        desk.choose_destination(choose(&view, &CARE_MANAGEMENT)?).await,
        ProblemCode::DestinationIsSender,
    );
    let view = desk.choose_destination(choose(&view, &HOME_HELP)?).await?;
    let planned = view.deliveries.first().context("a delivery")?;
    assert_eq!((planned.to.name.as_str(), planned.serial), (HOME_HELP.name, None));
    assert_eq!(
        view.chosen.as_ref().map(|office| office.number),
        Some(HOME_HELP.number()?)
    );
    // A note without a file of the standard goes along too.
    let note = EditNote {
        composition: view.id,
        delivery: Some(planned.delivery),
        note: "ご確認ください".to_owned(),
    };
    let view = desk.edit_note(note).await?;
    assert!(view.can_send && codes(&view) == ["first_send"], "{view:?}");
    let unconfirmed = SendStart {
        composition: view.id,
        confirmed: false,
        on_paper: Vec::new(),
    };
    assert_refused(
        desk.send_composition(unconfirmed).await,
        ProblemCode::ConfirmationNeeded,
    );
    offices.manager.start_sending(view.id).await?;
    let sent = offices.manager.sent(view.id).await?;
    let id = only(&sent.deliveries)?.delivery;
    let rows = offices.service.arrived(&[id]).await?;
    assert_eq!(rows[0].note.as_deref(), Some("ご確認ください"));
    let target = offices.exchange.folder("received")?;
    offices.service.receive(&[id], &target).await?;
    let landed = names_in(&target)?;
    assert_eq!(names_in(&target.join(&landed[0]))?, ["資料.pdf"]);

    // Cleared, it has nowhere to go; in 一括送信 nobody is chosen.
    let view = offices
        .manager
        .compose(CompositionMode::Compose, vec![memo.clone()])
        .await?;
    let view = desk.choose_destination(choose(&view, &HOME_HELP)?).await?;
    assert!(view.can_send);
    let clear = ChooseDestination {
        composition: view.id,
        to: None,
    };
    assert!(!desk.choose_destination(clear).await?.can_send);
    let view = offices.manager.compose(CompositionMode::Dispatch, vec![memo]).await?;
    let refused = desk.choose_destination(choose(&view, &HOME_HELP)?).await;
    assert_refused(refused, ProblemCode::RequestMalformed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn attached_files_go_along_when_another_office_is_chosen() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager.desk;
    let view = offices
        .manager
        .compose(CompositionMode::Compose, vec![pdf(&files, "資料.pdf", 300)?])
        .await?;
    let view = desk.choose_destination(choose(&view, &HOME_HELP)?).await?;
    let attach = desk_ipc::AttachFiles {
        composition: view.id,
        delivery: view.deliveries.first().context("a delivery")?.delivery,
        drop: desk.drop_files(vec![pdf(&files, "別の資料.pdf", 200)?]).id,
    };
    let view = desk.attach_files(attach).await?;
    let held = |view: &CompositionView| -> Vec<usize> {
        let files = view.deliveries.iter().map(|planned| planned.files.len());
        files.chain([view.unplaced.len()]).collect()
    };
    assert!(view.can_send && held(&view) == [2, 0], "{view:?}");
    let to = |to| ChooseDestination {
        composition: view.id,
        to,
    };
    let cleared = desk.choose_destination(to(None)).await?;
    assert_eq!(held(&cleared), [2]);
    let party = DestinationChoice {
        number: care_model::OfficeNumber::parse("9970102001")?,
        kind: care_model::ServiceKind::parse("11")?,
    };
    let other = desk.choose_destination(to(Some(party))).await?;
    assert_eq!(held(&other), [2, 0]);
    // A file of the standard that names an office takes them along too.
    let (_, paths) = unit(&files, 1, "home_plan")?;
    desk.choose_destination(to(None)).await?;
    let add = AddDrop {
        composition: view.id,
        drop: desk.drop_files(paths).id,
    };
    let unit = desk.add_drop(add).await?;
    assert!(unit.can_send && unit.unplaced.is_empty(), "{unit:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_standard_overrule_the_chosen_office_or_block() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager.desk;
    let start = ComposeStart {
        mode: CompositionMode::Compose,
        drop: None,
    };
    let view = desk.open_composition(start).await?;
    let view = desk.choose_destination(choose(&view, &HOME_HELP)?).await?;
    assert!(view.chosen.is_some() && !view.can_send && view.deliveries.is_empty());
    let (_, paths) = unit(&files, 1, "home_plan")?;
    let add = |paths| AddDrop {
        composition: view.id,
        drop: desk.drop_files(paths).id,
    };
    let same = desk.add_drop(add(paths)).await?;
    assert!(same.can_send && same.chosen.is_none(), "{same:?}");
    let other = care_model::Party::new(
        care_model::OfficeNumber::parse("9970102001")?,
        care_model::ServiceKind::parse("11")?,
    );
    let view = desk
        .open_composition(ComposeStart {
            mode: CompositionMode::Compose,
            drop: None,
        })
        .await?;
    let view = desk.choose_destination(choose(&view, &HOME_HELP)?).await?;
    let (_, paths) = unit_to(&files, &mut Samples::new(2), "home_plan", other)?;
    let add = AddDrop {
        composition: view.id,
        drop: desk.drop_files(paths).id,
    };
    let view = desk.add_drop(add).await?;
    assert!(!view.can_send && view.chosen.is_some(), "{view:?}");
    assert!(
        codes(&view).contains(&"several_destinations_chosen".to_owned()),
        "{view:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_goes_to_whom_it_came_from() -> Result<()> {
    let offices = Offices::open().await?;
    let (_, row) = offices.send_plan(3, Vec::new()).await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.service;
    let request = DeliveryRequest { delivery: row.delivery };
    let view = desk.desk.open_reply(request).await?;
    assert_eq!(
        view.chosen.as_ref().map(|office| office.name.as_str()),
        Some(CARE_MANAGEMENT.name)
    );
    let add = AddDrop {
        composition: view.id,
        drop: desk.desk.drop_files(vec![pdf(&files, "返事.pdf", 50)?]).id,
    };
    let view = desk.desk.add_drop(add).await?;
    // What came from there counts as an exchange: nobody is asked whether it is the right office.
    assert!(view.can_send && !view.needs_confirmation, "{view:?}");
    assert!(view.deliveries[0].last_exchange.is_some());
    desk.start_sending(view.id).await?;
    let id = only(&desk.sent(view.id).await?.deliveries)?.delivery;
    offices.manager.arrived(&[id]).await?;
    let unknown = DeliveryRequest {
        delivery: care_model::DeliveryId::generate(),
    };
    assert_refused(desk.desk.open_reply(unknown).await, ProblemCode::DeliveryUnknown);
    Ok(())
}

/// A clock that a test moves.
struct MovedClock(Arc<AtomicI64>);

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_is_a_new_send_of_the_kept_copy_as_long_as_it_is_kept() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let (made, mut paths) = unit(&files, 4, "home_plan")?;
    // One that is called like a file of the standard, attached by name, stays an attachment.
    paths.push(pdf(&files, "資料.pdf", 400)?);
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    let note = EditNote {
        composition: view.id,
        delivery: None,
        note: "はじめのメッセージ".to_owned(),
    };
    offices.manager.desk.edit_note(note).await?;
    offices.manager.start_sending(view.id).await?;
    let first = only(&offices.manager.sent(view.id).await?.deliveries)?.delivery;
    offices.service.arrived(&[first]).await?;
    offices.service.receive(&[first], &exchange.folder("received")?).await?;
    std::fs::remove_dir_all(&files)?;

    let request = || DeliveryRequest { delivery: first };
    let view = offices.manager.desk.open_resend(request()).await?;
    let planned = view.deliveries.first().context("a delivery")?;
    assert_ne!(planned.delivery, first);
    assert_eq!(
        (planned.note.as_str(), planned.files.len()),
        ("はじめのメッセージ", made.files.len() + 1)
    );
    assert!(
        planned.sent_before.is_some() && view.can_send && view.needs_confirmation,
        "{view:?}"
    );
    offices.manager.start_sending(view.id).await?;
    let second = only(&offices.manager.sent(view.id).await?.deliveries)?.delivery;
    offices.service.arrived(&[second]).await?;
    offices.manager.desk.refresh(()).await?;
    offices.manager.desk.shutdown().await;

    // Ninety days later the copy of what was fetched is gone, and so is that of what nobody fetched.
    let moved = Arc::new(AtomicI64::new(0));
    let clock = || Arc::new(MovedClock(Arc::clone(&moved)));
    let profile = exchange.profile(&exchange.manager, "front");
    let spool = profile.join("spool");
    for (days, kept) in [(89, true), (91, false)] {
        moved.store(days * 86_400, Ordering::SeqCst);
        let reopened = OpenDesk::open_with(&profile, |settings| settings.clock = clock()).await?;
        reopened
            .sign_in(exchange.manager.office, &exchange.manager.accounts)
            .await?;
        let again = reopened.desk.open_resend(request()).await;
        match kept {
            true => {
                let view = again?;
                reopened.desk.discard_composition(view.id).await?;
            }
            false => assert_refused(again, ProblemCode::KeptCopyGone),
        }
        reopened.desk.shutdown().await;
    }
    assert!(names_in(&spool)?.is_empty(), "{:?}", names_in(&spool)?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_is_not_there_is_not_asked_for_at_every_edit() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    exchange.desk(at, "front").await?.desk.shutdown().await;
    let moved = Arc::new(AtomicI64::new(0));
    let clock = Arc::new(MovedClock(Arc::clone(&moved)));
    let desk = OpenDesk::open_with(&exchange.profile(at, "front"), |settings| settings.clock = clock).await?;
    desk.sign_in(at.office, &at.accounts).await?;
    let kind = ServiceKind::parse("11")?;
    let number = OfficeNumber::parse("9970109999")?;
    let (_, files) = unit_to(
        &exchange.folder("files")?,
        &mut Samples::new(15),
        "home_plan",
        Party::new(number, kind),
    )?;
    let view = desk.compose(CompositionMode::Compose, files).await?;
    let there = |view: &CompositionView| view.deliveries[0].on_exchange == desk_ipc::OnExchange::Yes;
    assert_eq!(view.deliveries[0].on_exchange, desk_ipc::OnExchange::No);
    exchange
        .register_office(Party::new(number, kind), "新しい事業所")
        .await?;
    let note = EditNote {
        composition: view.id,
        delivery: None,
        note: "メッセージ".to_owned(),
    };
    // What the exchange said a moment ago stands for a minute; then it is asked again.
    assert!(!there(&desk.desk.edit_note(note).await?));
    moved.store(61, Ordering::SeqCst);
    let known = desk.desk.composition(view.id).await?;
    assert!(there(&known) && known.can_send, "{known:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_kept_from_the_end_of_its_delivery_not_from_the_day_it_was_wanted() -> Result<()> {
    let mut exchange = ExampleExchange::start().await?;
    let manager = exchange.desk(&exchange.manager, "front").await?;
    let service = exchange.desk(&exchange.service, "front").await?;
    let (_, paths) = unit(&exchange.folder("files")?, 14, "home_plan")?;
    let view = manager.compose(CompositionMode::Compose, paths).await?;
    exchange.stop().await;
    manager.start_sending(view.id).await?;
    let delivery = only(&manager.desk.sending(view.id).await?.deliveries)?.delivery;
    manager.desk.shutdown().await;
    service.desk.shutdown().await;

    // The exchange is away for five weeks; then it is sent and fetched on one day.
    let weeks_later = 35 * 86_400;
    exchange.move_clock(TimeDelta::seconds(weeks_later));
    exchange.restart().await?;
    let moved = Arc::new(AtomicI64::new(weeks_later));
    let open = async |at: &ExampleAccounts| {
        let clock = Arc::new(MovedClock(Arc::clone(&moved)));
        let desk = OpenDesk::open_with(&exchange.profile(at, "front"), |settings| settings.clock = clock).await?;
        desk.sign_in(at.office, &at.accounts).await?;
        anyhow::Ok(desk)
    };
    let manager = open(&exchange.manager).await?;
    let sent = manager.sent(view.id).await?;
    assert_eq!(sent.sent, 1, "{sent:?}");
    let service = open(&exchange.service).await?;
    service.arrived(&[delivery]).await?;
    service.receive(&[delivery], &exchange.folder("received")?).await?;
    manager.desk.refresh(()).await?;
    manager
        .outbox_row(delivery, |row| {
            matches!(row.status, desk_ipc::OutboxStatus::Downloaded { .. })
        })
        .await?;
    manager.desk.shutdown().await;

    // Sixty days after its end, which is ninety-five after it was wanted, the copy is still there; then it goes.
    for (days, kept) in [(60, true), (91, false)] {
        moved.store(weeks_later + days * 86_400, Ordering::SeqCst);
        let reopened = open(&exchange.manager).await?;
        let again = reopened.desk.open_resend(DeliveryRequest { delivery }).await;
        match kept {
            true => {
                let view = again?;
                reopened.desk.discard_composition(view.id).await?;
            }
            false => assert_refused(again, ProblemCode::KeptCopyGone),
        }
        reopened.desk.shutdown().await;
    }
    Ok(())
}

fn paste(files: &[(&str, &[u8])]) -> PastedFiles {
    use base64::Engine as _;
    let files = files.iter().map(|(name, bytes)| PastedFile {
        name: (*name).to_owned(),
        base64: base64::engine::general_purpose::STANDARD.encode(bytes),
    });
    PastedFiles { files: files.collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn pasted_files_are_added_like_dropped_ones() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager.desk;
    let (made, _) = unit(&files, 5, "home_schedule")?;
    let mut pasted: Vec<(&str, &[u8])> = made
        .files
        .iter()
        .map(|file| (file.name.as_str(), file.bytes.as_slice()))
        .collect();
    pasted.push(("image.png", b"\x89PNG\r\n\x1a\n...."));
    std::fs::remove_dir_all(&files)?;
    let drop = desk.paste_files(paste(&pasted)).await?;
    assert_eq!(drop.files.len(), pasted.len());
    assert!(drop.files.iter().all(|file| file.size_bytes > 0));
    let start = ComposeStart {
        mode: CompositionMode::Compose,
        drop: Some(drop.id),
    };
    let view = desk.open_composition(start).await?;
    assert!(
        view.can_send && view.deliveries[0].files.len() == pasted.len(),
        "{view:?}"
    );
    offices.manager.start_sending(view.id).await?;
    assert_eq!(offices.manager.sent(view.id).await?.sent, 1);
    let many = vec![("a.txt", b"text".as_slice()); limits::PASTED_FILES_MAX + 1];
    assert_refused(desk.paste_files(paste(&many)).await, ProblemCode::PasteTooLarge);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_send_and_a_new_person_are_asked_about_once() -> Result<()> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("files")?;
    let desk = &offices.manager;
    let mut asked = Vec::new();
    for seed in [10, 10, 11] {
        let folder = files.join(asked.len().to_string());
        let (_, paths) = unit_to(&folder, &mut Samples::new(seed), "home_schedule", HOME_HELP.party()?)?;
        let view = desk.compose(CompositionMode::Compose, paths).await?;
        asked.push((codes(&view), view.deliveries[0].sent_before.is_some()));
        desk.start_sending(view.id).await?;
        desk.sent(view.id).await?;
    }
    let of = |codes: &[&str], sent_before| (codes.iter().map(|code| (*code).to_owned()).collect(), sent_before);
    assert_eq!(asked[..2], [of(&["first_send"], false), of(&[], true)]);
    // Other people: each file that holds them would say so; it is said once.
    assert_eq!(asked[2], of(&["recipient_new"], false));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_upload_is_cancelled_before_its_commit_or_not_at_all() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("files")?;
    let desk = &offices.manager;
    let (_, mut paths) = unit(&files, 12, "home_plan")?;
    paths.push(pdf(&files, "大きい.pdf", 30_000_000)?);
    let view = desk.compose(CompositionMode::Compose, paths.clone()).await?;
    let delivery = view.deliveries[0].delivery;
    let request = || DeliveryRequest { delivery };
    // The line stands still once some of it has gone.
    exchange.line.delay(std::time::Duration::from_millis(40));
    desk.start_sending(view.id).await?;
    let mut events = desk.desk.events();
    while !matches!(
        events.recv().await?,
        desk_ipc::DeskEvent::Progress { done_bytes, .. } if done_bytes > 0
    ) {}
    desk.desk.cancel_send(request()).await?;
    exchange.line.delay(std::time::Duration::ZERO);
    let view = desk.sent(view.id).await?;
    assert_eq!(only(&view.deliveries)?.state, desk_ipc::SendStateView::Cancelled);
    offices.service.desk.refresh(()).await?;
    let rows = offices.service.desk.inbox(desk_ipc::ListRequest::first()).await?.rows;
    assert!(rows.is_empty(), "{rows:?}");
    // It can be begun anew from the kept copy, and what was sent is not cancelled any more.
    let again = desk.desk.open_resend(request()).await?;
    assert!(again.can_send && again.deliveries[0].sent_before.is_none());
    desk.start_sending(again.id).await?;
    let sent = desk.sent(again.id).await?;
    let id = only(&sent.deliveries)?.delivery;
    assert_eq!((sent.sent, id == delivery), (1, false));
    let refused = desk.desk.cancel_send(DeliveryRequest { delivery: id }).await;
    assert_refused(refused, ProblemCode::SendUnsettled);
    offices.service.arrived(&[id]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_cannot_be_stored_changes_nothing() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, desk) = (&offices.exchange, &offices.manager);
    let (_, paths) = unit(&exchange.folder("files")?, 14, "home_plan")?;
    let view = desk.compose(CompositionMode::Compose, paths).await?;
    let delivery = view.deliveries[0].delivery;
    exchange.line.set_away(true);
    // No connection is left on which a request could be lost: what is tried now is known not to have left.
    while !matches!(desk.desk.refresh(()).await, Err(error) if error.code == ProblemCode::ServerUnreachable) {}
    desk.start_sending(view.id).await?;
    let beside = database(&exchange.profile(&exchange.manager, "front")).await?;
    sqlx::raw_sql("CREATE TRIGGER broken BEFORE UPDATE ON outgoing BEGIN SELECT RAISE(ABORT, 'broken'); END")
        .execute(&beside)
        .await?;
    // A try that was begun before may still be under way: it can't be cancelled. Its end can't be stored, so no hint
    // tells of it.
    let refused = loop {
        let refused = desk.desk.cancel_send(DeliveryRequest { delivery }).await;
        if !matches!(&refused, Err(error) if error.code == ProblemCode::SendUnsettled) {
            break refused;
        }
    };
    assert_refused(refused, ProblemCode::ProfileUnusable);
    sqlx::raw_sql("DROP TRIGGER broken").execute(&beside).await?;
    beside.close().await;
    exchange.line.set_away(false);
    assert_eq!(desk.sent(view.id).await?.sent, 1);
    offices.service.arrived(&[delivery]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_upload_is_not_cancelled_once_its_commit_was_asked_for() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, desk) = (&offices.exchange, &offices.manager);
    let beside = exchange.terminal(&exchange.manager, "相談室").await?;
    let (_, mut paths) = unit(&exchange.folder("files")?, 13, "home_plan")?;
    paths.push(pdf(&exchange.folder("files")?, "大きい.pdf", 9_000_000)?);
    let view = desk.compose(CompositionMode::Compose, paths).await?;
    let delivery = view.deliveries[0].delivery;
    let request = || DeliveryRequest { delivery };
    let move_licence = async |by| -> Result<()> {
        exchange.set_licence(exchange.manager.office, by).await?;
        // The server sees a moment later what the operator did beside it.
        while (beside.me().await?.licence.until > chrono::Utc::now()) != (by > chrono::TimeDelta::zero()) {}
        Ok(())
    };
    // The licence ends between the first byte and the commit: every byte is there, and nothing is accepted.
    let mut events = desk.desk.events();
    exchange.line.delay(std::time::Duration::from_millis(40));
    desk.start_sending(view.id).await?;
    while !matches!(
        events.recv().await?,
        desk_ipc::DeskEvent::Progress { done_bytes, .. } if done_bytes > 0
    ) {}
    move_licence(chrono::TimeDelta::days(-1)).await?;
    exchange.line.delay(std::time::Duration::ZERO);
    let refused = desk.sent(view.id).await?;
    assert!(matches!(
        &only(&refused.deliveries)?.state,
        desk_ipc::SendStateView::Held { problem } if problem.code == ProblemCode::LicenceExpired
    ));
    move_licence(chrono::TimeDelta::days(30)).await?;
    // The second try has nothing left to read, and its commit goes wrong in a way that says nothing.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(exchange.folder("exchange")?.join("exchange.db"));
    let database = sqlx::SqlitePool::connect_with(options).await?;
    sqlx::raw_sql("CREATE TRIGGER broken BEFORE INSERT ON delivery BEGIN SELECT RAISE(ABORT, 'broken'); END")
        .execute(&database)
        .await?;
    desk.desk.retry_send(request()).await?;
    desk.when(async || {
        let sending = desk.desk.sending(view.id).await?;
        let tried = matches!(
            only(&sending.deliveries)?.state,
            desk_ipc::SendStateView::Queued {
                waiting_for: Some(desk_ipc::WaitReason::Server),
                ..
            }
        );
        Ok(tried.then_some(()))
    })
    .await?;
    assert_refused(desk.desk.cancel_send(request()).await, ProblemCode::SendUnsettled);
    sqlx::raw_sql("DROP TRIGGER broken").execute(&database).await?;
    database.close().await;
    assert_eq!(desk.sent(view.id).await?.sent, 1);
    offices.service.arrived(&[delivery]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn offices_are_searched_with_the_last_exchange() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.manager.desk;
    let search = |text: &str| desk_ipc::OfficeSearch {
        text: text.to_owned(),
        kind: None,
        after: None,
    };
    let found = desk.search_offices(search("例示")).await?;
    let [hit] = found.offices.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((hit.office.name.as_str(), hit.last_exchange), (HOME_HELP.name, None));
    assert_eq!(hit.office.telephone.as_deref(), Some(HOME_HELP.telephone));
    let (_, row) = offices.send_plan(20, Vec::new()).await?;
    desk.refresh(()).await?;
    let found = desk.search_offices(search(HOME_HELP.number)).await?;
    assert_eq!(found.offices[0].last_exchange, Some(row.at));
    let text = "あ".repeat(limits::SEARCH_CHARS_MAX);
    assert!(desk.search_offices(search(&text)).await?.offices.is_empty());
    let refused = desk.search_offices(search(&format!("{text}あ"))).await;
    assert_refused(refused, ProblemCode::SearchTooLong);
    offices.exchange.line.set_away(true);
    assert!(desk.search_offices(search("例示")).await.is_err());
    Ok(())
}
