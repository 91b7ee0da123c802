//! 受信一覧 and 送信一覧 of many rows: windows, search, filters, selections, marks, details, CSV.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context, Result};
use care_model::{DeliveryId, Digest, ProblemCode, limits};
use desk_ipc::{
    ATTACHMENTS_ALONE, CompositionMode, DeliveryDetail, DeskCommands, DetailEvent, DetailRequest, EditNote,
    ImportedMark, InboxView, ListExport, ListName, ListQuery, ListRange, ListRequest, OutboxStatus, SortColumn,
};
use test_support::{CARE_MANAGEMENT, HOME_HELP, OpenDesk};

use crate::support::{Offices, assert_refused, names_in, only, pdf, pick_up, unit};

/// Sends one unit with a note, and waits until the other office sees it with its note.
async fn send(offices: &Offices, seed: u64, id: &str, note: &str, extra: Vec<PathBuf>) -> Result<DeliveryId> {
    let folder = offices.exchange.folder(&format!("files-{seed}"))?;
    let (_, mut paths) = unit(&folder, seed, id)?;
    paths.extend(extra);
    let manager = &offices.manager;
    let view = manager.compose(CompositionMode::Compose, paths).await?;
    let edit = EditNote {
        composition: view.id,
        delivery: Some(view.deliveries[0].delivery),
        note: note.to_owned(),
    };
    manager.desk.edit_note(edit).await?;
    manager.start_sending(view.id).await?;
    let delivery = only(&manager.sent(view.id).await?.deliveries)?.delivery;
    offices
        .service
        .when(async || {
            let rows = offices.service.desk.inbox(ListRequest::first()).await?.rows;
            let read = rows.iter().any(|row| row.delivery == delivery && row.note.is_some());
            Ok(read.then_some(()))
        })
        .await?;
    Ok(delivery)
}

fn request(query: ListQuery) -> ListRequest {
    ListRequest {
        query,
        ..ListRequest::first()
    }
}

fn text(text: &str) -> ListQuery {
    ListQuery {
        text: text.to_owned(),
        ..ListQuery::default()
    }
}

fn ids(view: &InboxView) -> Vec<DeliveryId> {
    view.rows.iter().map(|row| row.delivery).collect()
}

