//! The authorisation matrix: every endpoint of the API's table, called by every kind of caller there is. What each cell
//! must say follows from the table alone, so that a new endpoint is in the matrix by being in the table; the matrix as
//! people read it is `docs/AUTHORISATION.md`.

use std::{cell::RefCell, collections::HashMap};

use care_model::{ProblemCode, TerminalId};
use chrono::TimeDelta;
use exchange_client::ClientIdentity;
use exchange_protocol::{DeliveryHeader, Problem, envelope};
use exchange_server::{Caller, ENDPOINTS, Endpoint, Listener, SANDBOX_ENDPOINTS};
use exchange_store::OperatorRole;
use fault_row::{Breaches, Row};
use rcgen::{ExtendedKeyUsagePurpose, PKCS_ED25519};

use crate::{
    bare::{call, call_with},
    exchange::{Exchange, HELPER, Office, PLANNER, Terminal, header, json},
    portal::Browser,
    wrong_certificates::{authority, issue},
};

/// An office of another kind.
const DAY_CARE: &str = "9970101011";

fn code(body: &str) -> Option<ProblemCode> {
    serde_json::from_str::<Problem>(body).ok().map(|problem| problem.code)
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Nobody known, where a certificate is required.
    NobodyOnExchange,
    /// Nobody known, where none is.
    NobodyOnEnrolment,
    /// An office signed in to the portal, by its cookie.
    OfficeOfPortal,
    /// An operator signed in to the portal, by the cookie.
    Operator,
    /// A terminal at which nobody is signed in.
    Terminal,
    /// A terminal with an operator's cookie.
    TerminalAndOperator,
    /// A person who has done step 1 of two.
    StepOne,
    /// A person who is signed in.
    SignedIn,
    /// A person signed in of another office, asking for what is this one's.
    OtherOffice,
    /// A terminal with the token of a person who signed in at another one.
    TokenElsewhere,
    /// A person signed in of an office whose licence is over.
    ExpiredLicence,
    /// A terminal whose certificate was revoked, with the token of before.
    Revoked,
    /// A terminal whose certificate is over.
    ExpiredCertificate,
    /// A terminal whose certificate does not hold yet.
    EarlyCertificate,
    /// Somebody with a certificate of our authority that is for something else.
    OtherUse,
}

impl Who {
    const ALL: [Self; 15] = [
        Self::NobodyOnExchange,
        Self::NobodyOnEnrolment,
        Self::OfficeOfPortal,
        Self::Operator,
        Self::Terminal,
        Self::TerminalAndOperator,
        Self::StepOne,
        Self::SignedIn,
        Self::OtherOffice,
        Self::TokenElsewhere,
        Self::ExpiredLicence,
        Self::Revoked,
        Self::ExpiredCertificate,
        Self::EarlyCertificate,
        Self::OtherUse,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::NobodyOnExchange => "nobody, exchange",
            Self::NobodyOnEnrolment => "nobody, enrolment",
            Self::OfficeOfPortal => "office of the portal",
            Self::Operator => "operator",
            Self::Terminal => "terminal",
            Self::TerminalAndOperator => "terminal, operator's cookie",
            Self::StepOne => "step 1 only",
            Self::SignedIn => "signed in",
            Self::OtherOffice => "other office",
            Self::TokenElsewhere => "token of another terminal",
            Self::ExpiredLicence => "expired licence",
            Self::Revoked => "revoked",
            Self::ExpiredCertificate => "expired certificate",
            Self::EarlyCertificate => "not yet valid",
            Self::OtherUse => "certificate for another use",
        }
    }
}

/// What a cell of the matrix says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// The handshake fails, or nothing is answered.
    NoAnswer,
    /// There is no such address here.
    NotHere,
    /// Refused under this code.
    Refused(ProblemCode),
    /// Let in: what is answered depends on what is asked.
    In,
    /// Let in, but there is no such thing for this office.
    Unknown,
}

impl Cell {
    fn text(self) -> String {
        match self {
            Self::NoAnswer => "no answer".to_owned(),
            Self::NotHere => "404".to_owned(),
            Self::Refused(code) => format!("`{}`", code.as_str()),
            Self::In => "yes".to_owned(),
            Self::Unknown => "yes, not theirs".to_owned(),
        }
    }
}

