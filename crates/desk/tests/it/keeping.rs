//! How long things are kept: what nobody fetches, and copies of what was sent.

use std::sync::Arc;

use anyhow::{Context, Result};
use care_model::ProblemCode;
use chrono::{DateTime, TimeDelta, Utc};
use desk::ports::Clock;
use desk_ipc::{DeliveryRequest, DeskCommands, ListRequest, OutboxRow, OutboxStatus, SettingsEdit};
use test_support::{ExampleAccounts, OpenDesk};

use crate::support::{Offices, edit, names_in, pick_up};

/// The machine's clock, so many days ahead.
struct Moved(i64);

impl Clock for Moved {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::days(self.0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_lists_say_until_when_it_can_be_fetched_from_thirty_days_before() -> Result<()> {
    let offices = Offices::open().await?;
    let exchange = &offices.exchange;
    let (_, sent) = offices.send_plan(31, Vec::new()).await?;
    assert!(sent.keeping.is_none(), "{sent:?}");
    offices.manager.desk.refresh(()).await?;
    offices.manager.desk.shutdown().await;
    offices.service.desk.shutdown().await;
    // Every day on its own: whoever is signed in is not so two months later.
    let open = async |at: &ExampleAccounts, days: i64| {
        let profile = exchange.profile(at, "front");
        let desk = OpenDesk::open_with(&profile, |settings| settings.clock = Arc::new(Moved(days))).await?;
        desk.sign_in(at.office, &at.accounts).await?;
        anyhow::Ok(desk)
    };
    let mut gone = 0;
    for (days, shown) in [
        (59, None),
        (61, Some((28, false))),
        (84, Some((5, true))),
        (89, Some((0, true))),
    ] {
        // Both clocks go on together, so that a session is as long as ever.
        exchange.move_clock(TimeDelta::days(days - gone));
        gone = days;
        let (manager, service) = (
            open(&exchange.manager, days).await?,
            open(&exchange.service, days).await?,
        );
        let inbox = service.desk.inbox(ListRequest::first()).await?.rows.remove(0);
        let outbox = manager.desk.outbox(ListRequest::first()).await?.rows.remove(0);
        for keeping in [inbox.keeping, outbox.keeping] {
            let said = keeping.map(|keeping| (keeping.days_left, keeping.warns));
            assert_eq!(said, shown, "after {days} days");
        }
        let ending = service.desk.home(()).await?.figures.ending;
        assert_eq!(ending, u32::from(shown.is_some()), "after {days} days");
        manager.desk.shutdown().await;
        service.desk.shutdown().await;
    }
    let service = open(&exchange.service, 89).await?;
    // What is fetched ends no more.
    pick_up(&service, sent.delivery, &exchange.folder("received")?).await??;
    let row = service.arrived(&[sent.delivery]).await?.pop().context("the row")?;
    assert!(row.keeping.is_none(), "{row:?}");
    assert_eq!(service.desk.home(()).await?.figures.ending, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_days_no_copy_stays_and_nothing_is_sent_again() -> Result<()> {
    let offices = Offices::open().await?;
    let (exchange, manager, service) = (&offices.exchange, &offices.manager, &offices.service);
    let profile = exchange.profile(&exchange.manager, "front");
    let copies = || names_in(&profile.join("spool"));
    let target = exchange.folder("received")?;
    let downloaded = |row: &OutboxRow| matches!(row.status, OutboxStatus::Downloaded { .. });
    let (_, fetched) = offices.send_plan(32, Vec::new()).await?;
    service.receive(&[fetched.delivery], &target).await?;
    assert!(manager.outbox_row(fetched.delivery, downloaded).await?.can_resend);
    let of_fetched = copies()?;
    let (_, waiting) = offices.send_plan(33, Vec::new()).await?;
    assert!(manager.outbox_row(waiting.delivery, |_| true).await?.can_resend);
    let of_waiting: Vec<String> = copies()?
        .into_iter()
        .filter(|name| !of_fetched.contains(name))
        .collect();
    assert!(!of_fetched.is_empty() && !of_waiting.is_empty());

    let no_days = SettingsEdit {
        kept_days: 0,
        ..edit(&manager.desk.settings(()).await?)
    };
    assert_eq!(manager.desk.change_settings(no_days).await?.kept_days, 0);
    // What was fetched goes at once. What waits stays for an exchange that might be restored, and for nothing else.
    manager
        .when(async || Ok((copies()? == of_waiting).then_some(())))
        .await?;
    let refused = async |desk: &OpenDesk, delivery| {
        let row = desk.outbox_row(delivery, |_| true).await?;
        assert!(!row.can_resend, "{row:?}");
        let refusal = desk.desk.open_resend(DeliveryRequest { delivery }).await;
        let refusal = refusal.expect_err("a refusal");
        assert_eq!(refusal.code, ProblemCode::KeptCopyGone);
        let words = messages::problem(refusal.code.as_str(), &refusal.params);
        assert!(words.what.contains("0日"), "{words:?}");
        anyhow::Ok(())
    };
    for delivery in [fetched.delivery, waiting.delivery] {
        refused(manager, delivery).await?;
    }
    service.receive(&[waiting.delivery], &target).await?;
    manager.outbox_row(waiting.delivery, downloaded).await?;
    refused(manager, waiting.delivery).await?;
    manager.desk.shutdown().await;
    let reopened = OpenDesk::open(&profile).await?;
    assert_eq!(copies()?, Vec::<String>::new());
    reopened
        .sign_in(exchange.manager.office, &exchange.manager.accounts)
        .await?;
    refused(&reopened, waiting.delivery).await?;
    Ok(())
}
