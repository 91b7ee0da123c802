//! Row 7 of the faults table: a 一括送信 in which some are bad, and one in which the terminal's certificate ends.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use care_model::{DeliveryId, OfficeNumber, Party, ProblemCode, ServiceKind, limits};
use care_samples::Samples;
use chrono::TimeDelta;
use desk_ipc::{
    CompositionId, CompositionMode, DeskCommands, EditNote, EnrolStart, PlannedView, SendRow, SendStateView,
};
use exchange_client::SignedIn;
use fault_row::{Breaches, Row};
use test_support::{CARE_MANAGEMENT, HOME_HELP, OpenDesk};

use crate::support::{Logged, Offices, codes, unit_to};

/// The number of an office whose mailbox is full.
const FULL: &str = "9970101011";
/// And of one that is not on the exchange yet.
const JOINS_LATER: &str = "9970109999";
/// In a name of a folder, and in a note: neither may ever be in a log.
const CANARIES: [&str; 2] = ["CANARYORIGIN", "CANARYNOTE"];

/// The deliveries that wait for an office, in the order of its list, read page by page.
async fn arrived(receiver: &SignedIn) -> Result<Vec<DeliveryId>> {
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let page = receiver.inbox(after, 40).await?;
        after = page.next;
        found.extend(page.rows.iter().map(|row| row.header.id));
        if !page.more {
            return Ok(found);
        }
    }
}

/// Compares what arrived with what must have.
fn compare(breaches: &mut Breaches, arrived: &[DeliveryId], expected: &BTreeSet<DeliveryId>) {
    let there: BTreeSet<DeliveryId> = arrived.iter().copied().collect();
    breaches.doubled += (arrived.len() - there.len()) as u64;
    breaches.lost += expected.difference(&there).count() as u64;
    breaches.leaked += there.difference(expected).count() as u64;
}

fn is_sent(row: &SendRow) -> bool {
    matches!(row.state, SendStateView::Sent { .. })
}

/// Which deliveries the exchange holds.
fn sent(rows: &[SendRow]) -> BTreeSet<DeliveryId> {
    rows.iter().filter(|row| is_sent(row)).map(|row| row.delivery).collect()
}

async fn set_waiting_bytes(offices: &Offices, max: Option<u64>) -> Result<()> {
    let admin = offices.exchange.admin().await?;
    let full = OfficeNumber::parse(FULL)?;
    let mut limits = admin.limits(full).await?;
    limits.waiting_bytes_max = max;
    admin.set_limits(full, limits).await?;
    admin.close().await;
    Ok(())
}

/// Whether something is said of it, with what to do.
fn is_explained(planned: &PlannedView) -> bool {
    let of_files = planned.files.iter().flat_map(|file| &file.findings);
    let mut all = planned.findings.iter().chain(of_files);
    all.any(|found| !found.message.is_empty() && !found.remedy.is_empty())
}

