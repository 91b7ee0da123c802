//! 予定と実績をくらべる: both offices see how a month stands, from the copies that each has.

use std::path::PathBuf;

use anyhow::{Context, Result};
use care_model::{DeliveryId, Edition, ProblemCode, ServiceMonth, limits};
use care_samples::{Samples, Size, UnitRequest};
use desk_ipc::{
    ComparisonQuery, ComparisonRequest, ComparisonRow, ComparisonStart, ComparisonState, ComparisonView,
    CompositionMode, DeliveryRequest, DeskCommands, FORMS_RECIPIENTS_MAX, SettingsEdit,
};
use test_support::{CARE_MANAGEMENT, HOME_HELP, OpenDesk};

use crate::support::{Offices, assert_refused, edit, only};

const MONTH: &str = "202604";

/// Units of one month between the two offices, about the same people, each later than the one before.
struct Month {
    samples: Samples,
    made: u32,
}

impl Month {
    fn new() -> Self {
        Self {
            samples: Samples::new(25),
            made: 0,
        }
    }

    /// Writes a unit of two people, each file changed before.
    fn write(
        &mut self,
        offices: &Offices,
        unit: &str,
        change: impl Fn(&str, Vec<u8>) -> Vec<u8>,
    ) -> Result<Vec<PathBuf>> {
        let (manager, service) = (CARE_MANAGEMENT.party()?, HOME_HELP.party()?);
        let (from, to) = match unit.contains("actual") {
            true => (service, manager),
            false => (manager, service),
        };
        let made = self
            .samples
            .unit(&UnitRequest {
                unit,
                edition: Edition::V4,
                from,
                to,
                month: ServiceMonth::parse(MONTH)?,
                size: Size::Recipients(2),
            })
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        self.made += 1;
        let folder = offices.exchange.folder(&format!("made-{}", self.made))?;
        let paths = made.files.into_iter().map(|file| {
            let path = folder.join(file.name.as_str());
            std::fs::write(&path, change(file.name.as_str(), file.bytes))?;
            Ok(path)
        });
        paths.collect()
    }
}

