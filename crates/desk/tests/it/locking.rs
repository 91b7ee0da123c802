//! Nobody at the desk (D13): behind the idle lock everything goes on and nothing is shown; signed out it counts.

use anyhow::{Context as _, Result};
use care_model::ProblemCode;
use desk::{Desk, ports::Notice};
use desk_ipc::{
    BoardRequest, CompositionMode, DeliveryRequest, DeskCommands, DetailRequest, ListIds, ListName, ListRange,
    ListRequest, Stage,
};
use test_support::CARE_MANAGEMENT;

use crate::support::{Offices, assert_refused, edit, only, unit};

/// Waits for what no hint marks.
async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

/// What a page without a person asks in vain.
async fn shows_nothing(desk: &Desk, delivery: care_model::DeliveryId) -> Result<()> {
    let refused = ProblemCode::SignInRequired;
    let one = || DeliveryRequest { delivery };
    let list = ListName::Inbox;
    assert_refused(desk.inbox(ListRequest::first()).await, refused);
    assert_refused(desk.outbox(ListRequest::first()).await, refused);
    let ListRequest { query, .. } = ListRequest::first();
    let (from, count) = (0, 1);
    let range = ListRange {
        list,
        query,
        from,
        count,
    };
    assert_refused(desk.list_ids(range).await, refused);
    let ids = ListIds {
        deliveries: vec![delivery],
    };
    assert_refused(desk.inbox_rows(ids).await, refused);
    assert_refused(desk.list_choices(list).await, refused);
    assert_refused(desk.delivery_detail(DetailRequest { list, delivery }).await, refused);
    assert_refused(desk.open_reply(one()).await, refused);
    assert_refused(desk.open_landed(one()).await, refused);
    assert_refused(desk.drafts(()).await, refused);
    assert_refused(desk.unfinished(()).await, refused);
    assert_refused(desk.home(()).await, refused);
    assert_refused(desk.terminals(()).await, refused);
    assert_refused(desk.refresh(()).await, refused);
    assert_refused(desk.sign_out_everywhere(()).await, refused);
    assert_refused(desk.board(BoardRequest::default()).await, refused);
    assert_refused(desk.print_page(()).await, refused);
    assert_refused(desk.paste_copied(()).await, refused);
    let settings = desk.settings(()).await?;
    assert_eq!(
        (settings.fixed_folder_name.as_ref(), settings.asks_passphrase),
        (None, false)
    );
    let mut other = edit(&settings);
    other.notices = !other.notices;
    assert_refused(desk.change_settings(other).await, refused);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_lock_everything_goes_on_and_nothing_is_shown() -> Result<()> {
    let offices = Offices::open().await?;
    let (manager, service) = (&offices.manager, &offices.service);
    // Something is in the work of the person who leaves, and a folder has a name.
    let files = offices.exchange.folder("files")?;
    let (_, paths) = unit(&files, 1, "home_plan")?;
    manager.surface.answer_folder(&files);
    manager.desk.choose_receive_folder(()).await?.context("a folder")?;
    let sent = manager.send_files(CompositionMode::Compose, paths).await?;
    let delivery = only(&sent.deliveries)?.delivery;
    until(|| service.surface.notices() == [Notice::Arrived { count: 1 }]).await;

    service.desk.lock(()).await?;
    manager.desk.lock(()).await?;
    for desk in [manager, service] {
        let stage = desk.desk.start(()).await?.stage;
        assert!(matches!(stage, Stage::Person { .. }), "{stage:?}");
        shows_nothing(&desk.desk, delivery).await?;
    }
    assert_refused(
        manager.desk.sending(sent.composition).await,
        ProblemCode::SignInRequired,
    );
    assert_refused(
        manager.desk.composition(sent.composition).await,
        ProblemCode::SignInRequired,
    );

    // Only step 2 opens it, and the one that worked behind the lock is heard of by both.
    let at = &offices.exchange.manager;
    manager
        .desk
        .sign_in_person(desk_ipc::PersonSignInStart {
            person_id: at.accounts.person.to_string(),
            password: CARE_MANAGEMENT.person_password.to_owned(),
            remember: false,
        })
        .await?;
    assert!(matches!(manager.desk.start(()).await?.stage, Stage::Office { .. }));
    shows_nothing(&manager.desk, delivery).await?;
    manager.sign_in(at.office, &at.accounts).await?;
    let (_, paths) = unit(&offices.exchange.folder("more")?, 2, "home_plan")?;
    manager.send_files(CompositionMode::Compose, paths).await?;
    until(|| service.surface.notices().len() == 2).await;
    until(|| service.surface.tray().waiting == 2).await;
    assert!(service.surface.tray().signed_in);
    shows_nothing(&service.desk, delivery).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_after_the_lock_ends_the_session_behind_it() -> Result<()> {
    let offices = Offices::open().await?;
    let (desk, at) = (&offices.service, &offices.exchange.service);
    let database = offices.exchange.folder("exchange")?.join("exchange.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(database)
        .read_only(true);
    let database = sqlx::SqlitePool::connect_with(options).await?;
    let sessions = async || -> Result<Vec<i64>> {
        let rows = sqlx::query_scalar("SELECT row FROM session ORDER BY row");
        Ok(rows.fetch_all(&database).await?)
    };
    let before = sessions().await?;
    desk.desk.lock(()).await?;
    assert_eq!(sessions().await?, before, "the lock ends no session");
    desk.sign_in(at.office, &at.accounts).await?;
    loop {
        let now = sessions().await?;
        if now.len() == before.len() {
            assert_ne!(now, before);
            break;
        }
    }
    desk.desk.home(()).await?;
    // An explicit ログアウト behind the lock ends it all the same.
    desk.desk.lock(()).await?;
    desk.desk.sign_out(()).await?;
    while sessions().await?.len() != before.len() - 1 {}
    database.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_without_a_person_counts_what_comes_and_shows_nothing() -> Result<()> {
    let offices = Offices::open().await?;
    let (manager, service) = (&offices.manager, &offices.service);
    let send = async |seed: u64| -> Result<care_model::DeliveryId> {
        let (_, paths) = unit(&offices.exchange.folder(&format!("files-{seed}"))?, seed, "home_plan")?;
        let sent = manager.send_files(CompositionMode::Compose, paths).await?;
        Ok(only(&sent.deliveries)?.delivery)
    };
    let first = send(3).await?;
    until(|| service.surface.notices() == [Notice::Arrived { count: 1 }]).await;

    service.desk.sign_out(()).await?;
    let second = send(4).await?;
    // What was listed before is not told of again, but counted.
    until(|| service.surface.notices().len() == 2).await;
    assert_eq!(service.surface.notices()[1], Notice::Arrived { count: 2 });
    until(|| service.surface.tray().waiting == 2).await;
    let tray = service.surface.tray();
    assert!(tray.online && !tray.signed_in, "{tray:?}");
    shows_nothing(&service.desk, second).await?;

    // As after a start with the computer: told of once, whoever was told.
    service.desk.shutdown().await;
    send(5).await?;
    let profile = offices.exchange.profile(&offices.exchange.service, "front");
    let again = test_support::OpenDesk::open(&profile).await?;
    until(|| again.surface.notices() == [Notice::Arrived { count: 3 }]).await;
    until(|| again.surface.tray().waiting == 3).await;
    shows_nothing(&again.desk, second).await?;
    again.desk.shutdown().await;
    let again = test_support::OpenDesk::open(&profile).await?;
    until(|| again.surface.tray().waiting == 3).await;
    assert_eq!(again.surface.notices(), [], "nothing new came since");

    // Who signs in finds them in the list, without another notice.
    let at = &offices.exchange.service;
    again.sign_in(at.office, &at.accounts).await?;
    again.arrived(&[first, second]).await?;
    assert_eq!(again.surface.notices(), []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ran_out_leaves_a_desk_that_counts() -> Result<()> {
    let offices = Offices::open().await?;
    let (manager, service) = (&offices.manager, &offices.service);
    offices.exchange.move_clock(chrono::TimeDelta::hours(25));
    // This PC does not know it yet: the exchange says so.
    assert!(service.desk.refresh(()).await.is_err());
    let at = &offices.exchange.manager;
    manager.desk.sign_out(()).await?;
    manager.sign_in(at.office, &at.accounts).await?;
    let (_, paths) = unit(&offices.exchange.folder("files")?, 6, "home_plan")?;
    manager.send_files(CompositionMode::Compose, paths).await?;
    until(|| service.surface.notices() == [Notice::Arrived { count: 1 }]).await;
    until(|| service.surface.tray().waiting == 1).await;
    assert!(!service.surface.tray().signed_in);
    Ok(())
}
