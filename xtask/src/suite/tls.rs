//! What an outside scanner (sslyze) sees of TLS at both listeners of a real server: TLS 1.3 alone, its three suites, a
//! certificate of the exchange's own authority, and at the terminals' listener no way in without a certificate.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use xshell::Shell;

use super::sandbox::{Sandbox, text};
use crate::setup;

/// The scanner's version: another one looks at other things.
const VERSION: &str = "6.3.1";
/// What it looks at.
const SCANS: &[&str] = &[
    "--sslv2",
    "--sslv3",
    "--tlsv1",
    "--tlsv1_1",
    "--tlsv1_2",
    "--tlsv1_3",
    "--certinfo",
    "--compression",
    "--early_data",
    "--elliptic_curves",
    "--fallback",
    "--heartbleed",
    "--http_headers",
    "--openssl_ccs",
    "--reneg",
    "--robot",
];
/// Protocols that nobody is to get in by.
const OLD: &[&str] = &[
    "ssl_2_0_cipher_suites",
    "ssl_3_0_cipher_suites",
    "tls_1_0_cipher_suites",
    "tls_1_1_cipher_suites",
    "tls_1_2_cipher_suites",
];
/// The suites of TLS 1.3 that the server takes, each with forward secrecy.
const SUITES: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];
/// The curves of its key exchange, as far as the scanner knows them.
const CURVES: &[&str] = &["X25519", "secp256r1", "secp384r1"];
/// What must be so, by the place in the scanner's report.
const MUST: &[(&str, &str)] = &[
    ("tls_1_3_cipher_suites/result/is_tls_version_supported", "true"),
    ("tls_compression/result/supports_compression", "false"),
    ("tls_1_3_early_data/result/supports_early_data", "false"),
    ("openssl_ccs_injection/result/is_vulnerable_to_ccs_injection", "false"),
    ("heartbleed/result/is_vulnerable_to_heartbleed", "false"),
    ("robot/result/robot_result", "\"NOT_VULNERABLE_RSA_NOT_SUPPORTED\""),
    ("tls_fallback_scsv/result/supports_fallback_scsv", "true"),
    (
        "session_renegotiation/result/is_vulnerable_to_client_renegotiation_dos",
        "false",
    ),
    (
        "http_headers/result/strict_transport_security_header/include_subdomains",
        "true",
    ),
    (
        "http_headers/result/strict_transport_security_header/max_age",
        "31536000",
    ),
];

/// Installs the scanner if need be, starts a sandbox and judges what it sees there.
pub(super) fn run(shell: &Shell) -> Result<()> {
    let program = setup::python_tool(shell, "sslyze", VERSION)?;
    let sandbox = Sandbox::start()?;
    let office = &sandbox.facts["offices"][0];
    let certificate = ["--cert", text(office, "certificate")?, "--key", text(office, "key")?];
    let scan = |listener: &str, more: &[&str]| scan(&program, &sandbox, listener, more);

    let mut flaws = Vec::new();
    for (listener, more) in [("exchange_url", certificate.as_slice()), ("enrolment_url", &[])] {
        let seen = scan(listener, more)?;
        flaws.extend(judge(&seen).into_iter().map(|flaw| format!("{listener}: {flaw}")));
    }
    for (listener, expected) in [("exchange_url", "REQUIRED"), ("enrolment_url", "DISABLED")] {
        let seen = scan(listener, &[])?;
        let asked = &seen["connectivity_result"]["client_auth_requirement"];
        if asked != expected {
            flaws.push(format!("{listener}: a client's certificate is {asked}, not {expected}"));
        }
    }
    if flaws.is_empty() {
        println!("sslyze: TLS 1.3 alone, {} suites, at both listeners", SUITES.len());
        return Ok(());
    }
    bail!("sslyze saw:\n{}", flaws.join("\n"));
}

