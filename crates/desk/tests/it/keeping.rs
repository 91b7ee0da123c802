//! What nobody fetches: both sides are shown until when it is kept, once that is near.

use std::sync::Arc;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use desk::ports::Clock;
use desk_ipc::{DeskCommands, ListRequest};
use test_support::{ExampleAccounts, OpenDesk};

use crate::support::{Offices, pick_up};

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
