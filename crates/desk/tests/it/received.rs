//! What was received can be read: from a sealed copy, for as long as is set, whatever becomes of the files that landed.

use std::{fs, sync::Arc};

use anyhow::{Context, Result};
use care_model::{DeliveryId, ProblemCode};
use chrono::{DateTime, TimeDelta, Utc};
use desk::ports::Clock;
use desk_ipc::{
    CompositionMode, DeskCommands, FormsRequest, InboxStatus, ListRequest, ReadingSource, ReadingView, SettingsEdit,
};
use exchange_protocol::PartRole;
use test_support::{HOME_HELP, OpenDesk};

use crate::support::{Offices, SmallDisk, assert_refused, edit, names_in, only, pdf, send_raw, unit};

/// The machine's clock, so many days ahead.
struct Moved(i64);

impl Clock for Moved {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::days(self.0)
    }
}

fn source(delivery: DeliveryId) -> ReadingSource {
    ReadingSource::Received { delivery }
}

/// Waits until a row of 受信一覧 is 済 here, and has a copy or none.
async fn is_readable(desk: &OpenDesk, delivery: DeliveryId, wanted: bool) -> Result<()> {
    desk.when(async || {
        let rows = desk.desk.inbox(ListRequest::first()).await?.rows;
        let row = rows.into_iter().find(|row| row.delivery == delivery);
        Ok(row.filter(|row| match row.status {
            InboxStatus::Received { here, readable, .. } => here && readable == wanted,
            _ => false,
        }))
    })
    .await
    .map(|_| ())
}

/// Everything that the forms of every care recipient say.
async fn words(desk: &OpenDesk, view: &ReadingView, delivery: DeliveryId) -> Result<String> {
    let request = FormsRequest {
        source: source(delivery),
        recipients: view.recipients.iter().map(|person| person.recipient).collect(),
    };
    let read = desk.desk.read_forms(request).await?;
    Ok(serde_json::to_string(&read)?)
}

