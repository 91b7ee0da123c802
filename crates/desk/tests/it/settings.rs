//! 設定: what is kept, what is refused, and what it changes.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use care_model::{ProblemCode, limits};
use desk::ports::Notice;
use desk_ipc::{
    DeskCommands, LookView, Naming, OutboxStatus, Proxy, ReceiveInto, SettingsEdit, Stage, TextSize, Theme,
};
use test_support::{ExampleExchange, OpenDesk};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::support::{Offices, assert_refused, edit};

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_kept_and_what_cannot_stand_changes_nothing() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let open = exchange.desk(at, "front").await?;
    let before = open.desk.settings(()).await?;
    assert_eq!(before.receive_into, ReceiveInto::Ask);
    assert!(before.notices && before.stays_in_tray && open.desk.stays_in_tray());
    for (wrong, code) in [
        (
            SettingsEdit {
                kept_days: limits::KEPT_DAYS_MAX + 1,
                ..edit(&before)
            },
            ProblemCode::RequestMalformed,
        ),
        (
            SettingsEdit {
                receive_into: ReceiveInto::Fixed,
                ..edit(&before)
            },
            ProblemCode::FolderMissing,
        ),
        (
            SettingsEdit {
                proxy: Proxy::Manual {
                    host: "http://proxy".to_owned(),
                    port: 8080,
                },
                ..edit(&before)
            },
            ProblemCode::ProxyInvalid,
        ),
    ] {
        assert_refused(open.desk.change_settings(wrong).await, code);
        assert_eq!(open.desk.settings(()).await?, before);
    }
    assert_eq!(open.desk.choose_receive_folder(()).await?, None);
    let folder = exchange.folder("受信データ")?;
    open.surface.answer_folder(&folder);
    let chosen = open.desk.choose_receive_folder(()).await?.context("a folder")?;
    assert_eq!(chosen.receive_into, ReceiveInto::Fixed);
    assert_eq!(chosen.fixed_folder_name.as_deref(), Some("受信データ"));
    assert!(chosen.fixed_folder_found);
    let wanted = SettingsEdit {
        naming: Naming::OfficeFolder,
        flat: true,
        kept_days: 0,
        notices: false,
        starts_with_computer: Some(true),
        stays_in_tray: false,
        ..edit(&chosen)
    };
    let after = open.desk.change_settings(wanted.clone()).await?;
    assert_eq!(edit(&after), wanted);
    assert!(!open.desk.stays_in_tray());
    open.desk.shutdown().await;

    let again = OpenDesk::open(&exchange.profile(at, "front")).await?;
    // Before ログイン the way to the exchange alone may be changed, and no folder is named.
    let signed_out = again.desk.settings(()).await?;
    assert_eq!(signed_out.fixed_folder_name, None);
    let other = SettingsEdit {
        notices: true,
        ..edit(&signed_out)
    };
    assert_refused(again.desk.change_settings(other).await, ProblemCode::SignInRequired);
    assert_refused(again.desk.choose_receive_folder(()).await, ProblemCode::SignInRequired);
    again.sign_in(at.office, &at.accounts).await?;
    let kept = again.desk.settings(()).await?;
    assert!(kept.flat && !kept.notices && kept.kept_days == 0);
    assert_eq!(kept.fixed_folder_name.as_deref(), Some("受信データ"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_look_stands_before_anybody_signs_in_and_a_broken_file_is_no_matter() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let open = OpenDesk::open(dir.path()).await?;
    let look = LookView {
        text_size: TextSize::Large,
        theme: Theme::Dark,
        mascot_hidden: true,
    };
    open.desk.change_look(look).await?;
    assert_eq!(open.desk.start(()).await?.look, look);
    open.desk.shutdown().await;
    let again = OpenDesk::open(dir.path()).await?;
    assert_eq!(again.desk.start(()).await?.look, look);
    again.desk.shutdown().await;
    std::fs::write(dir.path().join("look.json"), "{\"theme\":")?;
    let broken = OpenDesk::open(dir.path()).await?;
    assert_eq!(broken.desk.start(()).await?.look, LookView::default());
    Ok(())
}

/// A proxy that passes on what `CONNECT` asks for, and counts.
struct TinyProxy {
    address: SocketAddr,
    passed: watch::Receiver<u32>,
}

impl TinyProxy {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (count, passed) = watch::channel(0);
        let count = Arc::new(count);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    let passed = pass_on(stream, &count).await;
                    passed.is_ok()
                });
            }
        });
        Ok(Self { address, passed })
    }
}

