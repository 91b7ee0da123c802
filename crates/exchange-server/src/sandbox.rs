//! A sandbox for makers of care software: invented offices with known passwords and certificates ready to use, in a
//! folder of its own that is thrown away (ADR 0027). Never for real data.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::extract::State;
use care_model::{AccountId, OfficeNumber, ServiceKind, ShapeError, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_protocol::Problem;
use exchange_store::{By, NewTerminal, StoreError, TerminalRow};
use http::StatusCode;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde::Serialize;
use tempfile::TempDir;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::{
    Settings,
    admin::{Admin, AdminError, AdminSettings, CERTIFICATE_DAYS, NewExchange, NewOffice, NewPerson},
    app::App,
    authority::{AuthorityError, Issued},
    keys::{Keys, KeysError},
    passwords::PasswordCost,
    refusal::{Answer, Refusal},
    server::{Running, Server, StartError, bind},
};

/// What marks a folder as a sandbox's own, so that it may be emptied.
const MARK: &str = "THIS-IS-A-SANDBOX";
/// What stands in such a folder.
const OWN: &[&str] = &[
    MARK,
    "data",
    "keys",
    "offices",
    "authority.pem",
    "connection.json",
    "sandbox.env",
    "sandbox.json",
    "README.txt",
];

/// What is known of an invented office beforehand.
struct Invented {
    number: &'static str,
    kind: &'static str,
    name: fn() -> String,
    licensed: bool,
}

/// The numbers are those of the sample files, so that these can be sent.
const INVENTED: &[Invented] = &[
    Invented {
        number: "9970100013",
        kind: "43",
        name: messages::sandbox::manager,
        licensed: true,
    },
    Invented {
        number: "9970101003",
        kind: "11",
        name: messages::sandbox::helper,
        licensed: true,
    },
    Invented {
        number: "9900100018",
        kind: "46",
        name: messages::sandbox::centre,
        licensed: false,
    },
];

/// Where a sandbox listens and where its files go.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Where terminals connect.
    pub listen: SocketAddr,
    /// Where terminals without a certificate connect.
    pub enrolment_listen: SocketAddr,
    /// A new, empty or earlier sandbox's folder; without it a temporary one, deleted at the end.
    pub folder: Option<PathBuf>,
}