async fn found(desk: &OpenDesk, query: ListQuery) -> Result<Vec<DeliveryId>> {
    Ok(ids(&desk.desk.inbox(request(query)).await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_types_and_chooses_is_found() -> Result<()> {
    let offices = Offices::open().await?;
    let memo = pdf(&offices.exchange.folder("files")?, "訪問記録ﾒﾓ.pdf", 100)?;
    let plan = send(&offices, 100, "home_plan", "デイの時間が変わります。", vec![memo]).await?;
    let schedule = send(&offices, 101, "home_schedule", "よろしくお願いします。", Vec::new()).await?;
    let service = &offices.service;
    let all = service.desk.inbox(ListRequest::first()).await?;
    assert_eq!((all.total, all.matching, all.open), (2, 2, 2));
    assert_eq!(ids(&all), [schedule, plan], "newest first");

    let cases: &[(&str, &[DeliveryId])] = &[
        ("でい", &[plan]),
        ("ﾃﾞｲ 変わり", &[plan]),
        ("ヒョウ", &[]),
        ("訪問記録メモ", &[plan]),
        (CARE_MANAGEMENT.number, &[schedule, plan]),
        (CARE_MANAGEMENT.name, &[schedule, plan]),
        ("2026年4月", &[schedule]),
        ("202604", &[schedule]),
        ("提供票", &[schedule]),
        ("提供票 お願い", &[schedule]),
        ("提供票 デイ", &[]),
        ("見つからない", &[]),
    ];
    for (typed, expected) in cases {
        assert_eq!(found(service, text(typed)).await?, *expected, "{typed}");
    }
    let unit_of = |unit: &str| ListQuery {
        unit: Some(unit.to_owned()),
        ..ListQuery::default()
    };
    assert_eq!(found(service, unit_of("home_plan")).await?, [plan]);
    assert!(found(service, unit_of(ATTACHMENTS_ALONE)).await?.is_empty());
    let office = |number: &str| -> Result<ListQuery> {
        Ok(ListQuery {
            office: Some(care_model::OfficeNumber::parse(number)?),
            ..ListQuery::default()
        })
    };
    assert_eq!(found(service, office(CARE_MANAGEMENT.number)?).await?.len(), 2);
    assert!(found(service, office(HOME_HELP.number)?).await?.is_empty());
    let oldest = ListQuery {
        ascending: true,
        ..ListQuery::default()
    };
    assert_eq!(found(service, oldest).await?, [plan, schedule]);

    // What was fetched is not open any more, and stands behind by status.
    let target = offices.exchange.folder("received")?;
    pick_up(service, schedule, &target).await??;
    let open = ListQuery {
        only_open: true,
        ..ListQuery::default()
    };
    assert_eq!(found(service, open).await?, [plan]);
    let by_status = ListQuery {
        sort: SortColumn::Status,
        ascending: true,
        ..ListQuery::default()
    };
    assert_eq!(found(service, by_status).await?, [plan, schedule]);
    assert_eq!(service.desk.home(()).await?.figures.waiting, 1);

    let choices = service.desk.list_choices(ListName::Inbox).await?;
    assert_eq!(only_one(&choices.offices)?.name, CARE_MANAGEMENT.name);
    let units: BTreeSet<&str> = choices.units.iter().map(|unit| unit.id.as_str()).collect();
    assert_eq!(units, BTreeSet::from(["home_plan", "home_schedule"]));

    // The sender searches what it wrote itself.
    let sent = offices.manager.desk.outbox(request(text("時間 ヘルパー"))).await?;
    assert_eq!((sent.total, sent.matching), (2, 1));
    let row = &sent.rows[0];
    assert_eq!(
        (row.delivery, row.note.as_str(), row.can_resend),
        (plan, "デイの時間が変わります。", true)
    );
    assert!(row.serial.is_some());
    Ok(())
}

fn only_one<T>(items: &[T]) -> Result<&T> {
    match items {
        [item] => Ok(item),
        items => anyhow::bail!("{} instead of one", items.len()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_and_ranges_keep_their_limits() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.service.desk;
    let window = |count| ListRequest {
        count,
        ..ListRequest::default()
    };
    assert!(desk.inbox(window(limits::WINDOW_ROWS_MAX)).await?.rows.is_empty());
    let over = window(limits::WINDOW_ROWS_MAX + 1);
    assert_refused(desk.inbox(over.clone()).await, ProblemCode::RequestMalformed);
    assert_refused(desk.outbox(over).await, ProblemCode::RequestMalformed);
    let long = text(&"あ".repeat(limits::SEARCH_CHARS_MAX + 1));
    assert_refused(desk.inbox(request(long)).await, ProblemCode::SearchTooLong);
    let range = |count| ListRange {
        list: ListName::Inbox,
        query: ListQuery::default(),
        from: 0,
        count,
    };
    assert!(
        desk.list_ids(range(limits::SELECTED_ROWS_MAX))
            .await?
            .deliveries
            .is_empty()
    );
    let refused = desk.list_ids(range(limits::SELECTED_ROWS_MAX + 1)).await;
    assert_refused(refused, ProblemCode::SelectionTooLarge);
    let mark = |count: u32| ImportedMark {
        deliveries: (0..count).map(|_| DeliveryId::generate()).collect(),
        imported: true,
    };
    let refused = desk.mark_imported(mark(limits::SELECTED_ROWS_MAX + 1)).await;
    assert_refused(refused, ProblemCode::SelectionTooLarge);
    assert_refused(desk.mark_imported(mark(1)).await, ProblemCode::DeliveryUnknown);
    assert!(desk.mark_imported(mark(0)).await.is_ok());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_go_by_rising_serial_and_marks_outlive_a_restart() -> Result<()> {
    let mut offices = Offices::open().await?;
    let mut serials = Vec::new();
    for seed in [110, 111, 112] {
        let (_, row) = offices.send_plan(seed, Vec::new()).await?;
        serials.push((row.serial, row.delivery));
    }
    serials.sort();
    let [first, second, third] = [0, 1, 2].map(|place: usize| serials[place].1);
    let mark = |deliveries: &[DeliveryId], imported| ImportedMark {
        deliveries: deliveries.to_vec(),
        imported,
    };
    let service = &offices.service;
    let refused = service.desk.mark_imported(mark(&[first], true)).await;
    assert_refused(refused, ProblemCode::DeliveryUnknown);
    let target = offices.exchange.folder("received")?;
    service.receive(&[first, second], &target).await?;
    // A received one and one that was not: none is marked.
    let refused = service.desk.mark_imported(mark(&[first, third], true)).await;
    assert_refused(refused, ProblemCode::DeliveryUnknown);
    let before = async |desk: &OpenDesk, delivery| -> Result<(u32, bool)> {
        let rows = desk.desk.inbox(ListRequest::first()).await?.rows;
        let row = rows
            .into_iter()
            .find(|row| row.delivery == delivery)
            .context("no row")?;
        Ok((row.import_before, row.imported_at.is_some()))
    };
    assert_eq!(before(service, first).await?, (0, false));
    assert_eq!(before(service, second).await?, (1, false));
    assert_eq!(before(service, third).await?, (2, false));
    service.desk.mark_imported(mark(&[first], true)).await?;
    assert_eq!(before(service, first).await?, (0, true));
    assert_eq!(before(service, second).await?, (0, false));
    assert_eq!(before(service, third).await?, (1, false));

    service.desk.shutdown().await;
    let again = &offices.exchange.service;
    let reopened = OpenDesk::open(&offices.exchange.profile(again, "front")).await?;
    reopened.sign_in(again.office, &again.accounts).await?;
    assert_eq!(before(&reopened, first).await?, (0, true));
    reopened.desk.mark_imported(mark(&[first], false)).await?;
    assert_eq!(before(&reopened, second).await?, (1, false));
    offices.service = reopened;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_details_say_what_was_sent_and_what_happened() -> Result<()> {
    let offices = Offices::open().await?;
    let folder = offices.exchange.folder("files")?;
    let memo = pdf(&folder, "記録. .pdf", 100)?;
    let digest = Digest::of(&std::fs::read(&memo)?).to_string();
    let delivery = send(&offices, 120, "home_plan", "ご確認ください。", vec![memo]).await?;
    let detail = async |desk: &OpenDesk, list| desk.desk.delivery_detail(DetailRequest { list, delivery }).await;
    let events = |detail: &DeliveryDetail| detail.times.iter().map(|time| time.what).collect::<Vec<_>>();
    let here = detail(&offices.service, ListName::Inbox).await?;
    assert_eq!(events(&here), [DetailEvent::Accepted]);
    assert_eq!(here.office.name, CARE_MANAGEMENT.name);
    assert_eq!(here.note.as_deref(), Some("ご確認ください。"));
    let attachment = here
        .files
        .iter()
        .find(|file| file.attachment)
        .context("no attachment")?;
    assert_eq!(attachment.name.as_deref(), Some("記録. .pdf"));
    assert_eq!((&attachment.digest, &attachment.saved_as), (&digest, &None));
    assert!(!here.files[0].attachment && !here.files[0].kind_name.is_empty());

    let target = offices.exchange.folder("received")?;
    pick_up(&offices.service, delivery, &target).await??;
    let mark = ImportedMark {
        deliveries: vec![delivery],
        imported: true,
    };
    offices.service.desk.mark_imported(mark).await?;
    let here = detail(&offices.service, ListName::Inbox).await?;
    assert_eq!(
        events(&here),
        [DetailEvent::Accepted, DetailEvent::Received, DetailEvent::Imported]
    );
    assert_eq!(here.times[1].terminal_name.as_deref(), Some("front"));
    assert_eq!(here.folder_name.as_ref(), names_in(&target)?.first());
    let downloaded = |row: &desk_ipc::OutboxRow| matches!(row.status, OutboxStatus::Downloaded { .. });
    offices.manager.outbox_row(delivery, downloaded).await?;
    let there = detail(&offices.manager, ListName::Outbox).await?;
    assert_eq!(
        events(&there),
        [DetailEvent::Queued, DetailEvent::Accepted, DetailEvent::Received]
    );
    assert_eq!((&there.note, &there.size_bytes), (&here.note, &here.size_bytes));
    let digests = |detail: &DeliveryDetail| detail.files.iter().map(|file| file.digest.clone()).collect::<Vec<_>>();
    assert_eq!(digests(&there), digests(&here));
    let unknown = DetailRequest {
        list: ListName::Outbox,
        delivery: DeliveryId::generate(),
    };
    assert_refused(
        offices.manager.desk.delivery_detail(unknown).await,
        ProblemCode::DeliveryUnknown,
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_written_as_csv_where_a_person_chose() -> Result<()> {
    let offices = Offices::open().await?;
    send(&offices, 130, "home_plan", "=HYPERLINK(\"x\")\n\"急ぎ\"", Vec::new()).await?;
    send(&offices, 131, "home_schedule", "別の便", Vec::new()).await?;
    let folder = offices.exchange.folder("lists")?;
    let path = folder.join("受信.csv");
    let service = &offices.service;
    let export = |list, query| ListExport { list, query };
    // Cancelled.
    let cancelled = service
        .desk
        .export_list(export(ListName::Inbox, ListQuery::default()))
        .await?;
    assert!(cancelled.is_none() && names_in(&folder)?.is_empty());
    service.surface.answer_save(&path);
    let saved = service.desk.export_list(export(ListName::Inbox, text("急ぎ"))).await?;
    let saved = saved.context("not saved")?;
    assert_eq!((saved.name.as_str(), saved.rows), ("受信.csv", Some(1)));
    let csv = std::fs::read_to_string(&path)?;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(
        lines[0].starts_with("\u{feff}\"受信日時\",\"送信元事業所番号\","),
        "{csv}"
    );
    assert!(lines[1].contains("\"'=HYPERLINK(\"\"x\"\")\n\"\"急ぎ\"\"\""), "{csv}");
    assert!(
        lines[1].contains(CARE_MANAGEMENT.name) && lines[1].contains("\"未取得\""),
        "{csv}"
    );
    assert_eq!(lines[2], "");

    let sent = folder.join("送信.csv");
    offices.manager.surface.answer_save(&sent);
    let saved = offices
        .manager
        .desk
        .export_list(export(ListName::Outbox, ListQuery::default()))
        .await?;
    assert_eq!(saved.context("not saved")?.rows, Some(2));
    assert!(std::fs::read_to_string(&sent)?.contains("\"別の便\""));
    assert_eq!(names_in(&folder)?.len(), 2, "nothing half is left");

    service.surface.answer_save(&folder.join("away").join("受信.csv"));
    let refused = service
        .desk
        .export_list(export(ListName::Inbox, ListQuery::default()))
        .await;
    assert_refused(refused, ProblemCode::SaveFailed);
    Ok(())
}
