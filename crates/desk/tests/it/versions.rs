//! 前回との違い: a plan beside the last one between the two offices, before sending, of what was sent and of what came.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use care_model::{DeliveryId, Edition, ProblemCode, ServiceMonth};
use care_samples::{Samples, Size, UnitRequest};
use desk_ipc::{ChangeKind, ChangeLine, ChangesRequest, CompositionMode, DeskCommands, PlanChanges, ReadingSource};
use test_support::{CARE_MANAGEMENT, HOME_HELP, OpenDesk};

use crate::support::{Offices, assert_refused, edit, only, unit};

/// Who made the plans of the samples, and somebody else.
const NAME: (&str, &str) = ("髙橋 架空子", "佐藤 架空子");

/// The files of a folder under another serial, with something else in the file of a prefix.
fn later(
    from: &Path,
    into: &Path,
    serial: &str,
    prefix: &str,
    change: impl Fn(&str) -> String,
) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().context("a name")?.to_string_lossy().into_owned();
        let (before, _) = name.rsplit_once('_').context("a serial")?;
        let mut text = care_csv::decode(&std::fs::read(&path)?).into_owned();
        if name.starts_with(prefix) {
            let changed = change(&text);
            anyhow::ensure!(changed != text, "nothing was changed: {text}");
            text = changed;
        }
        let to = into.join(format!("{before}_{serial}.CSV"));
        std::fs::write(
            &to,
            care_csv::encode(&text).map_err(|error| anyhow::anyhow!("{error}"))?,
        )?;
        paths.push(to);
    }
    paths.sort();
    Ok(paths)
}

/// The first care recipient's plan is made by somebody else.
fn made_by_another(text: &str) -> String {
    text.replacen(NAME.0, NAME.1, 1)
}

async fn send(offices: &Offices, paths: Vec<PathBuf>) -> Result<DeliveryId> {
    let sent = offices.manager.send_files(CompositionMode::Compose, paths).await?;
    let delivery = only(&sent.deliveries)?.delivery;
    offices.service.arrived(&[delivery]).await?;
    offices
        .manager
        .outbox_row(delivery, |row| row.delivery == delivery)
        .await?;
    Ok(delivery)
}

/// What changed for the first care recipient of files that are not sent yet.
async fn before_sending(desk: &OpenDesk, paths: Vec<PathBuf>) -> Result<Vec<PlanChanges>> {
    let view = desk.compose(CompositionMode::Compose, paths).await?;
    let composed = ReadingSource::Composition {
        composition: view.id,
        delivery: None,
    };
    let plans = changes(desk, composed).await?;
    desk.desk.discard_composition(view.id).await?;
    Ok(plans)
}

async fn changes(desk: &OpenDesk, source: ReadingSource) -> Result<Vec<PlanChanges>> {
    let request = ChangesRequest { source, recipient: 0 };
    Ok(desk.desk.read_changes(request).await?)
}

fn only_plan(plans: Vec<PlanChanges>) -> Result<PlanChanges> {
    let count = plans.len();
    match <[PlanChanges; 1]>::try_from(plans) {
        Ok([plan]) => Ok(plan),
        Err(_) => anyhow::bail!("{count} plans"),
    }
}