/// 利用票 and 別表 with an attachment, sent to the helpers.
async fn send_schedule(offices: &Offices, seed: u64) -> Result<DeliveryId> {
    let folder = offices.exchange.folder(&format!("schedule-{seed}"))?;
    let (_, mut paths) = unit(&folder, seed, "home_schedule")?;
    paths.push(pdf(&folder, "連絡.pdf", 50_000)?);
    let sent = offices.manager.send_files(CompositionMode::Compose, paths).await?;
    let id = only(&sent.deliveries)?.delivery;
    offices.service.arrived(&[id]).await?;
    Ok(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_reads_as_it_was_sent_after_the_files_are_taken_away_until_its_days_are_over() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, service) = (&offices.exchange, &offices.service);
    let profile = exchange.profile(&exchange.service, "front");
    let target = exchange.folder("received")?;
    let id = send_schedule(&offices, 41).await?;
    assert_refused(
        service.desk.read_recipients(source(id)).await,
        ProblemCode::ReceivedCopyGone,
    );
    service.receive(&[id], &target).await?;
    is_readable(service, id, true).await?;
    // As care software does that imports what it finds and deletes it.
    for landed in fs::read_dir(&target)? {
        fs::remove_dir_all(landed?.path())?;
    }
    let view = service.desk.read_recipients(source(id)).await?;
    assert_eq!((view.recipients.len(), view.files.len()), (2, 4));
    // This side calls it 提供票, the sender's its 利用票.
    let forms = &view.recipients.first().context("somebody")?.forms;
    assert!(forms.iter().any(|form| form.contains("提供票")), "{forms:?}");
    assert!(!forms.iter().any(|form| form.contains("利用票")), "{forms:?}");
    let attached = view.files.iter().find(|file| file.name == "連絡.pdf");
    let attached = attached.context("the attachment")?;
    assert!(
        attached.remarks.concat().contains("添付ファイル"),
        "{:?}",
        attached.remarks
    );
    let sent = offices
        .manager
        .desk
        .read_recipients(ReadingSource::Sent { delivery: id })
        .await?;
    let people = |view: &ReadingView| -> Vec<_> {
        let people = view.recipients.iter();
        people
            .map(|one| (one.name.clone(), one.insured_number.clone()))
            .collect()
    };
    assert_eq!(people(&view), people(&sent));
    let said = words(service, &view, id).await?;
    let name = view.recipients[0].name.clone().context("a name")?;
    assert!(said.contains(&name), "{name}");
    // Of what was attached there is no copy, for it is not read.
    let copies = names_in(&profile.join("spool"))?;
    assert_eq!(copies.len(), 3, "{copies:?}");

    service.desk.shutdown().await;
    for (days, kept) in [(89, true), (91, false)] {
        let change = |settings: &mut desk::DeskSettings| settings.clock = Arc::new(Moved(days));
        let later = OpenDesk::open_with(&profile, change).await?;
        exchange.move_clock(TimeDelta::days(if days == 89 { 89 } else { 2 }));
        later
            .sign_in(exchange.service.office, &exchange.service.accounts)
            .await?;
        is_readable(&later, id, kept).await?;
        let read = later.desk.read_recipients(source(id)).await;
        if kept {
            assert_eq!(read?.recipients.len(), 2);
        } else {
            assert_refused(read, ProblemCode::ReceivedCopyGone);
            assert_eq!(names_in(&profile.join("spool"))?, Vec::<String>::new());
        }
        later.desk.shutdown().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_days_there_is_no_copy_and_with_days_again_it_is_of_what_still_lies_where_it_landed() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, service) = (&offices.exchange, &offices.service);
    let profile = exchange.profile(&exchange.service, "front");
    let set_days = async |kept_days| {
        let edit = SettingsEdit {
            kept_days,
            ..edit(&service.desk.settings(()).await?)
        };
        service.desk.change_settings(edit).await?;
        anyhow::Ok(())
    };
    set_days(0).await?;
    let (there, away) = (send_schedule(&offices, 42).await?, send_schedule(&offices, 43).await?);
    for (id, folder) in [(there, "there"), (away, "away")] {
        service.receive(&[id], &exchange.folder(folder)?).await?;
        is_readable(service, id, false).await?;
        let refusal = service
            .desk
            .read_recipients(source(id))
            .await
            .err()
            .context("a refusal")?;
        let said = messages::problem(refusal.code.as_str(), &refusal.params);
        assert!(said.what.contains("0日"), "{said:?}");
    }
    assert_eq!(names_in(&profile.join("spool"))?, Vec::<String>::new());
    // One byte of one file is another one now: that is not what was received.
    let landed = fs::read_dir(exchange.folder("away")?)?.next().context("a folder")??;
    let file = landed.path().join(
        names_in(&landed.path())?
            .into_iter()
            .find(|name| name.ends_with(".CSV"))
            .context("a file")?,
    );
    let mut bytes = fs::read(&file)?;
    *bytes.first_mut().context("a byte")? ^= 1;
    fs::write(&file, bytes)?;
    set_days(30).await?;
    is_readable(service, there, true).await?;
    assert_eq!(service.desk.read_recipients(source(there)).await?.recipients.len(), 2);
    is_readable(service, away, false).await?;
    assert_refused(
        service.desk.read_recipients(source(away)).await,
        ProblemCode::ReceivedCopyGone,
    );
    // Taken back, the days take the copies along.
    set_days(0).await?;
    is_readable(service, there, false).await?;
    service
        .when(async || Ok(names_in(&profile.join("spool"))?.is_empty().then_some(())))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_a_copy_it_is_received_all_the_same_and_read_once_there_is_room() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, service) = (&offices.exchange, &offices.service);
    let spool = exchange.profile(&exchange.service, "front").join("spool");
    // Where nobody may mount, no copy can be made because its folder is away.
    let disk = SmallDisk::mount(spool.clone(), "16k");
    let filling = match &disk {
        Some(disk) => Some(disk.fill()?),
        None => {
            fs::remove_dir(&spool)?;
            None
        }
    };
    let id = send_schedule(&offices, 44).await?;
    let target = exchange.folder("received")?;
    service.receive(&[id], &target).await?;
    is_readable(service, id, false).await?;
    assert_refused(
        service.desk.read_recipients(source(id)).await,
        ProblemCode::ReceivedCopyGone,
    );
    assert_eq!(names_in(&target)?.len(), 1);
    match (disk, filling) {
        (Some(disk), Some(filling)) => {
            assert_eq!(names_in(&spool)?, ["filling"], "half a copy stays");
            fs::remove_file(filling)?;
            drop(disk);
        }
        _ => fs::create_dir(&spool)?,
    }
    let view = service.desk.read_recipients(source(id)).await?;
    assert_eq!(view.recipients.len(), 2);
    is_readable(service, id, true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_in_a_received_file_stands_beside_it_and_nothing_is_left_out() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, service) = (&offices.exchange, &offices.service);
    let (made, _) = unit(&exchange.folder("odd")?, 45, "home_schedule")?;
    let line = exchange.terminal(&exchange.manager, "自作のプログラム").await?;
    // A program of somebody's own sends what no desk would: one file with a time that no day has, one of a text.
    let mut files: Vec<(String, Vec<u8>)> = made
        .files
        .iter()
        .map(|file| (file.name.as_str().to_owned(), file.bytes.clone()))
        .collect();
    let slip = files.iter_mut().find(|(name, _)| name.starts_with("UPPLAN"));
    let (_, slip) = slip.context("第6表")?;
    let at = slip
        .windows(6)
        .rposition(|bytes| bytes == b",0830,")
        .context("a time")?;
    slip[at + 1..at + 5].copy_from_slice(b"2961");
    let annex = files.iter_mut().find(|(name, _)| name.starts_with("UPSIKYU"));
    annex.context("第7表")?.1 = b"not a record of anybody\r\n".to_vec();
    let parts: Vec<(PartRole, Option<&str>, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (PartRole::StandardFile, Some(name.as_str()), bytes.as_slice()))
        .collect();
    let serial = made.files.first().map(|file| file.name.serial);
    let sent = send_raw(&line, HOME_HELP.party()?, serial, &parts).await?;
    let id = sent.map_err(|code| anyhow::anyhow!("{code:?}"))?;
    service.arrived(&[id]).await?;
    service.receive(&[id], &exchange.folder("received")?).await?;
    let view = service.desk.read_recipients(source(id)).await?;
    assert_eq!(view.files.len(), files.len());
    for (prefix, findings) in [("UPPLAN", true), ("UPSIKYU", true), ("UPHOSOKU", false)] {
        let file = view.files.iter().find(|file| file.name.starts_with(prefix));
        let Some(file) = file else { continue };
        assert_eq!(!file.findings.is_empty(), findings, "{prefix}: {:?}", file.findings);
    }
    let said = words(service, &view, id).await?;
    assert!(said.contains("2961") && said.contains("not a record of anybody"));
    Ok(())
}
