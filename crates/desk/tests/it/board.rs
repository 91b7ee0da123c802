//! 事業所ごとの進み具合: what both sides see of a month while it goes on.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use care_model::{DeliveryId, Edition, ProblemCode, ServiceMonth, limits};
use care_samples::{Samples, Size, UnitRequest};
use chrono::{TimeDelta, Utc};
use desk_ipc::{
    BoardForm, BoardProgress, BoardQuery, BoardRequest, BoardSave, BoardView, BoardWay, CompositionMode,
    DeliveryRequest, DeskCommands,
};
use test_support::{CARE_MANAGEMENT, HOME_HELP, OpenDesk};

use crate::support::{Offices, assert_refused, names_in, only, unit};

/// The month of every sample.
const MONTH: &str = "202604";

fn of_month(text: &str) -> Result<BoardQuery> {
    Ok(BoardQuery {
        month: Some(ServiceMonth::parse(text)?),
        ..BoardQuery::default()
    })
}

fn request(query: BoardQuery) -> BoardRequest {
    BoardRequest {
        query,
        from: 0,
        count: limits::WINDOW_ROWS_MAX,
    }
}

async fn board(desk: &OpenDesk) -> Result<BoardView> {
    Ok(desk.desk.board(request(of_month(MONTH)?)).await?)
}

