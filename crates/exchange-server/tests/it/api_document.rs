//! docs/API.md as a vendor works through it: its blocks, in their order, against a sandbox that was started by its
//! command.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use exchange_client::ClientIdentity;
use exchange_server::SANDBOX_ENDPOINTS;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::bare;

/// The sandbox as a process; ends with this value.
struct Sandbox(Child);

impl Sandbox {
    /// Starts one and reads what it says of itself.
    fn start(folder: Option<&Path>) -> (Self, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exchange-server"));
        command.args([
            "sandbox",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--enrolment-listen",
            "127.0.0.1:0",
        ]);
        if let Some(folder) = folder {
            command.arg("--data").arg(folder);
        }
        let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        (Self(server), serde_json::from_str(&line).unwrap())
    }

    /// Ends it as Ctrl+C does.
    #[cfg(unix)]
    fn interrupt(mut self) {
        let asked = Command::new("kill")
            .args(["-INT", &self.0.id().to_string()])
            .status()
            .unwrap();
        assert!(asked.success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The page's blocks as one script; a block of Python becomes the file that its first line names.
fn script(page: &str) -> String {
    let mut script = "set -eu\n".to_owned();
    let mut blocks = 0;
    let mut rest = page;
    while let Some((_, block)) = rest.split_once("\n```") {
        let (language, block) = block.split_once('\n').unwrap();
        let (text, behind) = block.split_once("\n```").unwrap();
        rest = behind;
        match language {
            "sh" => script.push_str(&format!("{text}\necho\n")),
            "python" => {
                let name = text.strip_prefix("# ").unwrap().split_once(':').unwrap().0;
                script.push_str(&format!("cat > {name} <<'END-OF-{name}'\n{text}\nEND-OF-{name}\n"));
            }
            _ => continue,
        }
        blocks += 1;
    }
    assert!(blocks >= 10, "the page lost its blocks");
    script
}

#[cfg(unix)]
#[test]
fn the_page_does_what_it_says() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/API.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, _) = Sandbox::start(Some(&folder.path().join("sandbox")));
    let output = Command::new("bash")
        .args(["-c", &script(&page)])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let (said, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}\n{errors}");
    for expected in [
        "\"protocol\":1",
        "\"name\":\"reception\"",
        "\"accepted_at\"",
        "\"stored_bytes\":[600000]",
        "\"received_at\"",
        "['received', 'waiting']",
        "\"code\":\"already_received\"",
        "\"code\":\"request_malformed\",\"status\":404",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
    // Sent twice, accepted once: both answers are the same line.
    let accepted: Vec<&str> = said.lines().filter(|line| line.contains("\"accepted_at\"")).collect();
    let twice = accepted.iter().any(|line| line.matches("\"accepted_at\"").count() == 2);
    assert!(twice, "{accepted:?}");
    sandbox.interrupt();
}

#[cfg(unix)]
#[test]
fn a_temporary_sandbox_leaves_nothing_behind() {
    let (sandbox, facts) = Sandbox::start(None);
    let folder = Path::new(facts["folder"].as_str().unwrap()).to_owned();
    assert_eq!(facts["offices"].as_array().unwrap().len(), 3);
    assert!(folder.join("README.txt").is_file());
    sandbox.interrupt();
    assert!(!folder.exists());
}

/// Status of a bare request with a file of the sandbox's as its certificate, or with none; none if nothing is answered.
async fn status(facts: &Value, url: &str, office: Option<&Value>, method: &str, path: &str) -> Option<u16> {
    let read = |path: &Value| fs::read_to_string(path.as_str().unwrap()).unwrap();
    let folder = Path::new(facts["folder"].as_str().unwrap());
    let authority = fs::read_to_string(folder.join("authority.pem")).unwrap();
    let identity = office.map(|office| ClientIdentity {
        certificate_pem: read(&office["certificate"]),
        key_pem: read(&office["key"]).into(),
    });
    let url = facts[url].as_str().unwrap();
    let mut stream = bare::connect(&authority, url, identity.as_ref()).await?;
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    // The server may end before it closes in order: what it answered counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_sandbox_has_is_for_everybody_whom_its_listener_lets_in() {
    let (_sandbox, facts) = Sandbox::start(None);
    let offices = facts["offices"].as_array().unwrap();
    for endpoint in SANDBOX_ENDPOINTS {
        let method = endpoint.method.to_uppercase();
        let ask = async |url: &str, office| status(&facts, url, office, &method, endpoint.path).await;
        assert_eq!(ask("exchange_url", None).await, None);
        assert_eq!(ask("enrolment_url", None).await, Some(204));
        // With a licence and without: nobody is signed in after it began anew.
        for office in offices {
            assert_eq!(ask("exchange_url", Some(office)).await, Some(204), "{office}");
            assert_eq!(
                status(&facts, "exchange_url", Some(office), "GET", "/v1/me").await,
                Some(401)
            );
        }
    }
}

#[test]
fn a_sandbox_never_starts_on_other_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("exchange.sqlite"), "somebody's").unwrap();
    let refused = || {
        let output = Command::new(env!("CARGO_BIN_EXE_exchange-server"))
            .args([
                "sandbox",
                "--listen",
                "127.0.0.1:0",
                "--enrolment-listen",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused().contains("never starts on other data"));
    // A mark alone opens nothing: whatever else lies there stays.
    fs::write(data.join("THIS-IS-A-SANDBOX"), "").unwrap();
    assert!(refused().contains("never starts on other data"));
    assert_eq!(fs::read_to_string(data.join("exchange.sqlite")).unwrap(), "somebody's");
}
