//! Partners that are not on the exchange: printed for fax in the run of a 一括送信, and recorded as such.

use std::path::PathBuf;

use anyhow::{Context, Result};
use care_model::{DeliveryId, OfficeNumber, Party, ProblemCode, ServiceKind, limits};
use care_samples::Samples;
use desk_ipc::{
    AttachFiles, BoardQuery, BoardRequest, CompositionMode, CompositionView, DeliveryRequest, DeskCommands,
    DetailEvent, DetailRequest, EditNote, FAX_SHEETS_MAX, FaxRequest, FaxView, FaxedMark, ListExport, ListName,
    ListQuery, ListRequest, OnExchange, OutboxRow, OutboxStatus, PlannedView, SendStart, SendStateView, SettingsEdit,
};
use test_support::{CARE_MANAGEMENT, HOME_HELP, OpenDesk};

use crate::support::{Offices, assert_refused, codes, edit, names_in, only, pdf, unit_to};

/// An office that nobody registered.
fn stranger() -> Result<Party> {
    Ok(Party::new(
        OfficeNumber::parse("9970109999")?,
        ServiceKind::parse("11")?,
    ))
}

/// The schedule of a month for the helpers and for the stranger.
fn schedules(offices: &Offices, seed: u64) -> Result<Vec<PathBuf>> {
    let files = offices.exchange.folder("files")?;
    let mut samples = Samples::new(seed);
    let known = unit_to(&files, &mut samples, "home_schedule", HOME_HELP.party()?)?.1;
    let unknown = unit_to(&files, &mut samples, "home_schedule", stranger()?)?.1;
    Ok([known, unknown].concat())
}

/// The row that is to be printed.
fn paper(view: &CompositionView) -> Result<&PlannedView> {
    let mut rows = view.deliveries.iter().filter(|planned| planned.on_paper);
    rows.next().context("nothing is to be printed")
}

/// 一括送信, with what is shown as to be printed agreed to.
fn agreed(view: &CompositionView) -> SendStart {
    let on_paper = view.deliveries.iter().filter(|planned| planned.on_paper);
    SendStart {
        composition: view.id,
        confirmed: true,
        on_paper: on_paper.map(|planned| planned.delivery).collect(),
    }
}

async fn sheets(desk: &OpenDesk, delivery: DeliveryId) -> Result<FaxView> {
    Ok(desk.desk.fax_sheets(FaxRequest { delivery, from: 0 }).await?)
}

async fn row(desk: &OpenDesk, delivery: DeliveryId) -> Result<OutboxRow> {
    desk.outbox_row(delivery, |_| true).await
}