/// One scan of a listener, as the scanner reports it.
fn scan(program: &Path, sandbox: &Sandbox, listener: &str, more: &[&str]) -> Result<Value> {
    let folder = sandbox.folder()?;
    let report = folder.join("seen.json");
    let url = text(&sandbox.facts, listener)?;
    let address = url.strip_prefix("https://").context("an address over TLS")?;
    let output = Command::new(program)
        .args(SCANS)
        .arg("--certinfo_ca_file")
        .arg(folder.join("authority.pem"))
        .args(["--mozilla_config", "disable", "--quiet", "--json_out"])
        .arg(&report)
        .args(more)
        .arg(address)
        .output()
        .context("running sslyze")?;
    ensure!(
        report.is_file(),
        "sslyze: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let mut seen: Value = serde_json::from_slice(&fs::read(&report)?).context("reading what sslyze saw")?;
    fs::remove_file(&report)?;
    Ok(seen["server_scan_results"][0].take())
}

/// What is not as decided (D12), in words; nothing if all is well.
fn judge(seen: &Value) -> Vec<String> {
    let mut flaws = Vec::new();
    let result = &seen["scan_result"];
    for old in OLD {
        let supported = &result[old]["result"]["is_tls_version_supported"];
        if supported != &Value::Bool(false) {
            flaws.push(format!("{old}: supported is {supported}"));
        }
    }
    for (place, expected) in MUST {
        let found = result.pointer(&format!("/{place}")).unwrap_or(&Value::Null).to_string();
        if found != *expected {
            flaws.push(format!("{place} is {found}, not {expected}"));
        }
    }
    let suites = names(
        &result["tls_1_3_cipher_suites"]["result"]["accepted_cipher_suites"],
        "/cipher_suite/name",
    );
    if suites != SUITES {
        flaws.push(format!("it takes the suites {suites:?}"));
    }
    let curves = names(&result["elliptic_curves"]["result"]["supported_curves"], "/name");
    if curves != CURVES {
        flaws.push(format!("it takes the curves {curves:?}"));
    }
    flaws.extend(judge_certificate(&result["certificate_info"]["result"]));
    flaws
}

/// One certificate, signed by the authority that clients are given and by nobody whom browsers know.
fn judge_certificate(seen: &Value) -> Vec<String> {
    let mut flaws = Vec::new();
    let Some([shown]) = seen["certificate_deployments"].as_array().map(Vec::as_slice) else {
        return vec!["it shows no certificate, or several".to_owned()];
    };
    for validation in shown["path_validation_results"].as_array().into_iter().flatten() {
        let store = &validation["trust_store"]["name"];
        let ours = store == "Supplied CA file";
        if validation["was_validation_successful"] != Value::Bool(ours) {
            flaws.push(format!("trusted by {store}: {}", !ours));
        }
    }
    let chain = |of: &str| shown[of].as_array().map_or(0, Vec::len);
    let (received, verified) = (chain("received_certificate_chain"), chain("verified_certificate_chain"));
    if (received, verified) != (1, 2) {
        flaws.push(format!("{received} certificates are shown, {verified} verified"));
    }
    for (what, expected) in [
        ("/received_certificate_chain/0/public_key/ec_curve_name", "secp256r1"),
        ("/received_certificate_chain/0/signature_hash_algorithm/name", "sha256"),
    ] {
        let found = shown.pointer(what);
        if found.and_then(Value::as_str) != Some(expected) {
            flaws.push(format!("{what} is {found:?}, not {expected}"));
        }
    }
    flaws
}

/// The names in a list of the report, in order of the alphabet.
fn names<'a>(list: &'a Value, place: &str) -> Vec<&'a str> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    let mut names: Vec<&str> = list
        .iter()
        .filter_map(|each| each.pointer(place).and_then(Value::as_str))
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A report as it should be, with what [`judge`] reads of it.
    fn good() -> Value {
        let mut result = json!({
            "tls_1_3_cipher_suites": { "result": {
                "is_tls_version_supported": true,
                "accepted_cipher_suites": SUITES.iter().map(|name| json!({ "cipher_suite": { "name": name } }))
                    .collect::<Vec<_>>(),
            } },
            "tls_compression": { "result": { "supports_compression": false } },
            "tls_1_3_early_data": { "result": { "supports_early_data": false } },
            "openssl_ccs_injection": { "result": { "is_vulnerable_to_ccs_injection": false } },
            "heartbleed": { "result": { "is_vulnerable_to_heartbleed": false } },
            "robot": { "result": { "robot_result": "NOT_VULNERABLE_RSA_NOT_SUPPORTED" } },
            "tls_fallback_scsv": { "result": { "supports_fallback_scsv": true } },
            "session_renegotiation": { "result": { "is_vulnerable_to_client_renegotiation_dos": false } },
            "http_headers": { "result": { "strict_transport_security_header": {
                "max_age": 31_536_000, "include_subdomains": true,
            } } },
            "elliptic_curves": { "result": {
                "supported_curves": CURVES.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
            } },
            "certificate_info": { "result": { "certificate_deployments": [{
                "received_certificate_chain": [{
                    "public_key": { "ec_curve_name": "secp256r1" },
                    "signature_hash_algorithm": { "name": "sha256" },
                }],
                "verified_certificate_chain": [{}, {}],
                "path_validation_results": [
                    { "trust_store": { "name": "Mozilla" }, "was_validation_successful": false },
                    { "trust_store": { "name": "Supplied CA file" }, "was_validation_successful": true },
                ],
            }] } },
        });
        for old in OLD {
            result[old] = json!({ "result": { "is_tls_version_supported": false } });
        }
        json!({ "scan_result": result })
    }

    #[test]
    fn whatever_is_weaker_than_decided_is_told() {
        assert_eq!(judge(&good()), Vec::<String>::new());
        let shown = "/certificate_info/result/certificate_deployments/0";
        for (place, weak) in [
            (
                "/tls_1_2_cipher_suites/result/is_tls_version_supported".to_owned(),
                json!(true),
            ),
            ("/tls_compression/result/supports_compression".to_owned(), json!(true)),
            ("/tls_1_3_early_data/result/supports_early_data".to_owned(), json!(true)),
            (
                "/tls_1_3_cipher_suites/result/accepted_cipher_suites/0/cipher_suite/name".to_owned(),
                json!("NULL"),
            ),
            (
                "/elliptic_curves/result/supported_curves/2/name".to_owned(),
                json!("sect163k1"),
            ),
            (
                "/http_headers/result/strict_transport_security_header".to_owned(),
                json!(null),
            ),
            (
                format!("{shown}/path_validation_results/0/was_validation_successful"),
                json!(true),
            ),
            (
                format!("{shown}/path_validation_results/1/was_validation_successful"),
                json!(false),
            ),
            (
                format!("{shown}/received_certificate_chain/0/signature_hash_algorithm/name"),
                json!("sha1"),
            ),
            (format!("{shown}/received_certificate_chain"), json!([])),
            // What the scanner could not find out is no good news.
            ("/ssl_3_0_cipher_suites/result".to_owned(), json!(null)),
            ("/heartbleed/result".to_owned(), json!(null)),
            ("/certificate_info/result".to_owned(), json!(null)),
        ] {
            let mut seen = good();
            let found = seen["scan_result"].pointer_mut(&place);
            *found.unwrap_or_else(|| panic!("{place}")) = weak;
            assert!(!judge(&seen).is_empty(), "{place}");
        }
    }
}
