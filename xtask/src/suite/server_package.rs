//! The server's package. At every landing: it is built, and its unit holds to systemd's rules. In the long test: it is
//! installed on this machine, serves as its unit says, is upgraded with its data and its settings kept, removed, purged.
//!
//! systemd itself is not process 1 where tests run. What it would do for the unit is done by hand as far as that goes:
//! the unit's user, no privileges, everything but the state read-only, and every call to the system compared with what
//! the unit lets through.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use super::report::Report;
use crate::{
    installers::server::{LICENCES, NAME, PROGRAM, Packing, SETTINGS, UNIT, pack},
    root, setup,
};

/// The unit's user, data and keys.
const USER: &str = "careplan-exchange";
const DATA: &str = "/var/lib/careplan-exchange";
const KEYS: &str = "/etc/careplan-exchange/keys";
/// The worst mark of `systemd-analyze security`, of 100, with which the unit passes.
const EXPOSURE_MAX: &str = "15";
/// Two versions that follow each other, for upgrading.
const BEFORE: &str = "0.0.1";
const AFTER: &str = "0.0.2";

/// At every landing, with the program that is built already.
pub(super) fn short(shell: &Shell, report: &mut Report) {
    report.stage("the server's package", |report| {
        report.check("its tools", || setup::packages(shell, &[setup::SERVER_PACKAGE]))?;
        report.check("build the server's package", || {
            let folder = shell.create_temp_dir()?;
            looked_at(shell, &packed(shell, AFTER, folder.path())?)
        })
    });
}

/// On this machine, as root.
pub(super) fn long(shell: &Shell, report: &mut Report) {
    report.stage("the installed server", |report| {
        report.check("its tools", || {
            setup::packages(shell, &[setup::SERVER_PACKAGE, setup::SERVER_WATCHED])
        })?;
        report.check("install, serve, upgrade, remove, purge the server", || installed(shell))?;
        report.check("the server's container without an engine", || container(shell))
    });
}

fn packed(shell: &Shell, version: &str, folder: &Path) -> Result<PathBuf> {
    let program = root().join("target/debug/exchange-server");
    pack(shell, &program, version, folder, Packing::Quick)
}

/// What is in the package, and what systemd says of its unit.
fn looked_at(shell: &Shell, package: &Path) -> Result<()> {
    let listed = cmd!(shell, "dpkg-deb --contents {package}").quiet().read()?;
    for (mode, path) in [
        ("-rwxr-xr-x root/root", PROGRAM),
        ("-rw-r--r-- root/root", UNIT),
        ("-rw-r--r-- root/root", SETTINGS),
        ("-rw-r--r-- root/root", LICENCES),
    ] {
        let path = format!(" ./{path}");
        let found = listed.lines().find(|line| line.ends_with(&path));
        let found = found.with_context(|| format!("no{path} in the package"))?;
        ensure!(found.starts_with(mode), "{found}");
    }
    let conffiles = cmd!(shell, "dpkg-deb --info {package} conffiles").quiet().read()?;
    ensure!(conffiles == format!("/{SETTINGS}"), "{conffiles}");
    let depends = cmd!(shell, "dpkg-deb --field {package} Depends").quiet().read()?;
    ensure!(depends.contains("libc6 (>= "), "{depends}");
    // Unpacked, so that the unit is judged beside the program that it starts.
    let tree = shell.create_temp_dir()?;
    let tree = tree.path();
    cmd!(shell, "dpkg-deb --extract {package} {tree}").quiet().run()?;
    let licences = fs::read_to_string(tree.join(LICENCES))?;
    for holder in ["jemalloc source distribution", "Tokio Contributors", "OpenSSL"] {
        ensure!(licences.contains(holder), "nothing of {holder} in {LICENCES}");
    }
    let unit =
        fs::read_to_string(tree.join(UNIT))?.replace("/usr/bin/exchange-server", &tree.join(PROGRAM).to_string_lossy());
    let judged = tree.join(format!("{NAME}.service"));
    fs::write(&judged, unit)?;
    let said = Command::new("systemd-analyze").arg("verify").arg(&judged).output()?;
    let complaints = String::from_utf8_lossy(&said.stderr);
    let complaints: Vec<&str> = complaints.lines().filter(|line| line.contains(NAME)).collect();
    ensure!(said.status.success() && complaints.is_empty(), "{complaints:?}");
    cmd!(
        shell,
        "systemd-analyze security --offline=true --no-pager --threshold={EXPOSURE_MAX} {judged}"
    )
    .quiet()
    .ignore_stdout()
    .run()?;
    Ok(())
}