/// The one thing that changed, with the form in which it did.
fn one_change(plan: &PlanChanges) -> Result<(&str, &ChangeLine)> {
    plan.earlier_at.context("no earlier one")?;
    assert!(plan.forms.iter().all(|form| form.whole.is_none() && form.more == 0));
    let forms = plan.forms.iter();
    let all: Vec<_> = forms
        .flat_map(|form| form.lines.iter().map(|line| (form.title.as_str(), line)))
        .collect();
    match all.as_slice() {
        [(title, line)] => Ok((title, line)),
        all => anyhow::bail!("{} changes", all.len()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_the_last_plan_is_said_before_sending_and_of_what_was_sent() -> Result<()> {
    let offices = Offices::open().await?;
    let manager = &offices.manager;
    let folder = offices.exchange.folder("first")?;
    let (_, paths) = unit(&folder, 500, "home_plan")?;
    // Nothing is called new: what is here says nothing of what went by paper.
    let plan = only_plan(before_sending(manager, paths.clone()).await?)?;
    assert_eq!((plan.earlier_at, plan.forms.len()), (None, 0));
    assert!(
        plan.remarks.concat().contains("送信一覧にありません"),
        "{:?}",
        plan.remarks
    );
    assert_eq!(
        (plan.title.as_str(), plan.office.as_str()),
        ("居宅サービス計画書", HOME_HELP.number)
    );
    let first = send(&offices, paths).await?;

    // Another care recipient's plan in between is not taken for it.
    let others = offices.exchange.folder("others")?;
    unit(&others, 9_000, "home_plan")?;
    let elsewhere = offices.exchange.folder("elsewhere")?;
    let paths = later(&others, &elsewhere, "20260330120000", "none of them", made_by_another)?;
    let between = send(&offices, paths).await?;

    let second_folder = offices.exchange.folder("second")?;
    let paths = later(&folder, &second_folder, "20260401120000", "UP1KYO", made_by_another)?;
    let plan = only_plan(before_sending(manager, paths.clone()).await?)?;
    let (form, line) = one_change(&plan)?;
    assert!(form.contains("第1表"), "{form}");
    assert_eq!((line.before.as_str(), line.after.as_str()), NAME);
    assert_eq!((line.kind, line.record.as_str()), (ChangeKind::Changed, ""));
    assert_eq!(line.field, "居宅サービス計画作成者");
    assert!(plan.remarks.is_empty(), "{:?}", plan.remarks);
    let second = send(&offices, paths.clone()).await?;

    // Of what was sent each is compared with the one before it, and what is sent again with itself.
    let sent = |delivery| ReadingSource::Sent { delivery };
    let plan = only_plan(changes(manager, sent(second)).await?)?;
    assert_eq!(one_change(&plan)?.1.after, NAME.1);
    let plan = only_plan(changes(manager, sent(first)).await?)?;
    assert_eq!(plan.earlier_at, None);
    let plan = only_plan(changes(manager, sent(between)).await?)?;
    assert!(plan.remarks.concat().contains("1件を調べました"), "{:?}", plan.remarks);
    let plan = only_plan(before_sending(manager, paths).await?)?;
    assert!(plan.earlier_at.is_some() && plan.forms.iter().all(|form| form.lines.is_empty()));
    assert_eq!(plan.forms.len(), 4);

    // A record that names nobody may be this care recipient's: it is said.
    let odd = offices.exchange.folder("odd")?;
    let nobody = |text: &str| {
        let (before, last) = text.rsplit_once("\r\n202407,").unwrap_or_default();
        let rest = last.splitn(3, ',').nth(2).unwrap_or_default();
        format!("{before}\r\n202407,,,{rest}")
    };
    let paths = later(&second_folder, &odd, "20260402120000", "UP3KYO", nobody)?;
    let plan = only_plan(before_sending(manager, paths).await?)?;
    assert!(plan.remarks.concat().contains("読めない"), "{:?}", plan.remarks);

    // Without copies what was sent is refused as in 内容を見る, and what is to be sent has nothing to stand beside.
    let mut without = edit(&manager.desk.settings(()).await?);
    without.kept_days = 0;
    manager.desk.change_settings(without).await?;
    let request = ChangesRequest {
        source: sent(second),
        recipient: 0,
    };
    assert_refused(manager.desk.read_changes(request).await, ProblemCode::KeptCopyGone);
    let paths = later(
        &folder,
        &offices.exchange.folder("third")?,
        "20260403120000",
        "UP1KYO",
        made_by_another,
    )?;
    let plan = only_plan(before_sending(manager, paths).await?)?;
    assert_eq!(plan.earlier_at, None);
    assert!(
        plan.remarks.concat().contains("ほかに送信した3件"),
        "{:?}",
        plan.remarks
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_is_compared_with_what_came_before_it_by_the_names_of_this_side() -> Result<()> {
    let offices = Offices::open().await?;
    let service = &offices.service;
    let folder = offices.exchange.folder("first")?;
    let (_, paths) = unit(&folder, 510, "home_schedule")?;
    let first = send(&offices, paths).await?;
    // The first visit begins later; then a second one is gone.
    let earlier = |text: &str| text.replacen(",0800,0830,", ",0815,0830,", 1);
    let second_folder = offices.exchange.folder("second")?;
    let second = send(
        &offices,
        later(&folder, &second_folder, "20260401120000", "UPPLAN", earlier)?,
    )
    .await?;
    let third_folder = offices.exchange.folder("third")?;
    let less = |text: &str| {
        let mut lines: Vec<&str> = text.split_inclusive("\r\n").collect();
        lines.remove(1);
        lines.concat()
    };
    let paths = later(&second_folder, &third_folder, "20260402120000", "UPPLAN", less)?;
    let third = send(&offices, paths).await?;

    let received = |delivery| ReadingSource::Received { delivery };
    let target = offices.exchange.folder("received")?;
    // The second is not fetched yet: the third is beside the first, and that is said.
    service.receive(&[first, third], &target).await?;
    let of = async |delivery, ready: fn(&PlanChanges) -> bool| -> Result<PlanChanges> {
        // A copy is made once everything else about what landed is done.
        service
            .when(async || {
                let request = ChangesRequest {
                    source: received(delivery),
                    recipient: 0,
                };
                let plans = service.desk.read_changes(request).await.ok();
                let plan = plans.and_then(|plans| plans.into_iter().next());
                Ok(plan.filter(&ready))
            })
            .await
    };
    let plan = of(third, |plan| plan.earlier_at.is_some()).await?;
    assert!(plan.remarks.concat().contains("後に届いた1件"), "{:?}", plan.remarks);
    assert!(
        plan.title.contains("提供票・別表") && plan.title.contains("2026年4月分"),
        "{}",
        plan.title
    );
    let slip = plan
        .forms
        .iter()
        .find(|form| form.lines.len() == 2)
        .context("the slip")?;
    assert!(slip.title.contains("提供票"), "{}", slip.title);
    let kinds: Vec<ChangeKind> = slip.lines.iter().map(|line| line.kind).collect();
    assert_eq!(kinds, [ChangeKind::Changed, ChangeKind::Removed]);
    assert!(slip.lines[1].before.contains("08:00") && slip.lines[1].after.is_empty());

    service.receive(&[second], &target).await?;
    let plan = of(third, |plan| plan.remarks.is_empty()).await?;
    let (_, line) = one_change(&plan)?;
    assert_eq!(line.kind, ChangeKind::Removed);
    let plan = of(second, |plan| plan.earlier_at.is_some()).await?;
    let (_, line) = one_change(&plan)?;
    assert_eq!((line.before.as_str(), line.after.as_str()), ("08:00", "08:15"));
    assert!(line.record.contains("1(水)"), "{}", line.record);
    let plan = of(first, |plan| plan.earlier_at.is_none()).await?;
    assert!(
        plan.remarks.concat().contains("受信一覧にありません"),
        "{:?}",
        plan.remarks
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_month_is_no_earlier_version_and_who_is_not_there_has_none() -> Result<()> {
    let offices = Offices::open().await?;
    let manager = &offices.manager;
    let month = |name: &str, month: &str| -> Result<Vec<PathBuf>> {
        let made = Samples::new(520)
            .unit(&UnitRequest {
                unit: "home_schedule",
                edition: Edition::V4,
                from: CARE_MANAGEMENT.party()?,
                to: HOME_HELP.party()?,
                month: ServiceMonth::parse(month)?,
                size: Size::Recipients(2),
            })
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let folder = offices.exchange.folder(name)?;
        made.write_into(&folder)?;
        Ok(made.files.iter().map(|file| folder.join(file.name.as_str())).collect())
    };
    send(&offices, month("april", "202604")?).await?;
    let plan = only_plan(before_sending(manager, month("may", "202605")?).await?)?;
    assert_eq!(plan.earlier_at, None);
    assert!(plan.title.contains("2026年5月分"), "{}", plan.title);
    let plan = only_plan(before_sending(manager, month("april-again", "202604")?).await?)?;
    assert!(plan.earlier_at.is_some());

    // Who is not in it has no plan to compare.
    let view = manager
        .compose(CompositionMode::Compose, month("april-last", "202604")?)
        .await?;
    let request = ChangesRequest {
        source: ReadingSource::Composition {
            composition: view.id,
            delivery: None,
        },
        recipient: 99,
    };
    assert!(manager.desk.read_changes(request).await?.is_empty());
    Ok(())
}
