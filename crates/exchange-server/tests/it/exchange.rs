//! A running exchange with offices and terminals, for every test of this crate.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use care_model::{AccountId, DeliveryId, Digest, OfficeNumber, Party, ProblemCode, ServiceKind};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_client::{ClientError, ClientIdentity, Connection, ExchangeClient, SignedIn, make_certificate_request};
use exchange_protocol::{DeliveryHeader, EnrolmentAnswer, EnrolmentRequest, Part, PartRole, Sealing};
use exchange_server::{
    Clock, PasswordCost, Running, Server, Settings,
    admin::{Admin, AdminSettings, NewOffice, NewPerson, OfficeMade, PersonMade},
};
use tempfile::TempDir;

/// The care management office of the tests.
pub(crate) const PLANNER: &str = "9970100013";
/// The service office of the tests.
pub(crate) const HELPER: &str = "9970101003";

/// A clock that tests move.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Utc::now())))
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Clock::new(move || *now.lock().unwrap())
    }
}

/// A running exchange.
pub(crate) struct Exchange {
    pub(crate) running: Running,
    pub(crate) admin: Admin,
    pub(crate) clock: TestClock,
    pub(crate) settings: Settings,
    pub(crate) folder: TempDir,
}

/// An office with its accounts.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) made: OfficeMade,
    pub(crate) person: PersonMade,
    pub(crate) party: Party,
}

/// A terminal with its certificate.
pub(crate) struct Terminal {
    pub(crate) client: ExchangeClient,
    pub(crate) answer: EnrolmentAnswer,
    pub(crate) identity: ClientIdentity,
}

impl Exchange {
    pub(crate) async fn start() -> Self {
        Self::start_at(PasswordCost::least()).await
    }

    /// In a folder, whatever engine the environment names: for what is looked at from outside.
    pub(crate) async fn start_embedded() -> Self {
        let folder = TempDir::new().unwrap();
        let settings = Settings::new(folder.path().join("data"));
        Self::start_with(folder, settings, PasswordCost::least()).await
    }

    pub(crate) async fn start_at(password_cost: PasswordCost) -> Self {
        let folder = TempDir::new().unwrap();
        let mut settings = Settings::new(folder.path().join("data"));
        settings.engine = test_engine::engine(&settings.data, &settings.keys).await;
        Self::start_with(folder, settings, password_cost).await
    }

    async fn start_with(folder: TempDir, mut settings: Settings, password_cost: PasswordCost) -> Self {
        let clock = TestClock::new();
        settings.password_cost = password_cost;
        settings.clock = clock.clock();
        let admin = Admin::open(AdminSettings::from(&settings)).await.unwrap();
        let running = Server::start(settings.clone()).await.unwrap();
        Self {
            running,
            admin,
            clock,
            settings,
            folder,
        }
    }

    pub(crate) async fn office(&self, number: &str, kind: &str) -> Office {
        let number = OfficeNumber::parse(number).unwrap();
        let kind = ServiceKind::parse(kind).unwrap();
        let made = self
            .admin
            .register_office(NewOffice {
                password: Some(format!("{number}-no-kimatta")),
                ..NewOffice::new(number, format!("事業所{number}"), vec![kind])
            })
            .await
            .unwrap();
        let person = self
            .admin
            .add_person(NewPerson {
                office: number,
                name: "見本 太郎".to_owned(),
                person_id: None,
                password: Some(format!("{number}-no-hitori")),
                provisional: false,
            })
            .await
            .unwrap();
        Office {
            made,
            person,
            party: Party::new(number, kind),
        }
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection::parse(self.running.connection_file().as_bytes()).unwrap()
    }

    pub(crate) async fn enrol(
        &self,
        office: &Office,
        issue_password: &str,
        name: &str,
    ) -> Result<Terminal, ClientError> {
        let connection = self.connection();
        let (key_pem, request_pem) = make_certificate_request(name).unwrap();
        let bare = ExchangeClient::new(&connection, None).unwrap();
        let request = EnrolmentRequest {
            office_id: office.made.office_id.clone(),
            issue_password: issue_password.to_owned(),
            request_pem,
            terminal_name: name.to_owned(),
        };
        let answer = bare.enrol(&request).await?;
        let identity = ClientIdentity {
            certificate_pem: answer.certificate_pem.clone(),
            key_pem,
        };
        Ok(Terminal {
            client: ExchangeClient::new(&connection, Some(&identity)).unwrap(),
            answer,
            identity,
        })
    }

