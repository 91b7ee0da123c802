//! What an operator writes: the files of the shared engine and of the mail server, the collector of traces, the names in
//! the server's certificate.

use std::{io::Write as _, path::Path};

use exchange_server::{
    EngineFileError, MailFileError, MailSettings, Settings, SettingsFlaw, TracesSettings, engine_of,
};
use exchange_store::{Engine, SharedEngine};

/// Names of both files, and values at the edges of what they may be.
pub(crate) const WORDS: &[&[u8]] = &[
    b"database",
    b"postgres://",
    b"[bucket]",
    b"endpoint",
    b"https://",
    b"http://",
    b"name",
    b"prefix",
    b"region",
    b"access_key_id",
    b"secret_access_key",
    b"host",
    b"localhost",
    b"::1",
    b"port",
    b"tls",
    b"\"none\"",
    b"\"starttls\"",
    b"user",
    b"password",
    b"from",
    b"after_hours",
    b" = ",
    b"\"",
    b"\"\"\"",
    b"'",
    b"\n",
    b"[",
    b"]",
    b"{",
    b"}",
    b"#",
    b"\\u0000",
    b"0",
    b"169",
    b"65536",
    b"1e999",
    b"true",
    b"2026-11-29",
    b"\xef\xbb\xbf",
    b"geheim",
    b"7531594862",
    "見本".as_bytes(),
];

/// Words that the kept files have for passwords: whatever is wrong with a file, none of them is repeated.
const SECRETS: [&str; 2] = ["geheim", "7531594862"];
/// Server names that are tried of one input.
const NAMES_MAX: usize = 4;

/// The bytes are a file of either kind; its lines are an address and names.
pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // What it names would be opened: a fuzzer has no business with the files of its computer.
    if !text.contains("authorities") {
        files(bytes);
    }
    let mut lines = text.lines();
    let endpoint = lines.next().unwrap_or_default();
    addresses(endpoint, &lines.take(NAMES_MAX).collect::<Vec<_>>());
}

fn files(bytes: &[u8]) {
    // Only its owner may read it, as the reader of the mail file wants it.
    let Ok(mut file) = tempfile::NamedTempFile::new() else {
        panic!("there is no place for a file");
    };
    assert!(file.write_all(bytes).is_ok(), "the file cannot be written");
    let nowhere = Path::new("nowhere");
    match engine_of(nowhere, nowhere, Some(file.path())) {
        Ok(Engine::Shared(engine)) => shared(&engine),
        Ok(Engine::Embedded(_)) => panic!("a file that is read names what is shared"),
        Err(EngineFileError::Unfit { reason, .. }) => is_kept_secret(&reason),
        Err(EngineFileError::Read { .. }) => is_no_text(bytes),
        Err(EngineFileError::TooLong(_)) => panic!("no input is as long"),
    }
    match MailSettings::read(file.path()) {
        Ok(settings) => assert!(!format!("{settings:?}").contains("port: 0"), "{settings:?}"),
        Err(MailFileError::Unfit { reason, .. }) => is_kept_secret(&reason),
        Err(MailFileError::Read { .. }) => is_no_text(bytes),
        Err(MailFileError::TooLong(_)) => panic!("no input is as long"),
        Err(MailFileError::Open(_)) => panic!("only its owner may read it"),
    }
}

/// One that is taken is one that can be connected to, and no print of it tells a secret.
fn shared(engine: &SharedEngine) {
    assert!(engine.database.starts_with("postgres"));
    assert!(engine.bucket.endpoint.starts_with("http"));
    let mut other = engine.clone();
    other.database = "postgres://another".to_owned().into();
    other.bucket.secret_access_key = "another".to_owned().into();
    assert_eq!(format!("{engine:?}"), format!("{other:?}"), "a secret is printed");
}

/// A name that nobody knows may be repeated; what stands behind a name may not.
fn is_kept_secret(reason: &str) {
    let of_a_name = ["unknown field", "keys in table"]
        .iter()
        .any(|words| reason.contains(words));
    assert!(
        of_a_name || !SECRETS.iter().any(|secret| reason.contains(secret)),
        "{reason}"
    );
}

fn is_no_text(bytes: &[u8]) {
    assert!(std::str::from_utf8(bytes).is_err(), "a text that cannot be read");
}

/// An address that is taken stays the same when it is read again, and what is wrong is told on one line.
fn addresses(endpoint: &str, names: &[&str]) {
    let percent = u8::try_from(endpoint.len()).unwrap_or(u8::MAX);
    let traces = |endpoint: &str| TracesSettings {
        endpoint: endpoint.to_owned(),
        percent,
    };
    let address = traces(endpoint).address();
    if let Some(address) = &address {
        assert_eq!(address.scheme_str(), Some("http"), "{endpoint:?}");
        assert!(address.host().is_some_and(|host| !host.is_empty()), "{endpoint:?}");
        assert!(address.path().len() > 1 && address.query().is_none(), "{endpoint:?}");
        assert_eq!(traces(&address.to_string()).address().as_ref(), Some(address));
    }
    let mut settings = Settings::new("nowhere");
    settings.traces = Some(traces(endpoint));
    settings.server_names = names.iter().map(|name| (*name).to_owned()).collect();
    let flaws = settings.flaws();
    let (mut of_endpoint, mut of_percent, mut of_names) = (false, false, 0);
    for flaw in &flaws {
        assert!(!flaw.told().contains('\n'), "{flaw:?}");
        match flaw {
            SettingsFlaw::TracesEndpoint { .. } => of_endpoint = true,
            SettingsFlaw::TracesPercent { .. } => of_percent = true,
            SettingsFlaw::ServerName { .. } => of_names += 1,
            SettingsFlaw::NoServerName => assert!(names.is_empty()),
            other => panic!("nothing of this was said: {other:?}"),
        }
    }
    assert_eq!(of_endpoint, address.is_none(), "{endpoint:?}");
    assert_eq!(of_percent, !(1..=100).contains(&percent));
    assert!(of_names <= names.len());
}
