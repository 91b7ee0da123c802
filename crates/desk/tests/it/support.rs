//! Files to send, and shorter ways.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use care_model::{DeliveryId, Digest, Edition, Party, ProblemCode, Serial, ServiceMonth};
use care_samples::{SampleUnit, Samples, Size, UnitRequest};
use desk_ipc::{CommandError, CompositionMode, CompositionView, InboxRow, SendRow, SettingsEdit, SettingsView};
use exchange_client::SignedIn;
use exchange_protocol::{DeliveryHeader, Part, PartRole, Sealing};
use test_support::{CARE_MANAGEMENT, ExampleExchange, HOME_HELP, OpenDesk};

/// A unit from the care manager to the helpers, written into a folder.
pub(crate) fn unit(folder: &Path, seed: u64, id: &str) -> Result<(SampleUnit, Vec<PathBuf>)> {
    unit_to(folder, &mut Samples::new(seed), id, HOME_HELP.party()?)
}

/// A unit to any destination.
pub(crate) fn unit_to(folder: &Path, samples: &mut Samples, id: &str, to: Party) -> Result<(SampleUnit, Vec<PathBuf>)> {
    let made = samples
        .unit(&UnitRequest {
            unit: id,
            edition: Edition::V4,
            from: CARE_MANAGEMENT.party()?,
            to,
            month: ServiceMonth::parse("202604")?,
            size: Size::Recipients(2),
        })
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    made.write_into(folder)?;
    let paths = made.files.iter().map(|file| folder.join(file.name.as_str())).collect();
    Ok((made, paths))
}

/// A file that may be attached.
pub(crate) fn pdf(folder: &Path, name: &str, bytes: usize) -> Result<PathBuf> {
    let path = folder.join(name);
    let mut content = b"%PDF-1.7\n".to_vec();
    content.extend((0..bytes).map(|n| (n % 251) as u8));
    std::fs::write(&path, content)?;
    Ok(path)
}

/// A real small disk, where the machine lets us make one.
pub(crate) struct SmallDisk(pub(crate) PathBuf);

