//! 自動化: what fits a rule is received by itself, and the care software's output becomes drafts that nobody sent.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use care_model::{OfficeNumber, Party, ProblemCode, ServiceKind, ServiceMonth, limits};
use care_samples::Samples;
use desk::ports::Notice;
use desk_ipc::{
    AutomationEdit, AutomationView, CompositionMode, DeskCommands, DeskEvent, FolderView, InboxStatus, ListRequest,
    ReceivingRule, SettingsEdit, Subfolder,
};
use test_support::{CARE_MANAGEMENT, ExampleExchange, HOME_HELP, OpenDesk};

use crate::support::{Offices, SmallDisk, assert_refused, edit, names_in, pdf, unit, unit_to};

/// How often a test looks where no hint of the desk marks the moment.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

fn named(desk: &OpenDesk, folder: &Path) -> FolderView {
    desk.desk.name_folder(folder.to_owned())
}

/// A rule that everything fits.
fn all_into(desk: &OpenDesk, folder: &Path) -> ReceivingRule {
    ReceivingRule {
        from: None,
        kind: None,
        month: None,
        folder: named(desk, folder),
        subfolders: Vec::new(),
    }
}

fn edit_of(view: AutomationView) -> AutomationEdit {
    AutomationEdit {
        receiving: view.receiving,
        rules: view.rules,
        watching: view.watching,
        watched: view.watched,
    }
}

async fn receive_by(desk: &OpenDesk, rules: Vec<ReceivingRule>) -> Result<()> {
    let edit = AutomationEdit {
        receiving: true,
        rules,
        ..edit_of(desk.desk.automation(()).await?)
    };
    desk.desk.change_automation(edit).await?;
    Ok(())
}

async fn watch(desk: &OpenDesk, folder: &Path) -> Result<()> {
    let edit = AutomationEdit {
        watching: true,
        watched: Some(named(desk, folder)),
        ..edit_of(desk.desk.automation(()).await?)
    };
    desk.desk.change_automation(edit).await?;
    Ok(())
}