    /// A terminal with a fresh issue password.
    pub(crate) async fn terminal(&self, office: &Office, name: &str) -> Terminal {
        let made = self.admin.issue_password(office.made.number, None, 730).await.unwrap();
        self.enrol(office, &made.issue_password, name).await.unwrap()
    }

    /// An office with one signed-in terminal.
    pub(crate) async fn desk(&self, number: &str, kind: &str) -> (Office, Terminal, SignedIn) {
        let office = self.office(number, kind).await;
        let terminal = self.terminal(&office, "受付").await;
        let line = sign_in(&terminal, &office).await.unwrap();
        (office, terminal, line)
    }

    /// Ends the server in order, and leaves what it was set to and the folder with its data and keys.
    pub(crate) async fn leave(self) -> (Connection, Settings, TempDir) {
        let connection = self.connection();
        self.admin.close().await;
        self.running.shutdown().await;
        (connection, self.settings, self.folder)
    }

    /// Ends the server and starts it again over the same data, on other ports.
    pub(crate) async fn restart(self) -> Self {
        self.running.shutdown().await;
        let running = Server::start(self.settings.clone()).await.unwrap();
        Self {
            running,
            admin: self.admin,
            clock: self.clock,
            settings: self.settings,
            folder: self.folder,
        }
    }

    /// The same terminal at the restarted server.
    pub(crate) fn reconnect(&self, terminal: Terminal) -> Terminal {
        Terminal {
            client: ExchangeClient::new(&self.connection(), Some(&terminal.identity)).unwrap(),
            ..terminal
        }
    }
}

pub(crate) async fn sign_in(terminal: &Terminal, office: &Office) -> Result<SignedIn, ClientError> {
    let step = terminal
        .client
        .sign_in_person(&office.person.person_id, &office.person.password.clone().into())
        .await?;
    let tokens = terminal
        .client
        .sign_in_office(&step, &office.made.office_id, &office.made.password.clone().into())
        .await?;
    Ok(terminal.client.signed_in(&tokens.access))
}

/// A delivery of these parts: a name for a standard file, none for an attachment, `"cover"` for the cover.
pub(crate) fn header(from: &Office, to: &Office, parts: &[(Option<&str>, &[u8])]) -> DeliveryHeader {
    DeliveryHeader {
        id: DeliveryId::generate(),
        from: from.party,
        to: to.party,
        serial: None,
        unit: None,
        declared_month: None,
        declared_recipients: Some(1),
        parts: parts
            .iter()
            .map(|(name, bytes)| Part {
                role: match name {
                    Some("cover") => PartRole::Cover,
                    Some(_) => PartRole::StandardFile,
                    None => PartRole::Attachment,
                },
                name: name.filter(|name| *name != "cover").map(str::to_owned),
                size_bytes: bytes.len() as u64,
                digest: Digest::of(bytes),
            })
            .collect(),
        sealing: Sealing::None,
    }
}

pub(crate) fn bytes(parts: &[(Option<&str>, &[u8])]) -> Vec<Bytes> {
    parts.iter().map(|(_, bytes)| Bytes::copy_from_slice(bytes)).collect()
}

pub(crate) fn json(header: &DeliveryHeader) -> Bytes {
    serde_json::to_vec(header).unwrap().into()
}

/// The code under which the server refused.
#[track_caller]
pub(crate) fn refused<T>(answer: Result<T, ClientError>) -> ProblemCode {
    match answer {
        Err(ClientError::Refused(problem)) => problem.code,
        Err(other) => panic!("not refused but failed: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

pub(crate) fn account(text: &str) -> AccountId {
    AccountId::parse(text).unwrap()
}