/// A unit as it was made.
fn unchanged(_: &str, bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

/// Changes a file's ASCII: every byte is a character meanwhile, so that MS932 stays what it is.
fn edited(bytes: &[u8], change: impl Fn(String) -> String) -> Vec<u8> {
    let text = bytes.iter().copied().map(char::from).collect();
    change(text)
        .chars()
        .map(|one| u8::try_from(one).expect("a byte"))
        .collect()
}

async fn send(from: &OpenDesk, to: &OpenDesk, paths: Vec<PathBuf>) -> Result<DeliveryId> {
    let sent = from.send_files(CompositionMode::Compose, paths).await?;
    let id = only(&sent.deliveries)?.delivery;
    to.arrived(&[id]).await?;
    Ok(id)
}

async fn compare(desk: &OpenDesk) -> Result<ComparisonView> {
    let month = ServiceMonth::parse(MONTH)?;
    Ok(desk.desk.compare_month(ComparisonStart { month }).await?)
}

async fn rows(desk: &OpenDesk, query: ComparisonQuery) -> Result<Vec<ComparisonRow>> {
    let request = ComparisonRequest {
        query,
        from: 0,
        count: limits::WINDOW_ROWS_MAX,
    };
    Ok(desk.desk.comparison_rows(request).await?.rows)
}

/// Compares; how many are in each state.
async fn states(desk: &OpenDesk) -> Result<Vec<(ComparisonState, u32)>> {
    let states = compare(desk).await?.states;
    Ok(states.into_iter().map(|count| (count.state, count.count)).collect())
}

/// What is said of the only office.
async fn remarks(desk: &OpenDesk) -> Result<String> {
    let view = compare(desk).await?;
    anyhow::ensure!(view.offices.len() == 1, "{} offices", view.offices.len());
    Ok(view.offices[0].remarks.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_see_who_is_missing_what_differs_and_what_was_withdrawn() -> Result<()> {
    use ComparisonState::{AsPlanned, Differs, Missing, Unclear};

    let offices = Offices::open().await?;
    let (exchange, manager, service) = (&offices.exchange, &offices.manager, &offices.service);
    let mut month = Month::new();
    assert_eq!(states(manager).await?, []);
    assert!(compare(manager).await?.offices.is_empty());

    // Planned, and nothing has come: here it is the other office that owes it, there this one.
    let plan = send(manager, service, month.write(&offices, "home_schedule", unchanged)?).await?;
    assert_eq!(states(manager).await?, [(Missing, 2)]);
    assert!(compare(service).await?.states.is_empty());
    assert!(
        remarks(service)
            .await?
            .contains("予定（提供票など）が1件、まだ取得されていません")
    );
    service.receive(&[plan], &exchange.folder("plans")?).await?;
    assert_eq!(states(service).await?, [(Missing, 2)]);
    let owed = rows(service, ComparisonQuery::default()).await?;
    assert!(
        owed.iter()
            .all(|row| row.ours && row.state_name == "実績をまだ送っていない")
    );
    assert_eq!(owed[0].office.name, CARE_MANAGEMENT.name);
    let view = compare(manager).await?;
    assert_eq!((view.due.to_string(), view.is_due), ("2026-05-05".to_owned(), true));
    assert_eq!(view.months, [ServiceMonth::parse(MONTH)?]);
    assert_eq!(view.offices[0].office.telephone.as_deref(), Some(HOME_HELP.telephone));

    // The first person's first visit was at another time, and of the second nothing is reported.
    let owing = rows(manager, ComparisonQuery::default()).await?;
    let numbers: Vec<String> = owing.iter().map(|row| row.insured_number.clone()).collect();
    assert!(
        owing
            .iter()
            .all(|row| !row.ours && row.planned.contains("8回") && row.actual.is_empty())
    );
    let later = month.write(&offices, "home_actual", |_, bytes| {
        edited(&bytes, |text| {
            let lines = text.lines().filter(|line| line.contains(&numbers[0]));
            let text: String = lines.map(|line| format!("{line}\r\n")).collect();
            text.replacen(",20260401,,0800,0830,", ",20260401,,0900,0930,", 1)
        })
    })?;
    let actuals = send(service, manager, later).await?;
    assert_eq!(states(service).await?, [(Missing, 1), (Differs, 1)]);
    // What waits may hold what seems to be missing.
    assert_eq!(states(manager).await?, [(Unclear, 2)]);
    assert!(remarks(manager).await?.contains("実績が1件、まだ取得されていません"));
    manager.receive(&[actuals], &exchange.folder("actuals")?).await?;
    assert_eq!(states(manager).await?, [(Missing, 1), (Differs, 1)]);
    assert_eq!(remarks(manager).await?, "");

    // The days: a sign at the day, and the difference in words.
    let only_differing = ComparisonQuery {
        state: Some(Differs),
        ..ComparisonQuery::default()
    };
    let differing = rows(manager, only_differing).await?;
    assert_eq!((differing.len(), differing[0].differences), (1, 1));
    assert_eq!(differing[0].insured_number, numbers[0]);
    let forms = manager.desk.comparison_forms(vec![differing[0].number, 99]).await?;
    assert_eq!(forms.len(), 1);
    let said = serde_json::to_string(&forms[0].form)?;
    for words in [
        "時間の変更",
        "08:00〜08:30",
        "09:00〜09:30",
        "「違い」の行の記号",
        "合計",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let marked: Vec<String> = forms[0]
        .form
        .parts
        .iter()
        .flat_map(|part| part.rows.iter().flatten())
        .filter(|cell| cell.marked)
        .map(|cell| cell.text.clone())
        .collect();
    assert_eq!(marked, ["1", "時"]);
    // Whose actuals are missing has the plan alone, and no difference for each day.
    let missing = rows(
        manager,
        ComparisonQuery {
            text: numbers[1].clone(),
            ..ComparisonQuery::default()
        },
    )
    .await?;
    assert_eq!(
        (missing.len(), missing[0].state, missing[0].differences),
        (1, Missing, 0)
    );
    let forms = manager.desk.comparison_forms(vec![missing[0].number]).await?;
    let said = serde_json::to_string(&forms[0].form)?;
    assert!(!said.contains("中止") && said.contains("1か月の合計"), "{said}");

    // Everybody's, later: that counts now. A workbook of it is saved where a person says.
    let complete = send(service, manager, month.write(&offices, "home_actual", unchanged)?).await?;
    manager.receive(&[complete], &exchange.folder("complete")?).await?;
    assert_eq!(states(manager).await?, [(AsPlanned, 2)]);
    let workbook = exchange.folder("saved")?.join("予定と実績.xlsx");
    manager.surface.answer_save(&workbook);
    let saved = manager.desk.save_comparison(ComparisonQuery::default()).await?;
    assert_eq!(saved.and_then(|saved| saved.rows), Some(2));
    assert!(std::fs::read(&workbook)?.starts_with(b"PK"));
    // A later plan of another time takes the place of the first.
    let changed = month.write(&offices, "home_schedule", |name, bytes| {
        match name.starts_with("UPPLAN") {
            true => edited(&bytes, |text| text.replace(",0800,0830,", ",1000,1030,")),
            false => bytes,
        }
    })?;
    let later_plan = send(manager, service, changed).await?;
    assert_eq!(states(manager).await?, [(Differs, 2)]);
    // Taken back before anybody fetched it, it is as if it had never been sent.
    manager
        .desk
        .recall_send(DeliveryRequest { delivery: later_plan })
        .await?;
    manager
        .outbox_row(later_plan, |row| {
            matches!(row.status, desk_ipc::OutboxStatus::Recalled { .. })
        })
        .await?;
    assert_eq!(states(manager).await?, [(AsPlanned, 2)]);
    // A withdrawal of the actuals leaves the plan alone.
    let withdrawn = send(
        service,
        manager,
        month.write(&offices, "home_actual_delete", unchanged)?,
    )
    .await?;
    manager.receive(&[withdrawn], &exchange.folder("withdrawn")?).await?;
    assert_eq!(states(manager).await?, [(Missing, 2)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_copy_nothing_is_called_missing_and_limits_hold() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, manager, service) = (&offices.exchange, &offices.manager, &offices.service);
    let mut month = Month::new();
    let plan = send(manager, service, month.write(&offices, "home_schedule", unchanged)?).await?;
    service.receive(&[plan], &exchange.folder("plans")?).await?;
    let actuals = send(service, manager, month.write(&offices, "home_actual", unchanged)?).await?;
    manager.receive(&[actuals], &exchange.folder("actuals")?).await?;
    assert_eq!(states(manager).await?, [(ComparisonState::AsPlanned, 2)]);

    let days_0 = SettingsEdit {
        kept_days: 0,
        ..edit(&manager.desk.settings(()).await?)
    };
    manager.desk.change_settings(days_0).await?;
    manager
        .when(async || {
            let view = compare(manager).await?;
            Ok((view.states.is_empty() && view.offices.len() == 1).then_some(()))
        })
        .await?;
    let said = remarks(manager).await?;
    for words in ["予定のうち1件", "実績のうち1件", "（0日）"] {
        assert!(said.contains(words), "{words}: {said}");
    }

    let many = vec![0; FORMS_RECIPIENTS_MAX + 1];
    assert_refused(service.desk.comparison_forms(many).await, ProblemCode::RequestMalformed);
    assert_eq!(
        service
            .desk
            .comparison_forms(vec![0; FORMS_RECIPIENTS_MAX])
            .await?
            .len(),
        0
    );
    let long = ComparisonRequest {
        query: ComparisonQuery {
            text: "あ".repeat(limits::SEARCH_CHARS_MAX + 1),
            ..ComparisonQuery::default()
        },
        from: 0,
        count: 1,
    };
    assert_refused(
        service.desk.comparison_rows(long.clone()).await,
        ProblemCode::SearchTooLong,
    );
    // Before a month was compared there is nothing to save; behind a locked screen nothing is told.
    let nothing = service.desk.save_comparison(ComparisonQuery::default()).await;
    assert_refused(nothing, ProblemCode::RequestMalformed);
    service.desk.lock(()).await?;
    let start = ComparisonStart {
        month: ServiceMonth::parse(MONTH)?,
    };
    assert_refused(service.desk.compare_month(start).await, ProblemCode::SignInRequired);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_findings_is_shown_with_them() -> Result<()> {
    let offices = Offices::open().await?;
    let (manager, service) = (&offices.manager, &offices.service);
    let mut month = Month::new();
    let odd = month.write(&offices, "home_schedule", |name, bytes| {
        match name.starts_with("UPPLAN") {
            true => edited(&bytes, |text| text.replacen(",20260401,,0800,", ",20260401,,2961,", 1)),
            false => bytes,
        }
    })?;
    send(manager, service, odd).await?;
    let view = compare(manager).await?;
    let file = view.offices[0].files.first().context("a file with findings")?;
    assert!(file.name.starts_with("UPPLAN") && file.findings.iter().any(|found| found.finding_code == "time"));
    let found: Vec<u32> = rows(manager, ComparisonQuery::default())
        .await?
        .iter()
        .map(|row| row.findings)
        .collect();
    assert_eq!(found.iter().filter(|count| **count > 0).count(), 1, "{found:?}");
    Ok(())
}