/// Why a sandbox did not start.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The folder holds something else.
    #[error("{0} is not empty and not a sandbox's own folder; a sandbox never starts on other data")]
    Foreign(PathBuf),
    /// A file of its folder.
    #[error("the sandbox's folder cannot be used: {0}")]
    Folder(PathBuf, #[source] io::Error),
    /// An invented value.
    #[error("an invented value has not its shape")]
    Shape(#[from] ShapeError),
    /// A key or request of a terminal.
    #[error("a terminal's key cannot be made")]
    Request(#[from] rcgen::Error),
    /// A certificate.
    #[error("a certificate cannot be issued")]
    Authority(#[from] AuthorityError),
    /// The exchange's keys.
    #[error("the exchange's keys cannot be used")]
    Keys(#[from] KeysError),
    /// What the operator does.
    #[error("the offices cannot be registered")]
    Admin(#[from] AdminError),
    /// The storage.
    #[error("the storage cannot be used")]
    Store(#[from] StoreError),
    /// The server.
    #[error("the server does not start")]
    Start(#[from] StartError),
    /// The offices as JSON.
    #[error("the sandbox cannot be described")]
    Json(#[from] serde_json::Error),
}

/// A sandbox as scripts read it.
#[derive(Debug, Clone, Serialize)]
pub struct SandboxFacts {
    /// Where terminals connect.
    pub exchange_url: String,
    /// Where terminals without a certificate connect.
    pub enrolment_url: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// The invented offices.
    pub offices: Vec<SandboxOffice>,
}

/// An invented office with its accounts; the passwords protect nothing and are meant to be read.
#[derive(Clone, Serialize)]
pub struct SandboxOffice {
    /// Its number.
    pub number: OfficeNumber,
    /// Its service kind.
    pub kind: ServiceKind,
    /// Its name.
    pub name: String,
    /// Whether it may send.
    pub licensed: bool,
    /// Its account (KJ…).
    pub office_id: AccountId,
    /// The password of that.
    pub office_password: String,
    /// Its person's account (c…).
    pub person_id: AccountId,
    /// The password of that.
    pub person_password: String,
    /// A one-time password for one more certificate.
    pub issue_password: String,
    /// The certificate of its terminal.
    pub certificate: PathBuf,
    /// The key of that.
    pub key: PathBuf,
}

impl std::fmt::Debug for SandboxOffice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxOffice").finish_non_exhaustive()
    }
}

/// A sandbox that runs.
#[derive(Debug)]
pub struct Sandbox {
    facts: SandboxFacts,
    settings: Settings,
    terminals: Vec<(TerminalId, Issued)>,
    sockets: [std::net::TcpListener; 2],
    running: Option<Running>,
    // Deleted with this value.
    _temporary: Option<TempDir>,
}

impl Sandbox {
    /// Makes the folder, the offices and their certificates, and serves.
    pub async fn start(settings: SandboxSettings) -> Result<Self, SandboxError> {
        let (folder, temporary) = take(settings.folder)?;
        let mut server = Settings::new(folder.join("data"));
        server.keys = folder.join("keys");
        server.listen = settings.listen;
        server.enrolment_listen = settings.enrolment_listen;
        // The passwords are printed: what they cost to try protects nobody, and a start should take no second.
        server.password_cost = PasswordCost::least();
        let exchange = into_std(bind(settings.listen).await?, &folder)?;
        let enrolment = into_std(bind(settings.enrolment_listen).await?, &folder)?;

        let mut offices = Vec::new();
        let mut terminals = Vec::new();
        let keys = Keys::open(
            &server.keys,
            &server.data,
            &server.engine,
            &messages::sandbox::exchange_name(),
        )
        .await?;
        let certificates = folder.join("offices");
        fs::create_dir_all(&certificates).map_err(at(&certificates))?;
        for invented in INVENTED {
            let office = invented.office(&certificates)?;
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let request = CertificateParams::default().serialize_request(&key)?.pem()?;
            let terminal = TerminalId::generate();
            let now = server.clock.now();
            let issued = keys
                .authority
                .issue_terminal(&request, office.number, terminal, CERTIFICATE_DAYS, now)?;
            write(&office.certificate, &issued.pem)?;
            write(&office.key, &key.serialize_pem())?;
            offices.push(office);
            terminals.push((terminal, issued));
        }
        write(&folder.join("authority.pem"), keys.authority.certificate_pem())?;

        let mut sandbox = Self {
            facts: SandboxFacts {
                exchange_url: String::new(),
                enrolment_url: String::new(),
                folder,
                offices,
            },
            settings: server,
            terminals,
            sockets: [exchange, enrolment],
            running: None,
            _temporary: temporary,
        };
        sandbox.begin().await?;
        sandbox.write_files()?;
        Ok(sandbox)
    }

    /// Where it is and who is in it.
    pub fn facts(&self) -> &SandboxFacts {
        &self.facts
    }

    /// Serves, and begins anew whenever somebody asks for it; ends only by failing.
    pub async fn keep(&mut self) -> SandboxError {
        loop {
            if let Some(running) = &self.running {
                running.told_to_end().await;
            }
            if let Some(running) = self.running.take() {
                running.shutdown().await;
            }
            if let Err(error) = self.begin().await {
                return error;
            }
        }
    }

    /// Ends in order. A temporary folder goes with it.
    pub async fn end(mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown().await;
        }
    }

    /// An exchange with the invented offices and nothing else, on the sockets that listen already.
    async fn begin(&mut self) -> Result<(), SandboxError> {
        let data = &self.settings.data;
        match fs::remove_dir_all(data) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(data)(error)),
            _ => {}
        }
        let admin = Admin::init(
            AdminSettings::from(&self.settings),
            NewExchange {
                name: Some(messages::sandbox::exchange_name()),
                help_desk: None,
            },
        )
        .await?;
        for (office, (terminal, issued)) in self.facts.offices.iter().zip(&self.terminals) {
            register(&admin, office, *terminal, issued, self.settings.clock.now()).await?;
        }
        admin.close().await;
        let [exchange, enrolment] = &self.sockets;
        let again = |socket: &std::net::TcpListener| TcpListener::from_std(socket.try_clone()?);
        let exchange = again(exchange).map_err(at(&self.facts.folder))?;
        let enrolment = again(enrolment).map_err(at(&self.facts.folder))?;
        let running = Server::start_on(self.settings.clone(), exchange, enrolment, true).await?;
        self.facts.exchange_url.clone_from(&running.exchange_url);
        self.facts.enrolment_url.clone_from(&running.enrolment_url);
        self.running = Some(running);
        Ok(())
    }

    fn write_files(&self) -> Result<(), SandboxError> {
        let facts = &self.facts;
        if let Some(running) = &self.running {
            write(&facts.folder.join("connection.json"), &running.connection_file())?;
        }
        write(
            &facts.folder.join("sandbox.json"),
            &serde_json::to_string_pretty(facts)?,
        )?;
        write(
            &facts.folder.join("sandbox.env"),
            &format!(
                "SANDBOX='{}'\nEXCHANGE_URL='{}'\nENROLMENT_URL='{}'\n",
                facts.folder.display(),
                facts.exchange_url,
                facts.enrolment_url
            ),
        )?;
        let readme = format!("{}\n{}", messages::sandbox::banner_kept(), facts.readme());
        write(&facts.folder.join("README.txt"), &readme)
    }
}

impl SandboxFacts {
    /// What a person reads: the offices, and what to do next.
    pub fn readme(&self) -> String {
        let folder = self.folder.display();
        let mut lines = vec![
            messages::sandbox::places(&self.exchange_url, &self.enrolment_url),
            messages::sandbox::folder(&folder),
        ];
        for office in &self.offices {
            lines.push(messages::sandbox::office(&office.name, office.number, office.kind));
            lines.push(messages::sandbox::person_account(
                &office.person_id,
                &office.person_password,
            ));
            lines.push(messages::sandbox::office_account(
                &office.office_id,
                &office.office_password,
            ));
            lines.push(messages::sandbox::issue_password(&office.issue_password));
            let (certificate, key) = (office.certificate.display(), office.key.display());
            lines.push(messages::sandbox::certificate(&certificate, &key));
            if !office.licensed {
                lines.push(messages::sandbox::licence_ended());
            }
        }
        lines.push(messages::sandbox::next(&folder));
        lines.push(messages::sandbox::reset(&folder, &self.enrolment_url));
        lines.push(messages::sandbox::stop());
        lines.join("\n") + "\n"
    }
}

impl Invented {
    fn office(&self, certificates: &Path) -> Result<SandboxOffice, SandboxError> {
        let number = self.number;
        Ok(SandboxOffice {
            number: OfficeNumber::parse(number)?,
            kind: ServiceKind::parse(self.kind)?,
            name: (self.name)(),
            licensed: self.licensed,
            office_id: AccountId::parse(&format!("KJ{number}"))?,
            office_password: "sandbox-office-2026".to_owned(),
            person_id: AccountId::parse(&format!("c{number}"))?,
            person_password: "sandbox-person-2026".to_owned(),
            issue_password: "sandbox-issue-2026".to_owned(),
            certificate: certificates.join(format!("{number}.pem")),
            key: certificates.join(format!("{number}.key")),
        })
    }
}

async fn register(
    admin: &Admin,
    office: &SandboxOffice,
    terminal: TerminalId,
    issued: &Issued,
    now: DateTime<Utc>,
) -> Result<(), SandboxError> {
    let kinds = vec![office.kind];
    admin
        .register_office(NewOffice {
            office_id: Some(office.office_id.clone()),
            password: Some(office.office_password.clone()),
            issue_password: Some(office.issue_password.clone()),
            licence_until: (!office.licensed).then(|| now - TimeDelta::days(1)),
            ..NewOffice::new(office.number, office.name.as_str(), kinds)
        })
        .await?;
    admin
        .add_person(NewPerson {
            office: office.number,
            name: messages::sandbox::person(),
            person_id: Some(office.person_id.clone()),
            password: Some(office.person_password.clone()),
            provisional: false,
        })
        .await?;
    let terminal = TerminalRow {
        id: terminal,
        office: office.number,
        name: messages::sandbox::terminal(),
        fingerprint: issued.fingerprint,
        expires_at: issued.expires_at,
        revoked_at: None,
        next: None,
        former: None,
    };
    let new = NewTerminal {
        terminal,
        issue_password: None,
    };
    admin.store.enrol(new, By::CommandLine, now).await?;
    Ok(())
}

/// The folder of a sandbox, emptied; a temporary one if none is named.
fn take(named: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>), SandboxError> {
    let Some(named) = named else {
        let temporary = tempfile::Builder::new().prefix("careplan-sandbox-").tempdir();
        let temporary = temporary.map_err(at(&std::env::temp_dir()))?;
        return Ok((temporary.path().to_owned(), Some(temporary)));
    };
    fs::create_dir_all(&named).map_err(at(&named))?;
    let folder = named.canonicalize().map_err(at(&named))?;
    let is_own = folder.join(MARK).is_file();
    for entry in fs::read_dir(&folder).map_err(at(&folder))? {
        let entry = entry.map_err(at(&folder))?;
        let path = entry.path();
        let ours = is_own && entry.file_name().to_str().is_some_and(|name| OWN.contains(&name));
        if !ours {
            return Err(SandboxError::Foreign(folder));
        }
        if entry.file_name() == MARK {
            continue;
        }
        let is_folder = entry.file_type().map_err(at(&path))?.is_dir();
        let removed = if is_folder {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(at(&path))?;
    }
    write(&folder.join(MARK), "")?;
    Ok((folder, None))
}

fn into_std(socket: TcpListener, folder: &Path) -> Result<std::net::TcpListener, SandboxError> {
    socket.into_std().map_err(at(folder))
}

fn write(path: &Path, text: &str) -> Result<(), SandboxError> {
    fs::write(path, text).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> SandboxError + use<> {
    let path = path.to_owned();
    move |error| SandboxError::Folder(path, error)
}

/// Puts the sandbox back to its beginning: whoever asks after the answer finds it so.
pub(crate) async fn reset(State(app): State<App>) -> Answer<StatusCode> {
    match &app.sandbox {
        Some(end) => {
            end.send_replace(true);
            Ok(StatusCode::NO_CONTENT)
        }
        None => {
            let mut problem = Problem::new(care_model::ProblemCode::RequestMalformed);
            problem.status = StatusCode::NOT_FOUND.as_u16();
            Err(Refusal::from(problem))
        }
    }
}