/// Takes away, whatever happened, what the test brought.
struct Installed<'a>(&'a Shell);

impl Drop for Installed<'_> {
    fn drop(&mut self) {
        let shell = self.0;
        // What is not there any more cannot be taken away; the next run says what is left.
        let _ = cmd!(shell, "dpkg --purge {NAME}")
            .quiet()
            .ignore_status()
            .ignore_stdout()
            .run();
        for folder in ["/etc/careplan-exchange", DATA] {
            let _ = fs::remove_dir_all(folder);
        }
        let _ = cmd!(shell, "deluser --quiet --system {USER}")
            .quiet()
            .ignore_status()
            .run();
    }
}

fn installed(shell: &Shell) -> Result<()> {
    for taken in ["/etc/careplan-exchange", DATA] {
        ensure!(
            !Path::new(taken).exists(),
            "{taken} is there: this machine may have an exchange of its own"
        );
    }
    let folder = shell.create_temp_dir()?;
    let (before, after) = (
        packed(shell, BEFORE, folder.path())?,
        packed(shell, AFTER, folder.path())?,
    );
    let settings = Path::new("/").join(SETTINGS);
    let _installed = Installed(shell);

    cmd!(shell, "dpkg --install {before}").quiet().ignore_stdout().run()?;
    for folder in [DATA, KEYS] {
        let facts = cmd!(shell, "stat -c '%U:%G %a' {folder}").quiet().read()?;
        ensure!(facts == format!("{USER}:{USER} 700"), "{folder} is {facts}");
    }
    let unit = Unit::read(&Path::new("/").join(UNIT))?;
    ensure!(
        !Path::new(unit.one("AssertPathExists")?).exists(),
        "it could start before its exchange was made"
    );
    let admin = ["admin", "--data", DATA, "--keys", KEYS];
    let program = Path::new("/").join(PROGRAM);
    cmd!(shell, "runuser -u {USER} -- {program} {admin...} init")
        .quiet()
        .run()?;
    ensure!(
        Path::new(unit.one("AssertPathExists")?).exists(),
        "it could not start after its exchange was made"
    );
    // The operator's own settings: free ports, a name.
    let mut own = fs::read_to_string(&settings)?.replace("127.0.0.1:9443", "127.0.0.1:0");
    own.push_str(
        "listen = \"127.0.0.1:0\"\nenrolment_listen = \"127.0.0.1:0\"\nserver_names = [\"exchange.example\"]\n",
    );
    fs::write(&settings, &own)?;

    shut_in(&unit)?;
    serves(&unit, &folder.path().join("calls-before"))?;
    let number = "9970100013";
    cmd!(
        shell,
        "runuser -u {USER} -- {program} {admin...} register-office --number {number} --name Mihon --kind 43"
    )
    .quiet()
    .ignore_stdout()
    .run()?;

    cmd!(shell, "dpkg --install {after}").quiet().ignore_stdout().run()?;
    ensure!(fs::read_to_string(&settings)? == own, "an upgrade changed the settings");
    let format = "${Version}";
    let version = cmd!(shell, "dpkg-query -W -f {format} {NAME}").quiet().read()?;
    ensure!(version == AFTER, "{version} is installed");
    serves(&unit, &folder.path().join("calls-after"))?;
    let found = cmd!(
        shell,
        "runuser -u {USER} -- {program} {admin...} show-office --office {number} --json"
    )
    .quiet()
    .read()?;
    ensure!(found.contains("Mihon"), "an upgrade lost an office: {found}");

    cmd!(shell, "dpkg --remove {NAME}").quiet().ignore_stdout().run()?;
    ensure!(
        !program.exists() && settings.exists(),
        "removing left the program, or took the settings"
    );
    cmd!(shell, "dpkg --purge {NAME}").quiet().ignore_stdout().run()?;
    ensure!(!settings.exists(), "purging left the settings");
    for kept in [
        Path::new(DATA).join("exchange.db"),
        Path::new(KEYS).join("master-1.key"),
    ] {
        ensure!(kept.exists(), "purging took {}", kept.display());
    }
    Ok(())
}