/// One bulk; gives what was broken.
async fn bulk(seed: u64) -> Result<Breaches> {
    let offices = Offices::open().await?;
    let files = offices.exchange.folder(CANARIES[0])?;
    let desk = &offices.manager;
    let (mut samples, to) = (Samples::new(seed), HOME_HELP.party()?);
    let kind = ServiceKind::parse("11")?;
    let full = Party::new(OfficeNumber::parse(FULL)?, kind);
    offices.exchange.register_office(full, "満杯の事業所").await?;
    set_waiting_bytes(&offices, Some(1)).await?;
    let mut make = |id: &str, to: Party| -> Result<Vec<PathBuf>> { Ok(unit_to(&files, &mut samples, id, to)?.1) };
    let mut good: Vec<PathBuf> = Vec::new();
    for _ in 0..93 {
        good.extend(make("home_plan_delete", to)?);
    }
    // An office that is not on the exchange, one whose mailbox is full, and this office itself.
    let joins_later = Party::new(OfficeNumber::parse(JOINS_LATER)?, kind);
    let unknown = make("home_plan_delete", joins_later)?;
    let crowded = make("home_plan_delete", full)?;
    let to_itself = make("home_plan_delete", CARE_MANAGEMENT.party()?)?;
    // A file that is no text of the format, one without its mate, one that is too large, and one name with two contents.
    let unreadable = make("home_plan_delete", to)?;
    let readable = std::fs::read(&unreadable[0])?;
    std::fs::write(&unreadable[0], b"\xff\xfe1\0,\0")?;
    let mut lacking = make("home_schedule", to)?;
    let mate = lacking.pop().context("a mate")?;
    let huge = make("home_plan_delete", to)?;
    let whole = std::fs::read(&huge[0])?;
    let file = std::fs::File::options().write(true).open(&huge[0])?;
    file.set_len(limits::STANDARD_FILE_BYTES_MAX + 1)?;
    let doubled = make("home_plan_delete", to)?;
    let twin = files.join("twin").join(doubled[0].file_name().context("a name")?);
    std::fs::create_dir(files.join("twin"))?;
    let mut other = std::fs::read(&doubled[0])?;
    other.extend_from_within(..);
    std::fs::write(&twin, other)?;
    let all = [
        good,
        unknown,
        crowded,
        to_itself,
        unreadable.clone(),
        lacking,
        huge.clone(),
        doubled,
        vec![twin.clone()],
    ]
    .concat();

    let view = desk.compose(CompositionMode::Dispatch, all).await?;
    assert!(view.can_send, "{:?}", view.findings);
    let blocked: Vec<&PlannedView> = view.deliveries.iter().filter(|planned| planned.blocked).collect();
    assert_eq!((view.deliveries.len(), blocked.len(), view.over_limit), (99, 5, 0));
    for code in [
        "destination_unknown",
        "destination_is_sender",
        "encoding_utf16",
        "mate_missing",
        "file_too_large",
        "duplicate_differs",
    ] {
        assert!(codes(&view).contains(&code.to_owned()), "{code}: {:?}", codes(&view));
    }
    assert!(blocked.iter().all(|planned| is_explained(planned)), "{blocked:?}");
    let note = EditNote {
        composition: view.id,
        delivery: Some(view.deliveries[0].delivery),
        note: CANARIES[1].to_owned(),
    };
    desk.desk.edit_note(note).await?;
    desk.start_sending(view.id).await?;
    let first = desk.sent(view.id).await?;
    assert_eq!((first.sent, first.held), (93, 1), "{first:?}");
    let is_full = |row: &SendRow| matches!(&row.state, SendStateView::Held { problem } if problem.code == ProblemCode::MailboxFull);
    assert!(first.deliveries.iter().any(is_full), "{first:?}");
    let receiver = offices.exchange.terminal(&offices.exchange.service, "数える").await?;
    let mut breaches = Breaches::default();
    compare(&mut breaches, &arrived(&receiver).await?, &sent(&first.deliveries));

    // Six can be put right: the office joins, there is room again, the mate comes, two files are written anew, and one of
    // the two contents goes. Only these are sent; what is for this office itself stays.
    offices.exchange.register_office(joins_later, "新しい事業所").await?;
    set_waiting_bytes(&offices, None).await?;
    std::fs::write(&unreadable[0], readable)?;
    std::fs::write(&huge[0], whole)?;
    let before = desk.desk.composition(view.id).await?;
    for bad in [&unreadable[0], &huge[0], &twin] {
        let placed = before.deliveries.iter().flat_map(|planned| &planned.files);
        let named = placed.chain(&before.unplaced).filter(|row| bad.ends_with(&row.name));
        // Of the two contents the longer one.
        let row = named.max_by_key(|row| row.size_bytes).context("a bad file")?;
        let remove = desk_ipc::RemoveFile {
            composition: view.id,
            file: row.file,
        };
        desk.desk.remove_file(remove).await?;
    }
    let put_right = vec![mate, unreadable[0].clone(), huge[0].clone()];
    let add = desk_ipc::AddDrop {
        composition: view.id,
        drop: desk.desk.drop_files(put_right).id,
    };
    desk.desk.add_drop(add).await?;
    desk.start_sending(view.id).await?;
    let second = desk.sent(view.id).await?;
    let unsent: Vec<&SendRow> = second.deliveries.iter().filter(|row| !is_sent(row)).collect();
    assert!(unsent.is_empty() && second.sent == 99, "{unsent:?} {second:?}");
    let here: Vec<SendRow> = second
        .deliveries
        .into_iter()
        .filter(|row| row.to.number == to.office)
        .collect();
    compare(&mut breaches, &arrived(&receiver).await?, &sent(&here));
    assert_eq!(
        here.len(),
        97,
        "the other two are for the office that joined and for the one that was full"
    );
    let after = desk.desk.composition(view.id).await?;
    let left: Vec<&PlannedView> = after.deliveries.iter().filter(|one| one.sending.is_none()).collect();
    assert!(
        matches!(left[..], [one] if one.to.number == CARE_MANAGEMENT.number()?),
        "{left:?}"
    );
    Ok(breaches)
}