impl SmallDisk {
    /// Mounts one; who is not root asks `sudo`, which answers at once or not at all. Where neither may, it is said.
    pub(crate) fn mount(at: PathBuf, size: &str) -> Option<Self> {
        let options = format!("size={size},mode=777");
        let mounted = as_root("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], &at);
        if !mounted {
            let said = b"this computer lets nobody mount: no full disk was seen\n";
            let _ = std::io::Write::write_all(&mut std::io::stderr(), said);
        }
        mounted.then_some(Self(at))
    }

    /// Writes until nothing more fits. The disk has room again once the file is deleted.
    pub(crate) fn fill(&self) -> Result<PathBuf> {
        let path = self.0.join("filling");
        let mut filling = std::fs::File::create(&path)?;
        loop {
            match std::io::Write::write(&mut filling, &[0; 4_096]) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(path),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a test that failed leaves its desk open.
        as_root("umount", &["--lazy"], &self.0);
    }
}

fn as_root(command: &str, arguments: &[&str], folder: &Path) -> bool {
    let succeeds = |command: &mut std::process::Command| {
        let status = command
            .args(arguments)
            .arg(folder)
            .stderr(std::process::Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    succeeds(&mut std::process::Command::new(command))
        || succeeds(std::process::Command::new("sudo").args(["-n", command]))
}

/// Sends as a program of somebody's own does, past every check of the desk: parts with their role, name and bytes.
pub(crate) async fn send_raw(
    line: &SignedIn,
    to: Party,
    serial: Option<Serial>,
    parts: &[(PartRole, Option<&str>, &[u8])],
) -> Result<Result<DeliveryId, ProblemCode>> {
    let header = DeliveryHeader {
        id: DeliveryId::generate(),
        from: CARE_MANAGEMENT.party()?,
        to,
        serial,
        unit: None,
        declared_month: None,
        declared_recipients: None,
        parts: parts
            .iter()
            .map(|(role, name, bytes)| Part {
                role: *role,
                name: name.map(str::to_owned),
                size_bytes: bytes.len() as u64,
                digest: Digest::of(bytes),
            })
            .collect(),
        sealing: Sealing::None,
    };
    let bytes: Vec<Bytes> = parts.iter().map(|(.., bytes)| Bytes::copy_from_slice(bytes)).collect();
    let sent = line.send_small(header.id, &serde_json::to_vec(&header)?, &bytes).await;
    Ok(sent.map(|_| header.id).map_err(|error| error.code()))
}

/// Both offices' desks at a new exchange.
pub(crate) struct Offices {
    pub(crate) exchange: ExampleExchange,
    pub(crate) manager: OpenDesk,
    pub(crate) service: OpenDesk,
}

impl Offices {
    pub(crate) async fn open() -> Result<Self> {
        let exchange = ExampleExchange::start().await?;
        let manager = exchange.desk(&exchange.manager, "front").await?;
        let service = exchange.desk(&exchange.service, "front").await?;
        Ok(Self {
            exchange,
            manager,
            service,
        })
    }

    /// Sends one plan with extra files, and waits until it is in 受信一覧 of the other office.
    pub(crate) async fn send_plan(&self, seed: u64, extra: Vec<PathBuf>) -> Result<(SampleUnit, InboxRow)> {
        let folder = self.exchange.folder(&format!("files-{seed}"))?;
        let (made, mut paths) = unit(&folder, seed, "home_plan")?;
        paths.extend(extra);
        let sent = self.manager.send_files(CompositionMode::Compose, paths).await?;
        let id = only(&sent.deliveries)?.delivery;
        let rows = self.service.arrived(&[id]).await?;
        Ok((made, rows.into_iter().next().context("no row")?))
    }
}

pub(crate) fn only(rows: &[SendRow]) -> Result<&SendRow> {
    match rows {
        [row] => Ok(row),
        rows => anyhow::bail!("{} deliveries instead of one", rows.len()),
    }
}

/// データ取得 of one delivery, with its refusal if there is one.
pub(crate) async fn pick_up(desk: &OpenDesk, delivery: DeliveryId, folder: &Path) -> Result<Result<(), CommandError>> {
    match desk.start_receiving(&[delivery], folder).await {
        Ok(()) => Ok(Ok(())),
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

/// Every code that a composition shows, wherever it stands.
pub(crate) fn codes(view: &CompositionView) -> Vec<String> {
    let deliveries = view.deliveries.iter();
    let of_deliveries = deliveries.flat_map(|d| d.findings.iter().chain(d.files.iter().flat_map(|f| &f.findings)));
    let of_unplaced = view.unplaced.iter().flat_map(|file| &file.findings);
    let all = view.findings.iter().chain(of_unplaced).chain(of_deliveries);
    all.map(|finding| finding.code.clone()).collect()
}

/// What is visible in a folder, and what is hidden, by name.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    Ok(names)
}

/// Whether a refusal has this code and words in the catalogue.
pub(crate) fn assert_refused<T: std::fmt::Debug>(result: Result<T, CommandError>, code: ProblemCode) {
    let error = result.expect_err("a refusal");
    assert_eq!(error.code, code, "{error:?}");
    let words = messages::problem(code.as_str(), &error.params);
    assert!(!words.what.is_empty() && !words.what.contains('－'), "{words:?}");
}

/// The database of a profile, opened beside the desk or after it.
pub(crate) async fn database(profile: &Path) -> Result<sqlx::SqlitePool> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(profile.join("desk.db"));
    Ok(sqlx::SqlitePool::connect_with(options).await?)
}

/// 設定 as they stand, to change something of them.
pub(crate) fn edit(view: &SettingsView) -> SettingsEdit {
    SettingsEdit {
        receive_into: view.receive_into,
        naming: view.naming,
        flat: view.flat,
        kept_days: view.kept_days,
        notices: view.notices,
        starts_with_computer: view.starts_with_computer,
        stays_in_tray: view.stays_in_tray,
        proxy: view.proxy.clone(),
    }
}

/// Everything that is logged in this process, at any level, by whatever crate: the desks and the exchange.
#[derive(Clone, Default)]
pub(crate) struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    /// From now on; asked for again, from the first time on.
    pub(crate) fn of_this_process() -> Self {
        static LOGGED: OnceLock<Logged> = OnceLock::new();
        let begin = || {
            let logged = Self::default();
            let into = logged.clone();
            tracing_subscriber::fmt()
                .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
                .with_ansi(false)
                .with_writer(move || into.clone())
                .init();
            logged
        };
        LOGGED.get_or_init(begin).clone()
    }

    pub(crate) fn text(&self) -> String {
        let logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&logged).into_owned()
    }
}

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logged.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