/// Asks until 自動化 stands like this.
async fn stands(desk: &OpenDesk, wanted: impl Fn(&AutomationView) -> bool) -> Result<AutomationView> {
    loop {
        let view = desk.desk.automation(()).await?;
        if wanted(&view) {
            return Ok(view);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn stopped_by(desk: &OpenDesk) -> usize {
    let notices = desk.surface.notices();
    notices
        .iter()
        .filter(|notice| **notice == Notice::AutomationStopped)
        .count()
}

/// Sends a schedule of April from the care manager, so that it declares a month.
async fn send_schedule(offices: &Offices, seed: u64) -> Result<()> {
    let files = offices.exchange.folder(&format!("schedule-{seed}"))?;
    let (_, paths) = unit(&files, seed, "home_schedule")?;
    offices.manager.send_files(CompositionMode::Compose, paths).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_a_rule_is_received_in_order_of_serial_and_the_rest_waits() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.service;
    let (first, second) = (offices.exchange.folder("first")?, offices.exchange.folder("second")?);
    // Before it is asked for, nothing is received.
    let (_, waits) = offices.send_plan(400, Vec::new()).await?;
    let april = ReceivingRule {
        month: ServiceMonth::parse("202604").ok(),
        subfolders: vec![Subfolder::Month, Subfolder::Office, Subfolder::Kind],
        ..all_into(desk, &first)
    };
    let other_kind = ReceivingRule {
        kind: ServiceKind::parse("46").ok(),
        ..all_into(desk, &second)
    };
    receive_by(desk, vec![april, other_kind]).await?;
    for seed in [401, 402, 403] {
        send_schedule(&offices, seed).await?;
    }
    let view = stands(desk, |view| view.received == 3).await?;
    assert_eq!(view.receiving_stopped, None);
    let inner = first
        .join("202604")
        .join(CARE_MANAGEMENT.number)
        .join("43_居宅介護支援");
    assert_eq!(names_in(&inner)?.len(), 3, "{:?}", names_in(&inner)?);
    assert!(names_in(&second)?.is_empty());
    // A plan has no month: no rule fits, and it waits for a person.
    let rows = desk.arrived(&[waits.delivery]).await?;
    assert!(
        matches!(rows[0].status, InboxStatus::Waiting { problem: None }),
        "{rows:?}"
    );

    // With a rule for everything else it goes into that folder, the files themselves, as 設定 says.
    let settings = edit(&desk.desk.settings(()).await?);
    let settings = SettingsEdit { flat: true, ..settings };
    desk.desk.change_settings(settings).await?;
    let mut rules = desk.desk.automation(()).await?.rules;
    rules.push(all_into(desk, &second));
    receive_by(desk, rules).await?;
    stands(desk, |view| view.received == 4).await?;
    let files = names_in(&second)?;
    assert!(
        files.len() == 4 && files.iter().all(|name| name.ends_with(".CSV")),
        "{files:?}"
    );

    // Several that wait are received by rising serial, however they came.
    receive_by(
        desk,
        vec![ReceivingRule {
            month: ServiceMonth::parse("209901").ok(),
            ..all_into(desk, &first)
        }],
    )
    .await?;
    let folder = offices.exchange.folder("ordered")?;
    let mut made = Vec::new();
    for seed in 410..414 {
        let files = offices.exchange.folder(&format!("unit-{seed}"))?;
        made.push(unit(&files, seed, "home_plan")?);
    }
    made.reverse();
    for (_, paths) in &made {
        offices
            .manager
            .send_files(CompositionMode::Compose, paths.clone())
            .await?;
    }
    let listed = desk
        .when(async || {
            desk.desk.refresh(()).await?;
            let rows = desk.desk.inbox(ListRequest::first()).await?.rows;
            let waiting = rows
                .into_iter()
                .filter(|row| matches!(row.status, InboxStatus::Waiting { .. }));
            let waiting: Vec<_> = waiting.collect();
            Ok((waiting.len() == 4).then_some(waiting))
        })
        .await?;
    let mut events = desk.desk.events();
    receive_by(desk, vec![all_into(desk, &folder)]).await?;
    let mut landed = Vec::new();
    while landed.len() < 4 {
        if let desk_ipc::DeskEvent::LandedByRule { delivery } = events.recv().await? {
            landed.push(delivery);
        }
    }
    let mut by_serial = listed;
    by_serial.sort_by_key(|row| row.serial);
    assert_eq!(landed, by_serial.iter().map(|row| row.delivery).collect::<Vec<_>>());
    desk.desk.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_or_full_stops_receiving_once_and_loses_nothing() -> Result<()> {
    let offices = Offices::open().await?;
    let desk = &offices.service;
    let target = offices.exchange.folder("target")?;
    receive_by(desk, vec![all_into(desk, &target)]).await?;
    fs::remove_dir(&target)?;
    let (made, row) = offices.send_plan(420, Vec::new()).await?;
    let gone = |view: &AutomationView| {
        let stopped = view.receiving_stopped.as_ref();
        stopped.is_some_and(|stopped| stopped.code == ProblemCode::ReceivingFolderMissing)
    };
    stands(desk, gone).await?;
    let rows = desk.arrived(&[row.delivery]).await?;
    assert!(
        matches!(rows[0].status, InboxStatus::Waiting { problem: None }),
        "{rows:?}"
    );
    assert!(!target.exists(), "a folder that is away is not made anew");
    assert_eq!(stopped_by(desk), 1);
    fs::create_dir(&target)?;
    stands(desk, |view| view.received == 1 && view.receiving_stopped.is_none()).await?;
    let landed = names_in(&target)?;
    for file in &made.files {
        assert_eq!(fs::read(target.join(&landed[0]).join(file.name.as_str()))?, file.bytes);
    }

    // Without the right to mount, a full folder is held by the unit test of `landing::check_folder`.
    if let Some(disk) = SmallDisk::mount(offices.exchange.folder("small")?, "2m") {
        receive_by(desk, vec![all_into(desk, &disk.0)]).await?;
        let filling = disk.fill()?;
        let files = offices.exchange.folder("files")?;
        let (_, row) = offices.send_plan(421, vec![pdf(&files, "資料.pdf", 200_000)?]).await?;
        let full = |view: &AutomationView| {
            let stopped = view.receiving_stopped.as_ref();
            stopped.is_some_and(|stopped| stopped.code == ProblemCode::ReceivingFolderFull)
        };
        stands(desk, full).await?;
        assert_eq!(stopped_by(desk), 2);
        fs::remove_file(filling)?;
        stands(desk, |view| view.received == 2 && view.receiving_stopped.is_none()).await?;
        let rows = desk.arrived(&[row.delivery]).await?;
        assert!(
            matches!(rows[0].status, InboxStatus::Received { here: true, .. }),
            "{rows:?}"
        );
        assert_eq!(names_in(&disk.0)?.len(), 1);
    }
    desk.desk.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_kept_and_works_again_after_the_next_sign_in_only() -> Result<()> {
    let offices = Offices::open().await?;
    let at = &offices.exchange.service;
    let target = offices.exchange.folder("target")?;
    receive_by(&offices.service, vec![all_into(&offices.service, &target)]).await?;
    // Behind the idle lock it goes on.
    offices.service.desk.lock(()).await?;
    assert_refused(offices.service.desk.automation(()).await, ProblemCode::SignInRequired);
    send_schedule(&offices, 430).await?;
    while names_in(&target)?.iter().all(|name| name.starts_with('.')) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    offices.service.desk.sign_out(()).await?;
    offices.service.desk.shutdown().await;

    send_schedule(&offices, 431).await?;
    let again = OpenDesk::open(&offices.exchange.profile(at, "front")).await?;
    // The first may have landed without its confirmation: then the exchange counts it too.
    while again.surface.tray().waiting == 0 {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    assert_eq!(names_in(&target)?.len(), 1, "nobody is signed in");
    again.sign_in(at.office, &at.accounts).await?;
    let view = stands(&again, |view| view.received == 1).await?;
    assert!(view.receiving && view.rules.len() == 1);
    assert_eq!(names_in(&target)?.len(), 2);
    again.desk.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_and_changes_nothing() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let desk = exchange.desk(&exchange.manager, "front").await?;
    let before = desk.desk.automation(()).await?;
    let folder = exchange.folder("folder")?;
    let nothing = || edit_of(before.clone());
    let rules = |count| vec![all_into(&desk, &folder); count];
    let cases = [
        (
            AutomationEdit {
                receiving: true,
                ..nothing()
            },
            ProblemCode::ReceivingFolderMissing,
        ),
        (
            AutomationEdit {
                watching: true,
                ..nothing()
            },
            ProblemCode::WatchedFolderMissing,
        ),
        (
            AutomationEdit {
                rules: rules(limits::RECEIVING_RULES_MAX + 1),
                ..nothing()
            },
            ProblemCode::ReceivingRulesTooMany,
        ),
        (
            AutomationEdit {
                watched: Some(named(&desk, &folder.join("gone"))),
                ..nothing()
            },
            ProblemCode::WatchedFolderMissing,
        ),
    ];
    for (edit, code) in cases {
        assert_refused(desk.desk.change_automation(edit).await, code);
        assert_eq!(desk.desk.automation(()).await?, before);
    }
    let most = AutomationEdit {
        receiving: true,
        rules: rules(limits::RECEIVING_RULES_MAX),
        ..nothing()
    };
    let view = desk.desk.change_automation(most).await?;
    assert_eq!(view.rules.len(), limits::RECEIVING_RULES_MAX);
    // What is shown can be given back as it is, also after many other folders were chosen.
    for count in 0..100 {
        named(&desk, &folder.join(count.to_string()));
    }
    let doubled = ReceivingRule {
        subfolders: vec![Subfolder::Office, Subfolder::Office],
        ..view.rules[0].clone()
    };
    let view = desk
        .desk
        .change_automation(AutomationEdit {
            rules: vec![doubled],
            ..edit_of(view)
        })
        .await?;
    assert_eq!(view.rules[0].subfolders, [Subfolder::Office]);
    desk.desk.shutdown().await;
    Ok(())
}

/// Copies a unit into a folder as care software writes it: one file after the other, each in pieces.
async fn write_slowly(from: &[PathBuf], to: &Path, pause: Duration) -> Result<()> {
    for path in from {
        let bytes = fs::read(path)?;
        let mut file = File::create(to.join(path.file_name().context("a name")?))?;
        for piece in bytes.chunks(bytes.len().div_ceil(3)) {
            file.write_all(piece)?;
            file.flush()?;
            tokio::time::sleep(pause).await;
        }
    }
    Ok(())
}

fn copy_into(from: &[PathBuf], to: &Path) -> Result<()> {
    for path in from {
        fs::copy(path, to.join(path.file_name().context("a name")?))?;
    }
    Ok(())
}

/// The files of the only draft, and whether it could be sent.
async fn drafted(desk: &OpenDesk) -> Result<Vec<(usize, bool)>> {
    let mut all = Vec::new();
    for row in desk.desk.drafts(()).await? {
        let view = desk.desk.open_draft(row.id).await?;
        let files = view.deliveries.iter().map(|delivery| delivery.files.len()).sum();
        all.push((files, view.can_send));
        desk.desk.discard_composition(row.id).await?;
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_is_written_slowly_renamed_into_or_taken_away_becomes_one_draft_or_none() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let desk = exchange.desk(&exchange.manager, "front").await?;
    let (files, watched) = (exchange.folder("files")?, exchange.folder("出力")?);
    let (_, old) = unit(&files, 440, "home_plan")?;
    copy_into(&old, &watched)?;
    watch(&desk, &watched).await?;

    // Slowly, with pauses in which the unit lacks something, or a file is half.
    let (made, paths) = unit(&files, 441, "home_schedule")?;
    write_slowly(&paths, &watched, Duration::from_millis(1_500)).await?;
    stands(&desk, |view| view.prepared == 1).await?;
    assert_eq!(drafted(&desk).await?, [(3, true)]);
    assert_eq!(desk.surface.notices(), [Notice::Prepared { count: 1 }]);

    // Renamed into it, as good programs do: under another name first, then all at once.
    let (_, second) = unit(&files, 442, "home_schedule")?;
    for path in &second {
        let name = path.file_name().context("a name")?.to_string_lossy().into_owned();
        let hidden = watched.join(format!("{name}.tmp"));
        fs::copy(path, &hidden)?;
        fs::rename(&hidden, watched.join(&name))?;
    }
    stands(&desk, |view| view.prepared == 2).await?;

    // Taken away again before it stood still: nothing is made of it, and of what lacks something neither.
    let (_, third) = unit(&files, 443, "home_schedule")?;
    copy_into(&third, &watched)?;
    let (_, fourth) = unit(&files, 444, "home_schedule")?;
    copy_into(&fourth[..2], &watched)?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    for path in &third {
        fs::remove_file(watched.join(path.file_name().context("a name")?))?;
    }
    stands(&desk, |view| view.incomplete == 2).await?;
    assert_eq!(desk.desk.automation(()).await?.prepared, 2);
    copy_into(&fourth[2..], &watched)?;
    stands(&desk, |view| view.prepared == 3 && view.incomplete == 0).await?;

    // Touched: the same bytes at another time are no new draft. Other bytes are.
    let touched = watched.join(made.files[0].name.as_str());
    File::options()
        .write(true)
        .open(&touched)?
        .set_modified(std::time::SystemTime::now())?;
    let (_, fifth) = unit(&files, 445, "home_schedule")?;
    copy_into(&fifth, &watched)?;
    stands(&desk, |view| view.prepared == 4).await?;
    assert!(drafted(&desk).await?.iter().all(|draft| *draft == (3, true)));

    // The originals are as they were, nothing was sent, and what lay there before is no draft.
    for file in &made.files {
        assert_eq!(fs::read(watched.join(file.name.as_str()))?, file.bytes);
    }
    assert!(desk.desk.outbox(ListRequest::first()).await?.rows.is_empty());
    assert_eq!(names_in(&watched)?.len(), old.len() + 4 * 3);

    // After the next start the same folder makes nothing twice, and what came meanwhile becomes a draft.
    desk.desk.shutdown().await;
    let (_, sixth) = unit(&files, 446, "home_schedule")?;
    copy_into(&sixth, &watched)?;
    let again = OpenDesk::open(&exchange.profile(&exchange.manager, "front")).await?;
    again
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    stands(&again, |view| view.prepared == 5).await?;
    assert_eq!(again.surface.notices(), [Notice::Prepared { count: 1 }]);
    // All of them make one 一括送信.
    let drafts: Vec<_> = again.desk.drafts(()).await?.iter().map(|row| row.id).collect();
    let dispatch = again.desk.dispatch_drafts(drafts).await?;
    assert_eq!((dispatch.deliveries.len(), dispatch.can_send), (5, true));
    again.desk.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_folder_that_is_gone_or_too_full_stops_once_and_goes_on_by_itself() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let desk = exchange.desk(&exchange.manager, "front").await?;
    let (files, watched) = (exchange.folder("files")?, exchange.folder("出力")?);
    watch(&desk, &watched).await?;
    let away = watched.with_extension("away");
    fs::rename(&watched, &away)?;
    let stopped = |code| {
        move |view: &AutomationView| {
            let stopped = view.watching_stopped.as_ref();
            stopped.is_some_and(|stopped| stopped.code == code)
        }
    };
    stands(&desk, stopped(ProblemCode::WatchedFolderMissing)).await?;
    let (_, paths) = unit(&files, 450, "home_schedule")?;
    copy_into(&paths, &away)?;
    fs::rename(&away, &watched)?;
    stands(&desk, |view| view.prepared == 1 && view.watching_stopped.is_none()).await?;
    assert_eq!(stopped_by(&desk), 1);

    // One entry more than may be; whatever they are called.
    for count in names_in(&watched)?.len()..=limits::WATCHED_ENTRIES_MAX {
        File::create(watched.join(count.to_string()))?;
    }
    let view = stands(&desk, stopped(ProblemCode::WatchedFolderCrowded)).await?;
    let words = view.watching_stopped.context("a reason")?;
    assert_eq!(words.params["max"], limits::WATCHED_ENTRIES_MAX.to_string());
    fs::remove_file(watched.join(limits::WATCHED_ENTRIES_MAX.to_string()))?;
    stands(&desk, |view| view.watching_stopped.is_none()).await?;
    assert_eq!(stopped_by(&desk), 2);
    desk.desk.shutdown().await;
    Ok(())
}

/// As many drafts as one 一括送信 takes; the rest stays in the folder until some are gone.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_drafts_wait_than_one_dispatch_takes() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let desk = exchange.desk(&exchange.manager, "front").await?;
    let watched = exchange.folder("出力")?;
    watch(&desk, &watched).await?;
    let mut samples = Samples::new(460);
    for _ in 0..=limits::PREPARED_DRAFTS_MAX {
        unit_to(&watched, &mut samples, "home_schedule", HOME_HELP.party()?)?;
    }
    let view = stands(&desk, |view| view.full).await?;
    assert_eq!(view.prepared as usize, limits::PREPARED_DRAFTS_MAX);
    let drafts = desk.desk.drafts(()).await?;
    assert_eq!(drafts.len(), limits::PREPARED_DRAFTS_MAX);
    desk.desk.delete_drafts(vec![drafts[0].id, drafts[1].id]).await?;
    let view = stands(&desk, |view| view.prepared as usize == limits::PREPARED_DRAFTS_MAX - 1).await?;
    assert!(!view.full);
    desk.desk.shutdown().await;
    Ok(())
}

/// What the desk prepares by itself asks nobody for a name. The list does, and waits for nothing meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_names_the_offices_of_what_was_prepared_and_waits_for_no_name() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let desk = exchange.desk(&exchange.manager, "front").await?;
    let watched = exchange.folder("出力")?;
    watch(&desk, &watched).await?;
    let nowhere = Party {
        office: OfficeNumber::parse("9970101011")?,
        kind: ServiceKind::parse("15")?,
    };
    for to in [HOME_HELP.party()?, nowhere] {
        unit_to(&watched, &mut Samples::new(480), "home_schedule", to)?;
    }
    stands(&desk, |view| view.prepared == 2).await?;
    let names = async || -> Result<Vec<String>> {
        let rows = desk.desk.drafts(()).await?;
        Ok(rows.into_iter().filter_map(|row| Some(row.to?.name)).collect())
    };

    // Offline the list is there all the same.
    exchange.line.set_away(true);
    for _ in 0..3 {
        assert_eq!(names().await?, ["", ""]);
    }
    exchange.line.set_away(false);
    let mut told = desk.desk.events();
    // One that is not on the exchange is called as its files call it.
    let named = [HOME_HELP.name; 2];
    desk.when(async || Ok((names().await? == named).then_some(()))).await?;
    // Neither is asked for again and again.
    let mut hints = 0;
    while let Ok(event) = tokio::time::timeout(Duration::from_secs(2), told.recv()).await {
        if matches!(event?, DeskEvent::DraftsChanged) {
            hints += 1;
            assert_eq!(names().await?, named);
        }
    }
    assert!((1..=3).contains(&hints), "{hints} hints");
    desk.desk.shutdown().await;
    Ok(())
}

/// 10,000 files in the folder: whoever works in the window waits for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_files_in_the_folder_hold_up_nobody() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let desk = exchange.desk(&exchange.manager, "front").await?;
    let (files, watched) = (exchange.folder("files")?, exchange.folder("出力")?);
    let names = |count: u64| {
        let serial = 20_250_101_000_000 + count;
        format!("UPPLAN_202501_9970100013_43_9970101003_11_{serial}.CSV")
    };
    for count in 0..10_000 {
        fs::write(watched.join(names(count)), b"old")?;
    }
    watch(&desk, &watched).await?;
    let (_, paths) = unit(&files, 470, "home_schedule")?;
    copy_into(&paths, &watched)?;
    let asking = Arc::clone(&desk.desk);
    let stop = tokio_util::sync::CancellationToken::new();
    let stopped = stop.clone();
    let asked = tokio::spawn(async move {
        let mut answers = Vec::new();
        while !stopped.is_cancelled() {
            let began = Instant::now();
            asking.inbox(ListRequest::first()).await?;
            asking.settings(()).await?;
            answers.push(began.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(answers)
    });
    stands(&desk, |view| view.prepared == 1).await?;
    stop.cancel();
    let mut answers = asked.await??;
    answers.sort_unstable();
    let (middle, slowest) = (answers[answers.len() / 2], answers[answers.len() - 1]);
    let said = format!(
        "{} answers, half within {middle:?}, the slowest after {slowest:?}",
        answers.len()
    );
    std::io::stderr().write_all(format!("{said}\n").as_bytes())?;
    // Timings are reported; what a person would notice fails even on a machine that others use too.
    assert!(answers.len() > 50 && middle < Duration::from_millis(100), "{said}");
    desk.desk.shutdown().await;
    Ok(())
}
