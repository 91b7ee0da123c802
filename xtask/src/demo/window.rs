//! The demo for people: the exchange, two windows, and what to type.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use super::{
    build,
    exchange::{Accounts, Exchange},
    offices::{DemoOffice, OFFICES},
    program, samples,
};
use crate::{root, setup};

/// Installs, builds, starts the exchange and one window for each office, and says what to do.
pub(crate) fn window() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    if cfg!(target_os = "linux")
        && std::env::var_os("DISPLAY").is_none()
        && std::env::var_os("WAYLAND_DISPLAY").is_none()
    {
        bail!("there is no screen here; `cargo xtask demo --headless` does the same job without one");
    }
    setup::packages(&shell, &[setup::WINDOW, setup::FONTS])?;
    setup::node(&shell)?;
    cmd!(shell, "npm run --silent build").run()?;
    build(&shell, true)?;

    let folder = root().join("target/demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("clearing the last demo")?;
    }
    fs::create_dir_all(&folder)?;
    let connection = folder.join("connection.json");
    let (mut exchange, accounts) = Exchange::start(&folder.join("exchange"), &connection, &OFFICES)?;
    samples::write(&shell, &folder.join("samples"))?;

    let mut windows = Vec::new();
    for office in &OFFICES {
        fs::create_dir_all(folder.join(office.number).join("received"))?;
        windows.push(opened(&folder, office)?);
    }
    explain(&folder, &connection, &accounts);
    for window in &mut windows {
        window.wait().context("waiting for a window")?;
    }
    println!("\nBoth windows are closed. The exchange runs on until you press Ctrl-C.");
    exchange.wait()
}

/// One window with a profile of its own.
fn opened(folder: &Path, office: &DemoOffice) -> Result<Child> {
    Command::new(program("careplan-exchange"))
        .arg("--profile")
        .arg(folder.join(office.number).join("profile"))
        .arg("--key-file")
        .stdin(Stdio::null())
        .spawn()
        .context("opening a window")
}

/// What a newcomer has to know, in the order in which it is needed.
fn explain(folder: &Path, connection: &Path, accounts: &[Accounts]) {
    println!("\nTwo windows are open, one for each office. In each:\n");
    println!("1. 初期設定: choose the connection file");
    println!("     {}", connection.display());
    println!("   and type the 事業所ユーザID and the 証明書発行用パスワード.");
    println!("2. ログイン: first the 個人ユーザID, then the 事業所ユーザID.\n");
    for (office, accounts) in OFFICES.iter().zip(accounts) {
        println!("   {} ({}, {})", office.name, office.number, office.kind);
        println!(
            "     個人ユーザID   {:<16} パスワード {}",
            accounts.person, office.person_password
        );
        println!(
            "     事業所ユーザID {:<16} パスワード {}",
            accounts.office, office.office_password
        );
        println!("     証明書発行用パスワード {}\n", office.issue_password);
    }
    let [manager, service] = &OFFICES;
    let units = folder.join("samples").join(manager.number).join(service.number);
    println!(
        "3. In the window of {}: 新規作成, drop the files of one folder of",
        manager.name
    );
    println!("     {}", units.display());
    println!("   (they are invented), and press 送信. The first time it asks about the office: 内容を確認して送る.");
    println!(
        "4. In the window of {}: 受信一覧, select the green row, データ取得, and choose",
        service.name
    );
    println!("     {}", folder.join(service.number).join("received").display());
    println!("   The row becomes 済; pressing データ取得 again is refused.");
    println!("5. In the first window: 送信一覧 shows 済 with the time.");
    println!(
        "   The way back: files of {}",
        folder
            .join("samples")
            .join(service.number)
            .join(manager.number)
            .display()
    );
}