#[tokio::test(flavor = "multi_thread")]
async fn row_07_seven_of_a_hundred_are_explained_and_only_they_are_sent_again() -> Result<()> {
    let row = Row::open(7, "a bulk of 100 with 7 bad ones, put right and sent again");
    let logged = Logged::of_this_process();
    let (bulks, mut breaches) = (row.times(1, 20), Breaches::default());
    for number in 0..bulks {
        let of_one = bulk(row.seed() + number).await?;
        breaches.lost += of_one.lost;
        breaches.doubled += of_one.doubled;
        breaches.leaked += of_one.leaked;
    }
    let text = logged.text();
    assert!(text.len() > 1_000, "nothing was logged");
    // Of a person, of a file's place, of what was written, and of the passwords.
    let people = [
        CARE_MANAGEMENT.person_name,
        CARE_MANAGEMENT.person_password,
        CARE_MANAGEMENT.office_password,
    ];
    for canary in CANARIES.iter().chain(&people) {
        if let Some(line) = text.lines().find(|line| line.contains(canary)) {
            breaches.leaked += 1;
            eprintln!("{canary}: {line}");
        }
    }
    row.close(bulks * 100, breaches);
    Ok(())
}

/// Sends again whatever was refused, until the exchange holds all.
async fn all_sent(desk: &OpenDesk, composition: CompositionId, count: usize) -> Result<Vec<SendRow>> {
    desk.when(async || {
        let view = desk.desk.sending(composition).await?;
        for row in &view.deliveries {
            if matches!(row.state, SendStateView::Held { .. }) {
                let request = desk_ipc::DeliveryRequest { delivery: row.delivery };
                match desk.desk.retry_send(request).await {
                    // It was taken up meanwhile.
                    Err(refusal) if refusal.code == ProblemCode::DeliveryUnknown => {}
                    retried => retried?,
                }
            }
        }
        Ok((view.sent as usize == count).then_some(view.deliveries))
    })
    .await
}

/// A recipient's certificate never bounces a delivery; the sender's own, revoked or over amid a bulk, holds what is left,
/// and only that goes once there is a good one.
#[tokio::test(flavor = "multi_thread")]
async fn row_07_a_certificate_that_ends_amid_a_bulk_holds_what_is_left() -> Result<()> {
    const COUNT: usize = 40;
    let row = Row::open(7, "the sender's certificate is revoked, and is over, amid a bulk");
    let (bulks, mut breaches) = (row.times(2, 20), Breaches::default());
    for number in 0..bulks {
        let offices = Offices::open().await?;
        let (files, at) = (offices.exchange.folder("files")?, &offices.exchange.manager);
        let desk = &offices.manager;
        let mut samples = Samples::new(row.seed() + number);
        let mut paths = Vec::new();
        for _ in 0..COUNT {
            paths.extend(unit_to(&files, &mut samples, "home_plan_delete", HOME_HELP.party()?)?.1);
        }
        let issue_password = offices.exchange.issue_password(at.office).await?;
        let beside = offices.exchange.terminal(at, "数える").await?;
        let mut terminals = beside.terminals().await?.terminals.into_iter();
        let terminal = terminals
            .find(|terminal| terminal.name == "front")
            .context("this one")?;
        let view = desk.compose(CompositionMode::Dispatch, paths).await?;
        offices.exchange.line.delay(Duration::from_millis(10));
        desk.start_sending(view.id).await?;
        desk.when(async || Ok((desk.desk.sending(view.id).await?.sent >= 2).then_some(())))
            .await?;
        let revokes = number % 2 == 0;
        if revokes {
            let admin = offices.exchange.admin().await?;
            admin.revoke_terminal(terminal.id).await?;
            admin.close().await;
        } else {
            offices.exchange.move_clock(TimeDelta::days(4_000));
        }
        let explained = |left: &SendRow| match &left.state {
            SendStateView::Sent { .. } => true,
            SendStateView::Queued { waiting_for, .. } => waiting_for.is_some(),
            SendStateView::Held { problem } => {
                [ProblemCode::CertificateRevoked, ProblemCode::CertificateExpired].contains(&problem.code)
            }
            SendStateView::Sending | SendStateView::Cancelled | SendStateView::OnPaper { .. } => false,
        };
        let stopped = desk
            .when(async || {
                let view = desk.desk.sending(view.id).await?;
                Ok(view.deliveries.iter().all(explained).then_some(view))
            })
            .await?;
        assert!((stopped.sent as usize) < COUNT, "all went before the certificate ended");
        offices.exchange.line.delay(Duration::ZERO);
        if revokes {
            let start = EnrolStart {
                office_id: at.accounts.office.to_string(),
                issue_password,
                terminal_name: "受付".to_owned(),
            };
            desk.desk.enrol_again(start).await?;
        } else {
            offices.exchange.move_clock(TimeDelta::days(-4_000));
        }
        desk.sign_in(at.office, &at.accounts).await?;
        let rows = all_sent(desk, view.id, COUNT).await?;
        let receiver = offices.exchange.terminal(&offices.exchange.service, "数える").await?;
        compare(&mut breaches, &arrived(&receiver).await?, &sent(&rows));
    }
    row.close(bulks * COUNT as u64, breaches);
    Ok(())
}
