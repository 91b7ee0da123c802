//! The offices: registered before the server starts, each with a terminal, a certificate and a session of its own.

use anyhow::{Context, Result, ensure};
use care_model::{AccountId, OfficeNumber, Party, ServiceKind};
use exchange_client::{AccessToken, ClientIdentity, Connection, ExchangeClient, SignedIn, make_certificate_request};
use exchange_protocol::EnrolmentRequest;
use exchange_server::{
    PasswordCost, Settings,
    admin::{Admin, NewExchange, NewOffice, NewPerson},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::stock::Way;

/// Nothing is behind it; every office has the same.
const PASSWORD: &str = "fuka-shiken-2026";
const AT_ONCE: usize = 16;
/// The most offices that the numbers below hold.
pub const OFFICES_MAX: usize = 90_000;

/// An office that is registered.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Its number and kind.
    pub party: Party,
    office: AccountId,
    person: AccountId,
}

/// An office at its terminal, signed in.
#[derive(Clone)]
pub struct Office {
    /// Its number and kind.
    pub party: Party,
    /// What its terminal asks the exchange by.
    pub line: SignedIn,
    /// The certificate of its terminal, with the key.
    pub identity: ClientIdentity,
    /// What its session shows with every request.
    pub access: AccessToken,
}

/// Whether the office of a place plans care; the others give it.
pub fn plans(place: usize) -> bool {
    place.is_multiple_of(2)
}

/// The way of what an office sends.
pub fn way_from(place: usize) -> Way {
    if plans(place) { Way::Plan } else { Way::Actual }
}

/// Registers offices and one person in each, in the data of an exchange that nobody serves yet.
///
/// Their passwords are made to cost as little as can be: what a sign-in costs is another figure (`sign_in`), and here it
/// would be all that is measured. What is kept of them says its own cost, so the server needs no setting for it.
pub async fn register(settings: &Settings, count: usize) -> Result<Vec<Registered>> {
    ensure!(
        (2..=OFFICES_MAX).contains(&count),
        "between 2 and {OFFICES_MAX} offices can take part"
    );
    let mut settings = settings.clone();
    settings.password_cost = PasswordCost::least();
    let admin = Admin::init((&settings).into(), NewExchange::default()).await?;
    let registered = stream::iter(0..count)
        .map(|place| register_one(&admin, place))
        .buffered(AT_ONCE)
        .try_collect()
        .await;
    admin.close().await;
    registered
}

async fn register_one(admin: &Admin, place: usize) -> Result<Registered> {
    let number = OfficeNumber::parse(&format!("99{:08}", 70_000_000 + place))?;
    let kind = ServiceKind::parse(if plans(place) { "43" } else { "11" })?;
    let made = admin
        .register_office(NewOffice {
            password: Some(PASSWORD.to_owned()),
            issue_password: Some(PASSWORD.to_owned()),
            ..NewOffice::new(number, format!("Office {place}"), vec![kind])
        })
        .await
        .context("registering an office")?;
    let person = admin
        .add_person(NewPerson {
            office: number,
            name: "Clerk".to_owned(),
            person_id: None,
            password: Some(PASSWORD.to_owned()),
            provisional: false,
        })
        .await
        .context("adding a person")?;
    Ok(Registered {
        party: Party::new(number, kind),
        office: made.office_id,
        person: person.person_id,
    })
}

/// Enrols a terminal for every office and signs in there; the offices take turns over the nodes.
pub async fn sign_in(offices: &[Registered], nodes: &[Connection]) -> Result<Vec<Office>> {
    let strangers: Vec<ExchangeClient> = nodes
        .iter()
        .map(|connection| ExchangeClient::new(connection, None))
        .collect::<Result<_, _>>()?;
    stream::iter(offices.iter().enumerate())
        .map(|(place, office)| {
            let node = place % nodes.len();
            sign_in_one(office, &nodes[node], &strangers[node])
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn sign_in_one(office: &Registered, connection: &Connection, stranger: &ExchangeClient) -> Result<Office> {
    let (key_pem, request_pem) = make_certificate_request("Terminal")?;
    let answer = stranger
        .enrol(&EnrolmentRequest {
            office_id: office.office.clone(),
            issue_password: PASSWORD.to_owned(),
            request_pem,
            terminal_name: "Terminal".to_owned(),
        })
        .await
        .context("enrolling a terminal")?;
    let identity = ClientIdentity {
        certificate_pem: answer.certificate_pem,
        key_pem,
    };
    let client = ExchangeClient::new(connection, Some(&identity))?;
    let step = client.sign_in_person(&office.person, &PASSWORD.into()).await;
    let step = step.context("signing in a person")?;
    let tokens = client.sign_in_office(&step, &office.office, &PASSWORD.into()).await;
    let tokens = tokens.context("signing in an office")?;
    Ok(Office {
        party: office.party,
        line: client.signed_in(&tokens.access),
        identity,
        access: tokens.access,
    })
}