/// Sends a unit, and waits until it is in 受信一覧 of the other office.
async fn send(offices: &Offices, seed: u64, id: &str) -> Result<DeliveryId> {
    let folder = offices.exchange.folder(&format!("files-{seed}"))?;
    let (from, to, paths) = match id {
        "home_actual" => {
            let made = Samples::new(seed)
                .unit(&UnitRequest {
                    unit: id,
                    edition: Edition::V4,
                    from: HOME_HELP.party()?,
                    to: CARE_MANAGEMENT.party()?,
                    month: ServiceMonth::parse(MONTH)?,
                    size: Size::Recipients(2),
                })
                .map_err(|error| anyhow::anyhow!("{error}"))?;
            made.write_into(&folder)?;
            let paths = made.files.iter().map(|file| folder.join(file.name.as_str()));
            (&offices.service, &offices.manager, paths.collect())
        }
        id => (&offices.manager, &offices.service, unit(&folder, seed, id)?.1),
    };
    let sent = from.send_files(CompositionMode::Compose, paths).await?;
    let delivery = only(&sent.deliveries)?.delivery;
    to.arrived(&[delivery]).await?;
    // The sender's list knows it as the exchange does.
    from.outbox_row(delivery, |_| true).await?;
    Ok(delivery)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_goes_on_until_the_actuals_are_there() -> Result<()> {
    let offices = Offices::open().await?;
    let (manager, service) = (&offices.manager, &offices.service);
    let empty = board(manager).await?;
    assert_eq!((empty.total, empty.rows.len()), (0, 0));
    assert_eq!(empty.closing.closes_at.to_rfc3339(), "2026-05-10T08:15:00+00:00");

    let schedule = send(&offices, 300, "home_schedule").await?;
    let view = board(manager).await?;
    let row = view.rows.first().context("no row")?;
    assert_eq!(row.office.number.as_str(), HOME_HELP.number);
    assert_eq!(row.office.name, HOME_HELP.name);
    assert_eq!(row.sent, BoardWay { all: 1, open: 1 });
    let names: Vec<&str> = row.actuals_in.missing.iter().map(|kind| kind.name.as_str()).collect();
    assert_eq!(names, ["訪問介護"]);
    assert!(row.last_at.is_some() && view.months.contains(&ServiceMonth::parse(MONTH)?));
    let theirs = board(service).await?;
    let row = theirs.rows.first().context("no row")?;
    assert_eq!(row.office.name, CARE_MANAGEMENT.name);
    assert_eq!(row.received, BoardWay { all: 1, open: 1 });
    assert_eq!(theirs.sums.actuals_out, BoardProgress { offices: 1, done: 0 });

    // Fetched, and answered with 実績: nothing is left, and whoever wants only what is left sees nobody.
    service
        .receive(&[schedule], &offices.exchange.folder("received")?)
        .await?;
    let actuals = send(&offices, 301, "home_actual").await?;
    manager
        .receive(&[actuals], &offices.exchange.folder("actuals")?)
        .await?;
    let whole = BoardProgress { offices: 1, done: 1 };
    let none = BoardProgress::default();
    for (desk, delivery, progress) in [(manager, schedule, (whole, none)), (service, actuals, (none, whole))] {
        let fetched = |status: &desk_ipc::OutboxStatus| matches!(status, desk_ipc::OutboxStatus::Downloaded { .. });
        desk.outbox_row(delivery, |row| fetched(&row.status)).await?;
        let view = board(desk).await?;
        assert_eq!(view.sums.sent, BoardWay { all: 1, open: 0 });
        assert_eq!(view.sums.received, BoardWay { all: 1, open: 0 });
        assert_eq!((view.sums.actuals_in, view.sums.actuals_out), progress);
        let left = BoardQuery {
            only_open: true,
            ..of_month(MONTH)?
        };
        let left = desk.desk.board(request(left)).await?;
        assert_eq!((left.matching, left.total), (0, 1));
    }
    // Of another month there is nothing, and the office is there all the same.
    let other = manager.desk.board(request(of_month("202605")?)).await?;
    assert_eq!((other.sums.sent.all, other.total), (0, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_service_month_belongs_to_the_month_of_today_unless_it_was_taken_back() -> Result<()> {
    let offices = Offices::open().await?;
    let manager = &offices.manager;
    // Before it is sent and after: the month may turn meanwhile.
    let this_month = || (Utc::now() + TimeDelta::hours(9)).format("%Y%m").to_string();
    let before = this_month();
    let plan = send(&offices, 310, "home_plan").await?;
    let months = BTreeSet::from([before, this_month()]);
    let mut sent = 0;
    for month in &months {
        sent += manager.desk.board(request(of_month(month)?)).await?.sums.sent.all;
    }
    assert_eq!(sent, 1);
    assert_eq!(board(manager).await?.sums.sent.all, 0);
    manager.desk.recall_send(DeliveryRequest { delivery: plan }).await?;
    for month in &months {
        let after = manager.desk.board(request(of_month(month)?)).await?;
        assert_eq!((after.sums.sent.all, after.total), (0, 0));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_saved_as_people_open_it_and_what_is_too_much_is_refused() -> Result<()> {
    let offices = Offices::open().await?;
    let manager = &offices.manager;
    send(&offices, 320, "home_schedule").await?;
    let folder = offices.exchange.folder("saved")?;
    let save = |form| -> Result<BoardSave> {
        Ok(BoardSave {
            query: of_month(MONTH)?,
            form,
        })
    };
    // Cancelled.
    assert!(manager.desk.save_board(save(BoardForm::Excel)?).await?.is_none());
    assert!(names_in(&folder)?.is_empty());
    for (form, name) in [
        (BoardForm::Excel, "進み具合.xlsx"),
        (BoardForm::CsvUtf8, "進み具合.csv"),
        (BoardForm::CsvMs932, "古い.csv"),
    ] {
        manager.surface.answer_save(&folder.join(name));
        let saved = manager.desk.save_board(save(form)?).await?.context("not saved")?;
        assert_eq!((saved.name.as_str(), saved.rows), (name, Some(1)));
    }
    let text = std::fs::read_to_string(folder.join("進み具合.csv"))?;
    let row = text.split("\r\n").nth(1).context("no row")?;
    assert!(
        row.starts_with("\"9970101003\",\"例示ヘルパーステーション\",\"訪問介護\",\"1\",\"1\",\"0\",\"0\",\"0\",\"0\",\"まだ（訪問介護）\",\"\","),
        "{row}"
    );
    assert_eq!(
        care_csv::decode(&std::fs::read(folder.join("古い.csv"))?),
        text.trim_start_matches('\u{feff}')
    );
    assert!(std::fs::read(folder.join("進み具合.xlsx"))?.starts_with(b"PK"));

    manager.surface.answer_save(&folder.join("away").join("進み具合.csv"));
    assert_refused(
        manager.desk.save_board(save(BoardForm::CsvUtf8)?).await,
        ProblemCode::SaveFailed,
    );
    let one_over = BoardRequest {
        count: limits::WINDOW_ROWS_MAX + 1,
        ..BoardRequest::default()
    };
    assert_refused(manager.desk.board(one_over).await, ProblemCode::RequestMalformed);
    let text = |length: usize| {
        request(BoardQuery {
            text: "あ".repeat(length),
            ..BoardQuery::default()
        })
    };
    assert_eq!(manager.desk.board(text(limits::SEARCH_CHARS_MAX)).await?.matching, 0);
    assert_refused(
        manager.desk.board(text(limits::SEARCH_CHARS_MAX + 1)).await,
        ProblemCode::SearchTooLong,
    );
    manager.desk.lock(()).await?;
    assert_refused(
        manager.desk.board(BoardRequest::default()).await,
        ProblemCode::SignInRequired,
    );
    Ok(())
}