async fn pass_on(stream: TcpStream, count: &watch::Sender<u32>) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await?;
    let target = first.split(' ').nth(1).context("a target")?.to_owned();
    anyhow::ensure!(first.starts_with("CONNECT "), "{first}");
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
    }
    let mut exchange = TcpStream::connect(target).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    count.send_modify(|count| *count += 1);
    copy_bidirectional(&mut stream, &mut exchange).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_serves_from_the_moment_it_is_named() -> Result<()> {
    let exchange = ExampleExchange::start().await?;
    let at = &exchange.manager;
    let profile = exchange.profile(at, "front");
    exchange.desk(at, "front").await?.desk.shutdown().await;
    let open = OpenDesk::open(&profile).await?;
    let proxy = TinyProxy::start().await?;
    let by = |port| Proxy::Manual {
        host: " LOCALHOST ".to_owned(),
        port,
    };
    let direct = open.desk.settings(()).await?;
    // A way on which nobody answers: nothing goes past it.
    let closed = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    let wrong = SettingsEdit {
        proxy: by(closed),
        ..edit(&direct)
    };
    open.desk.change_settings(wrong).await?;
    assert!(open.sign_in(at.office, &at.accounts).await.is_err());
    let right = SettingsEdit {
        proxy: by(proxy.address.port()),
        ..edit(&direct)
    };
    let shown = open.desk.change_settings(right).await?.proxy;
    assert_eq!(
        shown,
        Proxy::Manual {
            host: "localhost".to_owned(),
            port: proxy.address.port()
        }
    );
    open.sign_in(at.office, &at.accounts).await?;
    assert!(matches!(open.desk.start(()).await?.stage, Stage::Open { .. }));
    assert!(*proxy.passed.borrow() > 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notices_the_tray_alone_tells_what_arrived() -> Result<()> {
    let offices = Offices::open().await?;
    let (manager, service) = (&offices.manager, &offices.service);
    let want_notices = async |notices| {
        for desk in [manager, service] {
            let wanted = SettingsEdit {
                notices,
                ..edit(&desk.desk.settings(()).await?)
            };
            desk.desk.change_settings(wanted).await?;
        }
        anyhow::Ok(())
    };
    want_notices(false).await?;
    let (_, first) = offices.send_plan(60, Vec::new()).await?;
    assert_eq!(service.surface.tray().waiting, 1);
    let (_, second) = offices.send_plan(61, Vec::new()).await?;
    assert_eq!(service.surface.tray().waiting, 2);
    service
        .receive(&[first.delivery], &offices.exchange.folder("received")?)
        .await?;
    service.desk.refresh(()).await?;
    assert_eq!(service.surface.tray().waiting, 1);
    manager.desk.refresh(()).await?;
    manager
        .outbox_row(first.delivery, |row| {
            matches!(row.status, OutboxStatus::Downloaded { .. })
        })
        .await?;
    assert!(manager.surface.notices().is_empty() && service.surface.notices().is_empty());

    // What came meanwhile is not told afterwards.
    want_notices(true).await?;
    let (_, third) = offices.send_plan(62, Vec::new()).await?;
    assert_ne!(third.delivery, second.delivery);
    assert_eq!(service.surface.notices(), [Notice::Arrived { count: 1 }]);
    assert_eq!(service.surface.tray().waiting, 2);
    Ok(())
}