/// The lines of a unit.
struct Unit(Vec<(String, String)>);

impl Unit {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        let lines = text.lines().filter(|line| !line.starts_with(['#', '[']));
        let pairs = lines.filter_map(|line| line.split_once('='));
        Ok(Self(
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        ))
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    fn one<'a>(&'a self, name: &'a str) -> Result<&'a str> {
        self.all(name).next().with_context(|| format!("no {name} in the unit"))
    }

    /// A line of the unit as systemd would run it: everything read-only but the state, a `/tmp` of its own, the unit's
    /// user, no privileges, and nothing in the environment that the unit does not put there.
    fn command(&self, line: &str, calls: Option<&Path>) -> Result<Command> {
        const ROOM: &str = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro / && mount -t tmpfs tmpfs /tmp && shift && exec \"$@\"";
        let (user, group) = (self.one("User")?, self.one("Group")?);
        let state = Path::new("/var/lib").join(self.one("StateDirectory")?);
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh", "-c", ROOM, "sh"])
            .arg(state);
        if let Some(calls) = calls {
            // Into its error output, which is open already: the new room has no place for a file.
            command.args(["strace", "-f", "-qq"]).stderr(fs::File::create(calls)?);
        }
        command
            .arg("setpriv")
            .args(["--reuid", user, "--regid", group, "--init-groups", "--no-new-privs"]);
        command.args(["--bounding-set", "-all", "--inh-caps", "-all", "env", "-i"]);
        command.args(line.split_whitespace()).stdin(Stdio::null());
        Ok(command)
    }
}

/// Ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already if all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the unit shuts off is shut off here as well, or the rest would prove nothing.
fn shut_in(unit: &Unit) -> Result<()> {
    for (file, open) in [
        (format!("{DATA}/tried"), true),
        ("/tmp/tried".to_owned(), true),
        (format!("{KEYS}/tried"), false),
        ("/usr/bin/tried".to_owned(), false),
    ] {
        let said = unit.command(&format!("/usr/bin/touch {file}"), None)?.output()?;
        ensure!(
            said.status.success() == open,
            "{file}: {}",
            String::from_utf8_lossy(&said.stderr)
        );
    }
    ensure!(!Path::new("/tmp/tried").exists(), "the unit would see everybody's /tmp");
    Ok(fs::remove_file(format!("{DATA}/tried"))?)
}

/// Runs the unit's lines one after the other, sees the last one ready, ends it as systemd does, and compares its calls.
fn serves(unit: &Unit, calls: &Path) -> Result<()> {
    for line in unit.all("ExecStartPre") {
        let said = unit.command(line, None)?.output()?;
        ensure!(
            said.status.success(),
            "{line}: {}",
            String::from_utf8_lossy(&said.stderr)
        );
    }
    let line = unit.one("ExecStart")?;
    let mut process = Process(unit.command(line, Some(calls))?.stdout(Stdio::piped()).spawn()?);
    let mut ready = String::new();
    let output = process.0.stdout.take().context("no output")?;
    BufReader::new(output).read_line(&mut ready)?;
    ensure!(
        ready.starts_with("ready: "),
        "{line}: {ready:?}; {}",
        fs::read_to_string(calls)?
    );
    let operations = ready.trim().rsplit("http://").next().unwrap_or_default().to_owned();
    let answer = Command::new("curl")
        .args(["-sS", "-o", "-", "-w", " %{http_code}"])
        .arg(format!("http://{operations}/health"))
        .output()?;
    ensure!(
        answer.stdout.ends_with(b" 200"),
        "{}",
        String::from_utf8_lossy(&answer.stdout)
    );
    // The server is the tracer's child.
    let tracer = process.0.id().to_string();
    let found = Command::new("pgrep").args(["-P", &tracer]).output()?;
    let server = String::from_utf8(found.stdout)?;
    let told = Command::new("kill").args(["-TERM", server.trim()]).status()?;
    ensure!(told.success(), "it could not be told to end");
    let ended = process.0.wait()?;
    ensure!(ended.success(), "it ended with {ended}");
    called(unit, &fs::read_to_string(calls)?)
}