/// Every word of a sheet, line by line.
fn written(view: &FaxView, place: usize) -> String {
    let rows = view.sheets[place].form.parts.iter().flat_map(|part| &part.rows);
    let cells: Vec<&str> = rows.flatten().map(|cell| cell.text.as_str()).collect();
    cells.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_sends_what_can_be_sent_and_puts_the_rest_on_paper() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.manager;
    let view = desk.compose(CompositionMode::Dispatch, schedules(&offices, 1)?).await?;
    let planned = paper(&view)?;
    assert_eq!((planned.on_exchange, planned.blocked), (OnExchange::No, false));
    // The directory knows no name; the records do.
    assert_eq!(planned.to.name, HOME_HELP.name, "{planned:?}");
    assert!(view.can_send && view.needs_confirmation && codes(&view).iter().all(|code| code != "destination_unknown"));
    let unconfirmed = SendStart {
        confirmed: false,
        ..agreed(&view)
    };
    assert_refused(
        desk.desk.send_composition(unconfirmed).await,
        ProblemCode::ConfirmationNeeded,
    );
    let delivery = planned.delivery;
    desk.desk.send_composition(agreed(&view)).await?;
    let sent = desk.sent(view.id).await?;
    assert_eq!((sent.sent, sent.on_paper, sent.held), (1, 1, 0), "{sent:?}");
    // A second click prints and sends nothing more.
    assert_eq!(desk.desk.send_composition(agreed(&view)).await?.deliveries.len(), 2);
    let receiver = offices.exchange.terminal(&offices.exchange.service, "数える").await?;
    assert_eq!(receiver.inbox(0, limits::PAGE_ROWS_MAX).await?.rows.len(), 1);

    let on_paper = |row: &OutboxRow| match &row.status {
        OutboxStatus::OnPaper { by, faxed_at } => {
            assert_eq!(by.as_deref(), Some(CARE_MANAGEMENT.person_name));
            Some(faxed_at.is_some())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(on_paper(&row(desk, delivery).await?), Some(false));
    let figures = desk.desk.home(()).await?.figures;
    assert_eq!((figures.unsent, figures.not_downloaded), (0, 1));
    let first = sheets(desk, delivery).await?;
    assert_eq!(first.count as usize, first.sheets.len());
    assert!(first.left_out.is_empty(), "{:?}", first.left_out);
    // The cover first; then the forms by the name that the other side has for them, each saying which it is.
    let cover = written(&first, 0);
    for said in [
        HOME_HELP.name,
        "9970109999",
        CARE_MANAGEMENT.name,
        "サービス提供票・別表",
    ] {
        assert!(cover.contains(said), "{said}: {cover}");
    }
    let titles: Vec<&str> = first.sheets[1..]
        .iter()
        .map(|sheet| sheet.form.title.as_str())
        .collect();
    assert_eq!(
        titles.iter().filter(|title| title.contains("提供票")).count(),
        4,
        "{titles:?}"
    );
    assert!(titles.iter().all(|title| !title.contains("利用票")), "{titles:?}");
    for (place, sheet) in first.sheets.iter().enumerate() {
        let which = format!("{}／{}", place + 1, first.count);
        assert!(
            sheet.line.contains(HOME_HELP.name) && sheet.line.ends_with(&which),
            "{}",
            sheet.line
        );
    }
    // From a place on the rest is the same; behind the last there is nothing.
    let rest = |from| desk.desk.fax_sheets(FaxRequest { delivery, from });
    assert_eq!(rest(2).await?.sheets, first.sheets[2..]);
    assert!(rest(first.count).await?.sheets.is_empty());
    assert!(first.sheets.len() <= FAX_SHEETS_MAX);

    // The process ends; what is on paper is there, prints again, and is marked by a person alone.
    desk.desk.shutdown().await;
    let reopened = OpenDesk::open(&offices.exchange.profile(&offices.exchange.manager, "front")).await?;
    let manager = &offices.exchange.manager;
    reopened.sign_in(manager.office, &manager.accounts).await?;
    let again = sheets(&reopened, delivery).await?;
    assert_eq!(again.sheets[1..], first.sheets[1..]);
    let mark = |faxed| reopened.desk.mark_faxed(FaxedMark { delivery, faxed });
    mark(true).await?;
    assert_eq!(on_paper(&row(&reopened, delivery).await?), Some(true));
    let detail = DetailRequest {
        list: ListName::Outbox,
        delivery,
    };
    let times = reopened.desk.delivery_detail(detail).await?.times;
    let events: Vec<DetailEvent> = times.iter().map(|time| time.what).collect();
    assert_eq!(events, [DetailEvent::Queued, DetailEvent::OnPaper, DetailEvent::Faxed]);
    mark(false).await?;
    assert_eq!(on_paper(&row(&reopened, delivery).await?), Some(false));
    // It is found by what it is, and counted at its office as nothing that was sent.
    let query = ListQuery {
        text: "fax".to_owned(),
        ..ListQuery::default()
    };
    let found = ListRequest {
        query: query.clone(),
        ..ListRequest::first()
    };
    assert_eq!(reopened.desk.outbox(found).await?.rows.len(), 1);
    let target = offices.exchange.folder("saved")?.join("list.csv");
    reopened.surface.answer_save(&target);
    let list = ListName::Outbox;
    reopened.desk.export_list(ListExport { list, query }).await?;
    assert!(std::fs::read_to_string(&target)?.contains("FAX用（未送信）"));
    let board = BoardRequest {
        query: BoardQuery {
            month: Some(care_model::ServiceMonth::parse("202604")?),
            ..BoardQuery::default()
        },
        from: 0,
        count: 10,
    };
    let board = reopened.desk.board(board).await?;
    let of_stranger = board
        .rows
        .iter()
        .find(|row| row.office.number == stranger().unwrap().office);
    let of_stranger = of_stranger.context("a row of the board")?;
    assert_eq!(
        (of_stranger.on_paper, of_stranger.sent.all, of_stranger.unsent),
        (1, 0, 0)
    );
    assert!(of_stranger.actuals_in.missing.is_empty() && of_stranger.last_at.is_none());
    assert_eq!(board.sums.sent.all, 1);
    // Neither does it go, nor is it called off.
    for refused in [
        reopened.desk.retry_send(DeliveryRequest { delivery }).await,
        reopened.desk.cancel_send(DeliveryRequest { delivery }).await,
        reopened.desk.recall_send(DeliveryRequest { delivery }).await,
    ] {
        assert!(refused.is_err());
    }
    assert_eq!(receiver.inbox(0, limits::PAGE_ROWS_MAX).await?.rows.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_joined_meanwhile_is_sent_data_and_asked_about_first() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.manager;
    let view = desk.compose(CompositionMode::Dispatch, schedules(&offices, 2)?).await?;
    let delivery = paper(&view)?.delivery;
    offices.exchange.register_office(stranger()?, "新しい事業所").await?;
    assert_refused(
        desk.desk.send_composition(agreed(&view)).await,
        ProblemCode::DestinationChanged,
    );
    assert!(desk.desk.outbox(ListRequest::first()).await?.rows.is_empty());
    let now = desk.desk.composition(view.id).await?;
    let planned = now.deliveries.iter().find(|planned| planned.delivery == delivery);
    let planned = planned.context("the row")?;
    assert_eq!((planned.on_exchange, planned.on_paper), (OnExchange::Yes, false));
    assert!(now.needs_confirmation && codes(&now).contains(&"first_send".to_owned()));
    desk.desk.send_composition(agreed(&now)).await?;
    let sent = desk.sent(view.id).await?;
    assert_eq!((sent.sent, sent.on_paper), (2, 0), "{sent:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_cannot_be_asked_about_is_not_taken_for_absent() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.manager;
    let files = schedules(&offices, 3)?;
    let known = desk.compose(CompositionMode::Dispatch, files.clone()).await?;
    paper(&known)?;
    // It was absent a moment ago. Where nobody can be asked any more, that is not enough for paper.
    offices.exchange.line.set_away(true);
    assert_refused(
        desk.desk.send_composition(agreed(&known)).await,
        ProblemCode::DestinationChanged,
    );
    let unknown = desk.desk.composition(known.id).await?;
    let checked = |planned: &&PlannedView| planned.to.number == stranger().unwrap().office;
    let planned = unknown.deliveries.iter().find(checked).context("the row")?;
    assert_eq!(
        (planned.on_exchange, planned.on_paper, planned.blocked),
        (OnExchange::Unchecked, false, false)
    );
    desk.desk.send_composition(agreed(&unknown)).await?;
    let delivery = planned.delivery;
    offices.exchange.line.set_away(false);
    // The exchange says that it is not there: it is held, and can go on paper from the list.
    let held = desk
        .outbox_row(delivery, |row| {
            let held = |sending: &SendStateView| matches!(sending, SendStateView::Held { problem } if problem.code == ProblemCode::DestinationUnknown);
            matches!(&row.status, OutboxStatus::Unsent { sending } if held(sending))
        })
        .await?;
    assert!(held.can_fax, "{held:?}");
    let request = || DeliveryRequest { delivery };
    assert_refused(
        desk.desk.fax_sheets(FaxRequest { delivery, from: 0 }).await,
        ProblemCode::DeliveryUnknown,
    );
    desk.desk.put_on_paper(request()).await?;
    let on_paper = row(desk, delivery).await?;
    let by = |row: &OutboxRow| match &row.status {
        OutboxStatus::OnPaper { by, .. } => by.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(by(&on_paper).as_deref(), Some(CARE_MANAGEMENT.person_name));
    assert!(sheets(desk, delivery).await?.count > 1);
    assert_refused(desk.desk.put_on_paper(request()).await, ProblemCode::DeliveryUnknown);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_with_it_is_on_the_cover_and_what_cannot_be_printed_is_said() -> Result<()> {
    let offices = Offices::open().await?;
    let (desk, files) = (&offices.manager, offices.exchange.folder("files")?);
    let mut samples = Samples::new(4);
    let paths = unit_to(&files, &mut samples, "home_plan", stranger()?)?.1;
    // 新規作成 has the same way out.
    let view = desk.compose(CompositionMode::Compose, paths).await?;
    let delivery = paper(&view)?.delivery;
    let drop = desk.desk.drop_files(vec![pdf(&files, "アセスメント.pdf", 200)?]).id;
    let attach = AttachFiles {
        composition: view.id,
        delivery,
        drop,
    };
    desk.desk.attach_files(attach).await?;
    let note = EditNote {
        composition: view.id,
        delivery: None,
        note: "ご確認をお願いします。".to_owned(),
    };
    let view = desk.desk.edit_note(note).await?;
    // Nobody who did not say so puts it on paper.
    let silent = SendStart {
        on_paper: Vec::new(),
        ..agreed(&view)
    };
    assert_refused(
        desk.desk.send_composition(silent).await,
        ProblemCode::CompositionBlocked,
    );
    desk.desk.send_composition(agreed(&view)).await?;
    let sent = desk.sent(view.id).await?;
    assert!(matches!(
        only(&sent.deliveries)?.state,
        SendStateView::OnPaper { faxed_at: None }
    ));
    let view = sheets(desk, delivery).await?;
    assert_eq!(view.left_out.len(), 1);
    let cover = written(&view, 0);
    for said in ["アセスメント.pdf", "ご確認をお願いします。"] {
        assert!(cover.contains(said), "{cover}");
    }
    // 再送 from there begins a new one, for an office that may have joined since.
    let again = desk.desk.open_resend(DeliveryRequest { delivery }).await?;
    assert!(again.deliveries[0].on_paper && again.deliveries[0].delivery != delivery);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_has_no_form_is_not_put_on_paper() -> Result<()> {
    let offices = Offices::open().await?;
    let (desk, files) = (&offices.manager, offices.exchange.folder("files")?);
    let mut samples = Samples::new(5);
    let broken = unit_to(&files, &mut samples, "home_schedule", stranger()?)?.1;
    std::fs::write(&broken[0], b"\xff\xfe1\0,\0")?;
    let deletion = unit_to(&files, &mut samples, "home_plan_delete", stranger()?)?.1;
    let view = desk
        .compose(CompositionMode::Dispatch, [broken, deletion].concat())
        .await?;
    assert_eq!(view.deliveries.len(), 2);
    assert!(
        view.deliveries
            .iter()
            .all(|planned| planned.blocked && !planned.on_paper)
    );
    for code in ["encoding_utf16", "destination_unknown"] {
        assert!(codes(&view).contains(&code.to_owned()), "{:?}", codes(&view));
    }
    assert!(!view.can_send);
    assert_refused(
        desk.desk.send_composition(agreed(&view)).await,
        ProblemCode::CompositionBlocked,
    );
    let many = SendStart {
        on_paper: (0..=limits::BULK_DELIVERIES_MAX)
            .map(|_| DeliveryId::generate())
            .collect(),
        ..agreed(&view)
    };
    assert_refused(desk.desk.send_composition(many).await, ProblemCode::RequestMalformed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_go_once_it_was_faxed_and_the_record_stays() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.manager;
    let paths = unit_to(
        &offices.exchange.folder("files")?,
        &mut Samples::new(6),
        "home_schedule",
        stranger()?,
    )?
    .1;
    let view = desk.compose(CompositionMode::Dispatch, paths).await?;
    let delivery = paper(&view)?.delivery;
    desk.desk.send_composition(agreed(&view)).await?;
    desk.desk.discard_composition(view.id).await?;
    let no_days = SettingsEdit {
        kept_days: 0,
        ..edit(&desk.desk.settings(()).await?)
    };
    desk.desk.change_settings(no_days).await?;
    // As long as it was not faxed it can be printed, whatever is set.
    assert!(row(desk, delivery).await?.can_fax);
    assert!(sheets(desk, delivery).await?.count > 1);
    let faxed = FaxedMark { delivery, faxed: true };
    desk.desk.mark_faxed(faxed).await?;
    let spool = offices
        .exchange
        .profile(&offices.exchange.manager, "front")
        .join("spool");
    desk.when(async || Ok(names_in(&spool)?.is_empty().then_some(())))
        .await?;
    let kept = row(desk, delivery).await?;
    assert!(!kept.can_fax && !kept.can_resend && kept.note.is_empty(), "{kept:?}");
    assert!(matches!(kept.status, OutboxStatus::OnPaper { faxed_at: Some(_), .. }));
    assert_refused(
        desk.desk.fax_sheets(FaxRequest { delivery, from: 0 }).await,
        ProblemCode::KeptCopyGone,
    );
    Ok(())
}
