//! A real mail server beside the exchange: `tests/e2e/mail-server.mjs`, with a certificate of its own authority.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use exchange_server::MailSettings;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde::Deserialize;
use tempfile::TempDir;

/// Who may send through it.
const USER: &str = "exchange";
const PASSWORD: &str = "himitsu-no-yubin";
/// From whom the exchange's mail comes.
pub(crate) const FROM: &str = "oshirase@koukan.example.jp";

/// A mail as the server took it.
#[derive(Debug, Deserialize)]
pub(crate) struct Mail {
    pub(crate) secure: bool,
    pub(crate) user: String,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Head and body as they came.
    pub(crate) text: String,
}

impl Mail {
    /// The value of a field of the head, as it came.
    pub(crate) fn field(&self, name: &str) -> String {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n ", " ");
        let mut fields = unfolded.lines().filter_map(|line| line.split_once(": "));
        let found = fields.find(|(found, _)| *found == name);
        found.unwrap_or_else(|| panic!("no {name} in\n{head}")).1.to_owned()
    }

    /// The subject as a person reads it.
    pub(crate) fn subject(&self) -> String {
        let words = self.field("Subject");
        let decoded = words.split(' ').flat_map(|word| {
            let encoded = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
            STANDARD.decode(encoded.unwrap()).unwrap()
        });
        String::from_utf8(decoded.collect()).unwrap()
    }

    /// The text as a person reads it.
    pub(crate) fn body(&self) -> String {
        assert_eq!(self.field("Content-Transfer-Encoding"), "base64");
        let (_, body) = self.text.split_once("\r\n\r\n").unwrap();
        let decoded = STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap();
        String::from_utf8(decoded).unwrap().replace("\r\n", "\n")
    }

    /// The code that stands in it.
    pub(crate) fn code(&self) -> String {
        let body = self.body();
        let (_, behind) = body.split_once("確認コード： ").unwrap();
        behind.lines().next().unwrap().to_owned()
    }
}

/// The mail server, and what it took; both end with this value.
pub(crate) struct MailServer {
    folder: TempDir,
    process: Option<Child>,
    pub(crate) port: u16,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        let mut server = Self::away();
        server.comes(&[]);
        server
    }

    /// One that is not there yet.
    pub(crate) fn away() -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["authority", "other"] {
            certify(folder.path(), name);
        }
        // A port that is nobody's: it is asked for again when the server comes.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        Self {
            folder,
            process: None,
            port,
        }
    }

    /// It comes, told so much more.
    pub(crate) fn comes(&mut self, more: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e/mail-server.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg("--into")
            .arg(self.folder.path())
            .arg("--key")
            .arg(self.at("authority.server.key"))
            .arg("--certificate")
            .arg(self.at("authority.server.pem"))
            .args(["--user", USER, "--password", PASSWORD, "--port", &self.port.to_string()])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node is needed, and `npm ci` once: {error}"));
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        self.process = Some(child);
        let port = ready.trim().strip_prefix("ready ");
        let port = port.unwrap_or_else(|| panic!("no mail server: `npm ci` is needed once"));
        self.port = port.parse().unwrap();
    }

    /// It goes away.
    pub(crate) fn goes(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file by which an exchange knows it, changed a little.
    pub(crate) fn file(&self, change: impl FnOnce(String) -> String) -> PathBuf {
        let text = change(format!(
            "host = \"127.0.0.1\"\nport = {}\ntls = \"starttls\"\nuser = \"{USER}\"\npassword = \"{PASSWORD}\"\n\
             from = \"{FROM}\"\nauthorities = {:?}\n",
            self.port,
            self.at("authority.pem"),
        ));
        let path = self.at("mail.toml");
        fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        path
    }

    pub(crate) fn settings(&self) -> MailSettings {
        MailSettings::read(&self.file(|text| text)).unwrap()
    }

    /// The mails that it has taken so far.
    pub(crate) fn taken(&self) -> Vec<Mail> {
        let read = |number: usize| fs::read(self.at(&format!("{number}.json"))).ok();
        let files = (1..).map_while(read);
        files.map(|bytes| serde_json::from_slice(&bytes).unwrap()).collect()
    }

    /// Waits until it has taken so many, and gives the last one; more are too many.
    pub(crate) async fn takes(&self, count: usize) -> Mail {
        loop {
            let mut taken = self.taken();
            assert!(taken.len() <= count, "more than {count}: {taken:?}");
            if taken.len() == count {
                return taken.pop().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.goes();
    }
}

/// An authority, and a certificate of it for this machine.
fn certify(folder: &Path, name: &str) {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let own = own.signed_by(&key, &issuer).unwrap();
    let write = |ending: &str, text: String| fs::write(folder.join(format!("{name}.{ending}")), text).unwrap();
    write("pem", authority.pem());
    write("server.pem", own.pem());
    write("server.key", key.serialize_pem());
}
