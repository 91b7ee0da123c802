//! Nothing of people lies in clear in the profile (D14), and nothing of files in a log.

use std::path::Path;

use anyhow::{Context, Result};
use care_model::ProblemCode;
use desk_ipc::{
    CompositionMode, DeskCommands, EditNote, FindingView, MishapKind, MishapPlace, MishapReport, ReadingSource,
    RepairRequest, SendStart,
};

use crate::support::{Logged, Offices, assert_refused, pdf, unit};

const CANARY: &str = "CANARYNOTE";
const CANARY_NAME: &str = "CANARYFILE.pdf";

#[tokio::test(flavor = "multi_thread")]
async fn no_name_note_token_or_content_in_clear() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let files = exchange.folder("CANARYORIGIN")?;
    let (made, mut paths) = unit(&files, 50, "home_plan")?;
    paths.push(pdf(&files, CANARY_NAME, 100)?);
    let draft = offices.manager.compose(CompositionMode::Compose, paths.clone()).await?;
    let note = |composition| EditNote {
        composition,
        delivery: None,
        note: CANARY.to_owned(),
    };
    offices.manager.desk.edit_note(note(draft.id)).await?;
    offices.manager.desk.save_draft(draft.id).await?;
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    offices.manager.desk.edit_note(note(view.id)).await?;
    offices.manager.start_sending(view.id).await?;
    let sent = offices.manager.sent(view.id).await?;
    let id = sent.deliveries[0].delivery;
    offices.service.arrived(&[id]).await?;
    let target = exchange.folder("CANARYTARGET")?;
    offices.service.receive(&[id], &target).await?;
    // From here on the receiver's profile holds a copy.
    let source = ReadingSource::Received { delivery: id };
    assert!(
        !offices
            .service
            .desk
            .read_recipients(source)
            .await?
            .recipients
            .is_empty()
    );

    let content = made.files[0].bytes.get(..40).unwrap_or_default().to_vec();
    let mut canaries: Vec<Vec<u8>> = [
        CANARY,
        "CANARYFILE",
        "CANARYTARGET",
        "CANARYORIGIN",
        "見本居宅介護支援事業所",
        "例示ヘルパーステーション",
        "見本 花子",
        "例示 太郎",
        "9970101003",
        "PRIVATE KEY",
        "UP1KYO",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    canaries.push(content);
    for at in [&exchange.manager, &exchange.service] {
        let mut seen = 0;
        search(&exchange.profile(at, "front"), &canaries, &mut seen)?;
        assert!(seen > 100_000, "only {seen} bytes were searched");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_file_reaches_a_log() -> Result<()> {
    let logged = Logged::of_this_process();
    let offices = Offices::open().await?;
    let files = offices.exchange.folder("CANARYORIGIN")?;
    let (made, paths) = unit(&files, 51, "home_schedule")?;
    // A file of another encoding with a wrong value in it, which is repaired, confirmed and sent.
    let text = care_csv::decode(&made.files[0].bytes).into_owned();
    let wrong = text.replacen("202604", "CANARYVALUE", 1);
    assert_ne!(text, wrong);
    std::fs::write(&paths[0], &wrong)?;
    let desk = &offices.manager.desk;
    let view = offices.manager.compose(CompositionMode::Compose, paths).await?;
    let rows = || view.deliveries.iter().flat_map(|planned| &planned.files);
    let file = rows().find(|row| row.repairable).map(|row| row.file);
    let request = RepairRequest {
        composition: view.id,
        file: file.context("a file to repair")?,
    };
    let preview = desk.preview_repair(request.clone()).await?;
    let shown = |finding: &FindingView| finding.value.as_ref().is_some_and(|value| value.contains("CANARY"));
    assert!(preview.remaining.iter().any(shown), "the screen shows it: {preview:?}");
    let repaired = desk.repair(request).await?;
    tracing::info!(?preview, ?repaired, "what a careless line would hold");
    desk.save_draft(view.id).await?;
    desk.send_composition(SendStart {
        composition: view.id,
        confirmed: true,
        on_paper: Vec::new(),
    })
    .await?;
    offices.manager.sent(view.id).await?;

    let logged = logged.text();
    assert!(logged.contains("careless") && logged.len() > 1_000);
    for canary in ["CANARYVALUE", "CANARYORIGIN", "見本 ", "mihon-hanako-2026"] {
        let line = logged.lines().find(|line| line.contains(canary));
        assert!(line.is_none(), "{canary}: {line:?}");
    }
    Ok(())
}

#[test]
fn a_panic_says_where_it_was_and_nothing_else() -> Result<()> {
    let logged = Logged::of_this_process();
    desk::panics_say_only_where();
    // Cut inside a character: the words of this panic would hold the text.
    let text = "CANARYVALUE 見本".to_owned();
    let end = text.len() - 1;
    let broke_off = std::thread::spawn(move || text[..end].len()).join();
    assert!(broke_off.is_err());
    let logged = logged.text();
    assert!(
        logged.contains("broke off") && logged.contains("secrecy.rs"),
        "{logged}"
    );
    assert!(!logged.contains("CANARY") && !logged.contains("見本"), "{logged}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_breaks_is_a_line_without_words_and_a_hundred_of_a_run() -> Result<()> {
    let logged = Logged::of_this_process();
    let offices = Offices::open().await?;
    let desk = &offices.manager.desk;
    // Nobody has to be signed in for it.
    desk.sign_out(()).await?;
    let report = |places: u32| MishapReport {
        kind: MishapKind::TypeError,
        code: Some(ProblemCode::SignInRequired),
        places: (1..=places).map(|line| MishapPlace { line, column: 3_456 }).collect(),
    };
    assert_refused(desk.report_mishap(report(13)).await, ProblemCode::RequestMalformed);
    for _ in 0..100 {
        desk.report_mishap(report(12)).await?;
    }
    assert_refused(desk.report_mishap(report(12)).await, ProblemCode::TooManyRequests);
    let text = logged.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("the page broke")).collect();
    assert_eq!(lines.len(), 100);
    let told = ["TypeError", "SignInRequired", "1:3456", "12:3456"];
    assert!(told.iter().all(|word| lines[0].contains(word)), "{}", lines[0]);
    Ok(())
}

fn search(folder: &Path, canaries: &[Vec<u8>], seen: &mut usize) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, canaries, seen)?;
            continue;
        }
        let bytes = std::fs::read(&path)?;
        *seen += bytes.len();
        for canary in canaries {
            let found = bytes.windows(canary.len()).any(|window| window == canary);
            assert!(!found, "{:?} in {path:?}", String::from_utf8_lossy(canary));
        }
    }
    Ok(())
}
