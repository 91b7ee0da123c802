//! An outside tester (schemathesis) against a real server: whatever it makes of the document in `docs/openapi.json`,
//! no answer may be a 5xx or one that the document does not list. Once as a terminal with somebody signed in, and once as
//! anybody at all where no certificate is asked for.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use xshell::Shell;

use super::sandbox::{Sandbox, text};
use crate::{root, setup};

/// The tester's version: another one tries other things.
const VERSION: &str = "4.32.5";
/// What it looks at.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth";
/// What it leaves out: a stream that does not end, and what would take its own session or the server away.
const LEFT_OUT: &[&str] = &[
    "/v1/events",
    "/v1/sign-out",
    "/v1/sign-out/everywhere",
    "/v1/sandbox/reset",
];
/// Tries for each endpoint and each kind of try, at every landing.
const EXAMPLES: &str = "25";
/// The same in the long test.
const EXAMPLES_LONG: &str = "400";
/// The seed at every landing; the long test takes a new one and prints it.
const SEED: &str = "20260401";

/// Installs the tester if need be, starts a sandbox and lets the tester go at both listeners.
pub(super) fn run(shell: &Shell, long: bool) -> Result<()> {
    let program = setup::python_tool(shell, "schemathesis", VERSION)?;
    let sandbox = Sandbox::start()?;
    let token = sign_in(&sandbox)?;
    let office = &sandbox.facts["offices"][0];

    let mut terminal = tester(&sandbox, &program, "exchange_url", long)?;
    terminal
        .args(["--request-cert", text(office, "certificate")?])
        .args(["--request-cert-key", text(office, "key")?])
        .args(["--header", &format!("Authorization: Bearer {token}")]);
    for path in LEFT_OUT {
        terminal.args(["--exclude-path", path]);
    }
    finds_nothing(terminal)?;

    let mut stranger = tester(&sandbox, &program, "enrolment_url", long)?;
    for path in at_enrolment()? {
        stranger.args(["--include-path", &path]);
    }
    finds_nothing(stranger)
}

fn document() -> PathBuf {
    root().join("docs/openapi.json")
}

/// What the document says is at the listener for which nobody needs a certificate.
fn at_enrolment() -> Result<Vec<String>> {
    let document: Value = serde_json::from_slice(&fs::read(document())?)?;
    let paths = document["paths"].as_object().context("no paths")?;
    let is_there = |operation: &Value| {
        let listeners = operation["x-listeners"].as_array();
        listeners.is_some_and(|listeners| listeners.iter().any(|listener| listener == "enrolment"))
    };
    let found: Vec<String> = paths
        .iter()
        .filter(|(path, _)| !LEFT_OUT.contains(&path.as_str()))
        .filter(|(_, operations)| operations.as_object().is_some_and(|each| each.values().any(is_there)))
        .map(|(path, _)| path.clone())
        .collect();
    ensure!(
        !found.is_empty(),
        "the document names no operation for whoever has no certificate"
    );
    Ok(found)
}

fn finds_nothing(mut tester: Command) -> Result<()> {
    let status = tester.status().context("running schemathesis")?;
    ensure!(
        status.success(),
        "schemathesis found answers that the document does not allow"
    );
    Ok(())
}

/// The tester, ready to go at one of the listeners.
fn tester(sandbox: &Sandbox, program: &Path, listener: &str, long: bool) -> Result<Command> {
    let rules = root().join("xtask/outside");
    let mut command = Command::new(program);
    command
        .current_dir(sandbox.folder()?)
        .env("SCHEMATHESIS_HOOKS", "frames")
        .env("PYTHONPATH", &rules)
        .arg("--config-file")
        .arg(rules.join("schemathesis.toml"))
        .arg("run")
        .arg(document())
        .args(["--url", text(&sandbox.facts, listener)?])
        .arg("--tls-verify")
        .arg(sandbox.folder()?.join("authority.pem"))
        .args(["--checks", CHECKS])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", if long { EXAMPLES_LONG } else { EXAMPLES }])
        .args(["--continue-on-failure", "--no-color"])
        .args(["--request-timeout", "20"]);
    if long {
        command.args(["--generation-database", "none"]);
    } else {
        command.args(["--seed", SEED, "--generation-deterministic"]);
    }
    Ok(command)
}

/// Both steps of signing in, as docs/API.md shows them.
fn sign_in(sandbox: &Sandbox) -> Result<String> {
    let office = &sandbox.facts["offices"][0];
    let person = json!({ "person_id": office["person_id"], "password": office["person_password"] });
    let step = post(sandbox, "/v1/sign-in/person", &person)?;
    let office = json!({
        "step_token": step["step_token"], "office_id": office["office_id"], "password": office["office_password"],
    });
    let session = post(sandbox, "/v1/sign-in/office", &office)?;
    Ok(text(&session, "access_token")?.to_owned())
}

fn post(sandbox: &Sandbox, path: &str, body: &Value) -> Result<Value> {
    let office = &sandbox.facts["offices"][0];
    let file = sandbox.folder()?.join("body.json");
    fs::write(&file, body.to_string())?;
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--cacert"])
        .arg(sandbox.folder()?.join("authority.pem"))
        .args(["--cert", text(office, "certificate")?, "--key", text(office, "key")?])
        .args(["--header", "Content-Type: application/json", "--data-binary"])
        .arg(format!("@{}", file.display()))
        .arg(format!("{}{path}", text(&sandbox.facts, "exchange_url")?))
        .output()
        .context("running curl")?;
    fs::remove_file(&file)?;
    if !output.status.success() {
        bail!("curl: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("reading an answer")
}