/// What the table says of a cell.
fn expected(endpoint: &Endpoint, who: Who) -> Cell {
    let is_open = endpoint.listener != Listener::Exchange;
    match who {
        Who::NobodyOnExchange => Cell::NoAnswer,
        Who::NobodyOnEnrolment | Who::OfficeOfPortal | Who::Operator => match is_open {
            true => Cell::In,
            false => Cell::NotHere,
        },
        _ if is_open => Cell::In,
        Who::Revoked => Cell::Refused(ProblemCode::CertificateRevoked),
        Who::ExpiredCertificate => Cell::Refused(ProblemCode::CertificateExpired),
        Who::EarlyCertificate => Cell::Refused(ProblemCode::CertificateEarly),
        Who::OtherUse => Cell::Refused(ProblemCode::CertificateWrongUse),
        // Nobody need be signed in there, but a token that is shown has to be good.
        Who::StepOne | Who::TokenElsewhere if endpoint.path == "/v1/events" => {
            Cell::Refused(ProblemCode::SignInRequired)
        }
        Who::Terminal | Who::TerminalAndOperator | Who::StepOne | Who::TokenElsewhere => match endpoint.caller {
            Caller::SignedIn => Cell::Refused(ProblemCode::SignInRequired),
            Caller::Terminal | Caller::Anybody => Cell::In,
        },
        Who::OtherOffice if endpoint.path.contains("box/{id}") || goes_on(endpoint) => Cell::Unknown,
        Who::ExpiredLicence if sends(endpoint) => Cell::Refused(ProblemCode::LicenceExpired),
        Who::SignedIn | Who::OtherOffice | Who::ExpiredLicence => Cell::In,
    }
}

/// Whether an endpoint is one by which an office sends, for which it needs a licence.
fn sends(endpoint: &Endpoint) -> bool {
    let path = endpoint.path;
    path == "/v1/deliveries/{id}" || path == "/v1/uploads/{id}" || path == "/v1/uploads/{id}/commit"
}

/// Whether an endpoint is one by which an office goes on with what it began to send.
fn goes_on(endpoint: &Endpoint) -> bool {
    endpoint.path.starts_with("/v1/uploads/{id}/")
}

/// Whether an endpoint may end the session of whoever asks: after it everybody needs another one.
fn ends_sessions(endpoint: &Endpoint) -> bool {
    let ends = ["/v1/sign-", "/v1/accounts/", "/v1/terminals/renewal"];
    ends.iter().any(|begin| endpoint.path.starts_with(begin))
}

/// Everybody there is.
struct World {
    exchange: Exchange,
    office: Office,
    terminal: Terminal,
    other: (Office, Terminal),
    unlicensed: (Office, Terminal),
    revoked: (Terminal, String),
    expired: Terminal,
    early: Terminal,
    other_use: ClientIdentity,
    office_cookie: String,
    operator_cookie: String,
    /// Tokens of sessions that hold, by terminal.
    sessions: RefCell<HashMap<TerminalId, String>>,
    /// A delivery that waits for the first office.
    waiting: DeliveryHeader,
    /// A delivery that the office without a licence began to send while it had one.
    begun: DeliveryHeader,
}

impl World {
    async fn new() -> Self {
        let exchange = Exchange::start().await;
        let office = exchange.office(PLANNER, "43").await;
        // Its certificate begins when the server's clock, put right since, will have got there.
        exchange.clock.advance(TimeDelta::days(3));
        let early = exchange.terminal(&office, "早い").await;
        exchange.clock.advance(TimeDelta::days(-3));
        let terminal = exchange.terminal(&office, "受付").await;
        let uses = [ExtendedKeyUsagePurpose::ServerAuth];
        let other_use = issue(
            &authority(&exchange),
            &office,
            terminal.answer.terminal,
            &uses,
            &PKCS_ED25519,
        );
        let (other, other_terminal, _) = exchange.desk(HELPER, "11").await;
        let (third, _, sender) = exchange.desk(DAY_CARE, "15").await;
        let parts: &[(Option<&str>, &[u8])] = &[(None, b"a text")];
        let waiting = header(&third, &office, parts);
        let read = crate::exchange::bytes(parts);
        let read = move |part: usize, offset: u64, length: usize| {
            let start = usize::try_from(offset).map_err(std::io::Error::other)?;
            Ok(read[part].slice(start..start + length))
        };
        sender.send(json(&waiting), &read, |_| {}).await.unwrap();
        let unlicensed = exchange.office("9970101029", "11").await;
        let unlicensed_terminal = exchange.terminal(&unlicensed, "受付").await;
        let begun = header(&unlicensed, &office, parts);
        let short = exchange
            .admin
            .issue_password(office.made.number, None, -1)
            .await
            .unwrap();
        let expired = exchange.enrol(&office, &short.issue_password, "古い").await.unwrap();
        let revoked = exchange.terminal(&office, "なくした").await;
        let mut world = Self {
            office_cookie: Browser::signed_in(&exchange, &office).await.cookies["__Host-careplan-portal"].clone(),
            operator_cookie:
                Browser::operator(&exchange, OperatorRole::Administrator).await.cookies["__Host-careplan-operator"]
                    .clone(),
            revoked: (exchange.terminal(&office, "予備").await, String::new()),
            exchange,
            office,
            terminal,
            other: (other, other_terminal),
            unlicensed: (unlicensed, unlicensed_terminal),
            expired,
            early,
            other_use,
            sessions: RefCell::default(),
            waiting,
            begun,
        };
        let (office, terminal) = (&world.unlicensed.0, &world.unlicensed.1);
        let headers = format!(
            "Authorization: Bearer {}\r\n{JSON}",
            world.token(terminal, office).await
        );
        let (path, body) = (format!("/v1/uploads/{}", world.begun.id), world.begun_json());
        let url = &world.exchange.running.exchange_url;
        let identity = Some(&terminal.identity);
        let (status, _) = call_with(&world.exchange, url, identity, "POST", &path, &headers, body.as_bytes())
            .await
            .unwrap();
        assert_eq!(status, 200);
        let over = world.exchange.clock.now() - TimeDelta::days(1);
        world
            .exchange
            .admin
            .set_licence(office.made.number, over)
            .await
            .unwrap();
        let token = world.token(&revoked, &world.office).await;
        let lost = crate::exchange::sign_in(&revoked, &world.office).await.unwrap();
        let mut events = lost.events().await.unwrap();
        let id = revoked.answer.terminal;
        world.exchange.admin.revoke_terminal(id).await.unwrap();
        // The running server notices what the operator did beside it.
        while events.next().await.is_ok_and(|event| event.is_some()) {}
        world.revoked = (revoked, token);
        world
    }