/// Every call of the server is one that the unit lets through, and no memory became both writable and executable.
fn called(unit: &Unit, calls: &str) -> Result<()> {
    let mut allowed = BTreeSet::new();
    for line in unit.all("SystemCallFilter") {
        let (taken, groups) = match line.strip_prefix('~') {
            Some(groups) => (true, groups),
            None => (false, line),
        };
        for group in groups.split_whitespace() {
            for call in group_calls(group)? {
                match taken {
                    true => allowed.remove(&call),
                    false => allowed.insert(call),
                };
            }
        }
    }
    // What the tracer and `setpriv` do before is systemd's part: the server's own calls begin with its program.
    let begin = calls
        .find("execve(\"/usr/bin/exchange-server\"")
        .context("the server was not seen")?;
    let mut seen = BTreeSet::new();
    for line in calls[begin..].lines() {
        let line = match line.strip_prefix("[pid ") {
            Some(rest) => rest.split_once("] ").map_or(rest, |(_, line)| line),
            None => line,
        };
        let Some((call, rest)) = line.split_once('(') else {
            continue;
        };
        if !call
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
        {
            continue;
        }
        ensure!(
            !(["mmap", "mprotect"].contains(&call) && rest.contains("PROT_WRITE|PROT_EXEC")),
            "memory that is writable and executable: {line}"
        );
        seen.insert(call.to_owned());
    }
    ensure!(seen.contains("listen"), "the calls were not seen: {seen:?}");
    let refused: Vec<&String> = seen.difference(&allowed).collect();
    if !refused.is_empty() {
        bail!("the unit would refuse {refused:?}");
    }
    Ok(())
}

/// The calls of a group, and of the groups in it, as systemd lists them.
fn group_calls(group: &str) -> Result<BTreeSet<String>> {
    if !group.starts_with('@') {
        return Ok(BTreeSet::from([group.to_owned()]));
    }
    let listed = Command::new("systemd-analyze")
        .args(["syscall-filter", "--no-pager", group])
        .output()?;
    ensure!(listed.status.success(), "systemd knows no {group}");
    let mut calls = BTreeSet::new();
    for line in String::from_utf8(listed.stdout)?.lines().skip(1).map(str::trim) {
        if !line.is_empty() && !line.starts_with('#') {
            calls.extend(group_calls(line)?);
        }
    }
    Ok(calls)
}

/// The image's tree, put together by the same script and entered as the image's user.
fn container(shell: &Shell) -> Result<()> {
    let folder = shell.create_temp_dir()?;
    let image = folder.path().join("image");
    let description = fs::read_to_string(root().join("packaging/server/Containerfile"))?;
    let script = root().join("packaging/server/image.sh");
    let program = root().join("target/debug/exchange-server");
    cmd!(shell, "sh {script} {program} {image}").quiet().run()?;
    let (tree, folders) = (image.join("root"), image.join("folders"));
    let user = description
        .lines()
        .find_map(|line| line.strip_prefix("USER "))
        .context("no USER")?;
    ensure!(user != "0" && !user.starts_with("0:"), "the image's user is root");
    cmd!(shell, "chown -R {user} {folders}").quiet().run()?;
    cmd!(shell, "cp -a {folders}/. {tree}").quiet().run()?;
    let shells = cmd!(shell, "find {tree} -name '*sh' -type f").quiet().read()?;
    ensure!(shells.is_empty(), "{shells}");
    let set = description
        .split("ENV ")
        .nth(1)
        .and_then(|rest| rest.split("\nVOLUME").next())
        .context("no ENV")?;
    let environment: Vec<&str> = set.split_whitespace().filter(|word| *word != "\\").collect();
    let enter = |words: &[&str]| {
        let mut command = Command::new("chroot");
        command
            .arg(format!("--userspec={user}"))
            .arg(&tree)
            .arg("/usr/bin/exchange-server")
            .args(words);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.envs(environment.iter().filter_map(|word| word.split_once('=')));
        command.output()
    };
    for words in [
        ["admin", "--data", "/data", "--keys", "/keys", "init"].as_slice(),
        &["serve", "--check"],
    ] {
        let said = enter(words)?;
        ensure!(
            said.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&said.stderr)
        );
    }
    Ok(())
}