    fn begun_json(&self) -> String {
        serde_json::to_string(&self.begun).unwrap()
    }

    async fn post(&self, terminal: &Terminal, path: &str, body: &serde_json::Value) -> serde_json::Value {
        let url = &self.exchange.running.exchange_url;
        let headers = "Content-Type: application/json\r\n";
        let identity = Some(&terminal.identity);
        let (status, body) = call_with(
            &self.exchange,
            url,
            identity,
            "POST",
            path,
            headers,
            body.to_string().as_bytes(),
        )
        .await
        .unwrap();
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn step_token(&self, terminal: &Terminal, office: &Office) -> String {
        let body = serde_json::json!({ "person_id": office.person.person_id, "password": office.person.password });
        let answer = self.post(terminal, "/v1/sign-in/person", &body).await;
        answer["step_token"].as_str().unwrap().to_owned()
    }

    /// An access token of a session that has just begun.
    async fn token(&self, terminal: &Terminal, office: &Office) -> String {
        let body = serde_json::json!({
            "step_token": self.step_token(terminal, office).await,
            "office_id": office.made.office_id,
            "password": office.made.password,
        });
        let answer = self.post(terminal, "/v1/sign-in/office", &body).await;
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// The token of a session that holds. One that did not would be noticed: somebody who is to be let in uses it, too.
    async fn session(&self, terminal: &Terminal, office: &Office) -> String {
        let id = terminal.answer.terminal;
        let known = self.sessions.borrow().get(&id).cloned();
        match known {
            Some(token) => token,
            None => {
                let token = self.token(terminal, office).await;
                self.sessions.borrow_mut().insert(id, token.clone());
                token
            }
        }
    }

    async fn ask(&self, endpoint: &Endpoint, who: Who) -> Option<(u16, String)> {
        let (here, there) = (
            &self.exchange.running.exchange_url,
            &self.exchange.running.enrolment_url,
        );
        let bearer = |token: String| format!("Authorization: Bearer {token}\r\n");
        let operator = format!("Cookie: __Host-careplan-operator={}\r\n", self.operator_cookie);
        let (url, terminal, mut headers) = match who {
            Who::NobodyOnExchange => (here, None, String::new()),
            Who::NobodyOnEnrolment => (there, None, String::new()),
            Who::OfficeOfPortal => {
                let cookie = format!("Cookie: __Host-careplan-portal={}\r\n", self.office_cookie);
                (there, None, cookie)
            }
            Who::Operator => (there, None, operator),
            Who::Terminal => (here, Some(&self.terminal), String::new()),
            Who::TerminalAndOperator => (here, Some(&self.terminal), operator),
            Who::StepOne => {
                let token = self.step_token(&self.terminal, &self.office).await;
                (here, Some(&self.terminal), bearer(token))
            }
            Who::SignedIn => {
                let token = self.session(&self.terminal, &self.office).await;
                (here, Some(&self.terminal), bearer(token))
            }
            Who::OtherOffice => {
                let token = self.session(&self.other.1, &self.other.0).await;
                (here, Some(&self.other.1), bearer(token))
            }
            Who::TokenElsewhere => {
                let token = self.session(&self.terminal, &self.office).await;
                (here, Some(&self.other.1), bearer(token))
            }
            Who::ExpiredLicence => {
                let token = self.session(&self.unlicensed.1, &self.unlicensed.0).await;
                (here, Some(&self.unlicensed.1), bearer(token))
            }
            Who::Revoked => (here, Some(&self.revoked.0), bearer(self.revoked.1.clone())),
            Who::ExpiredCertificate => (here, Some(&self.expired), String::new()),
            Who::EarlyCertificate => (here, Some(&self.early), String::new()),
            Who::OtherUse => {
                let token = self.session(&self.terminal, &self.office).await;
                (here, None, bearer(token))
            }
        };
        let id = match who {
            // Theirs to fetch: whoever is let in asks for another one, so that it is there to the end.
            Who::SignedIn => "0199a1b2-0000-7000-8000-000000000000".to_owned(),
            Who::ExpiredLicence if sends(endpoint) => self.begun.id.to_string(),
            Who::OtherOffice if goes_on(endpoint) => self.begun.id.to_string(),
            _ => self.waiting.id.to_string(),
        };
        let path = endpoint
            .path
            .replace("{id}", &id)
            .replace("{number}", PLANNER)
            .replace("{part}", "0")
            .replace("{target}", "linux-x86_64-deb")
            .replace("{version}", "9.9.9");
        let begun = self.begun_json();
        let envelope = envelope::write(begun.as_bytes(), &[bytes::Bytes::from_static(b"a text")]);
        let envelope_type = format!("Content-Type: {}\r\n", envelope::MEDIA_TYPE);
        let (path, headers, body): (String, String, &[u8]) = match endpoint.path {
            "/v1/uploads/{id}" if who == Who::ExpiredLicence => (path, headers + JSON, begun.as_bytes()),
            "/v1/deliveries/{id}" if who == Who::ExpiredLicence => (path, headers + &envelope_type, &envelope),
            "/v1/inbox/{id}/claim" => (path, headers + JSON, b"{}"),
            "/v1/inbox/{id}/confirm" => (path, headers + JSON, br#"{"fence":1}"#),
            "/v1/inbox/{id}/parts/{part}" => (path + "?fence=1", headers, b""),
            "/v1/uploads/{id}/{part}" => {
                headers.push_str("Content-Type: application/octet-stream\r\n");
                (path + "?offset=0", headers, b"a text")
            }
            _ => (path, headers, b""),
        };
        let identity = match who {
            Who::OtherUse => Some(&self.other_use),
            _ => terminal.map(|terminal| &terminal.identity),
        };
        let method = endpoint.method.to_uppercase();
        let answer = call_with(&self.exchange, url, identity, &method, &path, &headers, body).await;
        if ends_sessions(endpoint) {
            self.sessions.borrow_mut().clear();
        }
        answer
    }
}

const JSON: &str = "Content-Type: application/json\r\n";

/// Codes that say who may not come in.
fn keeps_out(code: ProblemCode) -> bool {
    use ProblemCode as P;
    matches!(
        code,
        P::SignInRequired
            | P::CertificateMissing
            | P::CertificateExpired
            | P::CertificateEarly
            | P::CertificateRevoked
            | P::CertificateForeign
            | P::CertificateWrongUse
            | P::CertificateReplaced
            | P::LicenceExpired
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn row_17_every_endpoint_answers_every_caller_as_its_table_says() {
    let row = Row::open(17, "every endpoint asked by every kind of caller");
    let world = World::new().await;
    let mut cells = 0;
    for endpoint in ENDPOINTS {
        for who in Who::ALL {
            let cell = expected(endpoint, who);
            cells += 1;
            let what = format!("{} {} by {who:?}", endpoint.method, endpoint.path);
            let answer = world.ask(endpoint, who).await;
            match (cell, answer) {
                (Cell::NoAnswer, answer) => assert_eq!(answer, None, "{what}"),
                (Cell::NotHere, Some((status, body))) => {
                    assert_eq!(
                        (status, code(&body)),
                        (404, Some(ProblemCode::RequestMalformed)),
                        "{what}"
                    );
                }
                (Cell::Refused(wanted), Some((_, body))) => assert_eq!(code(&body), Some(wanted), "{what}: {body}"),
                (Cell::Unknown, Some((status, body))) => {
                    assert_eq!(
                        (status, code(&body)),
                        (404, Some(ProblemCode::DeliveryUnknown)),
                        "{what}: {body}"
                    );
                }
                (Cell::In, Some((status, body))) => assert!(
                    status < 500 && status != 405 && !code(&body).is_some_and(keeps_out),
                    "{what}: {status} {body}"
                ),
                (cell, None) => panic!("{what}: no answer in place of {cell:?}"),
            }
        }
    }
    assert!(cells > 15 * 25, "{cells}");
    // What only a sandbox has is not there, for nobody.
    for endpoint in SANDBOX_ENDPOINTS {
        for who in Who::ALL {
            let answer = world.ask(endpoint, who).await;
            match who {
                Who::NobodyOnExchange => assert_eq!(answer, None),
                _ => assert_eq!(
                    answer.map(|(status, _)| status),
                    Some(404),
                    "{} by {who:?}",
                    endpoint.path
                ),
            }
        }
    }
    // Nobody of all these changed anything of what was begun: not a byte of it is there.
    let (office, terminal) = (&world.unlicensed.0, &world.unlicensed.1);
    let licence = world.exchange.clock.now() + TimeDelta::days(9);
    let admin = &world.exchange.admin;
    admin.set_licence(office.made.number, licence).await.unwrap();
    let line = crate::exchange::sign_in(terminal, office).await.unwrap();
    while !line.me().await.unwrap().office.active {
        tokio::task::yield_now().await;
    }
    let headers = format!(
        "Authorization: Bearer {}\r\n{JSON}",
        world.token(terminal, office).await
    );
    let (path, body) = (format!("/v1/uploads/{}", world.begun.id), world.begun_json());
    let (url, identity) = (&world.exchange.running.exchange_url, Some(&terminal.identity));
    let begun = call_with(&world.exchange, url, identity, "POST", &path, &headers, body.as_bytes()).await;
    assert_eq!(begun, Some((200, r#"{"stored_bytes":[0]}"#.to_owned())));
    // Nor of the delivery: it waits, and is whole.
    let line = crate::exchange::sign_in(&world.terminal, &world.office).await.unwrap();
    let claim = line.claim(world.waiting.id, None).await.unwrap();
    assert_eq!(claim.fence, 1);
    let mut stream = line.fetch_part(&claim, 0, 0).unwrap();
    let mut arrived = Vec::new();
    while let Some(piece) = stream.next().await.unwrap() {
        arrived.extend_from_slice(&piece);
    }
    assert_eq!(arrived, b"a text");
    row.close(cells, Breaches::default());
}

/// The matrix as people read it.
#[test]
fn the_matrix_in_the_documents_is_this_one() {
    let mut text = String::from(
        "# Who may call what\n\nMade from the server's table of endpoints by the test that asks each of these cells \
         (`crates/exchange-server/tests/it/endpoints.rs`); a change of the table changes it with \
         `UPDATE_SNAPSHOTS=1 cargo nextest run -p exchange-server the_matrix`.\n\n\
         \"yes\" is let in; \"yes, not theirs\" is let in and told that there is no such delivery, whoever's it is, waiting or half sent; \
         a code is a refusal; 404 is an address that is not on that listener. The portal's pages have a table of \
         their own ([ADR 29](adr/0029-operators-with-roles-at-the-same-portal.md)).\n\n| |",
    );
    for who in Who::ALL {
        text.push_str(&format!(" {} |", who.name()));
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(Who::ALL.len()));
    for endpoint in ENDPOINTS {
        text.push_str(&format!("\n| `{} {}` |", endpoint.method.to_uppercase(), endpoint.path));
        for who in Who::ALL {
            text.push_str(&format!(" {} |", expected(endpoint, who).text()));
        }
    }
    text.push('\n');
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/AUTHORISATION.md");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).is_ok_and(|there| there == text),
        "docs/AUTHORISATION.md is not up to date: run the test with UPDATE_SNAPSHOTS=1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_told_so() {
    let exchange = Exchange::start().await;
    let url = &exchange.running.enrolment_url;
    let answer = call(&exchange, url, None, "GET", "/v1/exchange", "careplan-version: 2\r\n").await;
    let (status, body) = answer.unwrap();
    assert_eq!((status, code(&body)), (426, Some(ProblemCode::ServerIncompatible)));
    let (status, _) = call(&exchange, url, None, "GET", "/v1/nothing", "").await.unwrap();
    assert_eq!(status, 404);
    assert_eq!(
        code(
            &call(&exchange, url, None, "DELETE", "/v1/exchange", "")
                .await
                .unwrap()
                .1
        ),
        Some(ProblemCode::RequestMalformed)
    );
}
