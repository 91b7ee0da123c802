//! The two example offices and how a terminal of theirs comes to a session.

use anyhow::{Context, Result};
use care_model::{AccountId, OfficeNumber, Party, ServiceKind};
use exchange_client::{ClientIdentity, Connection, ExchangeClient, SignedIn, make_certificate_request};
use exchange_protocol::EnrolmentRequest;

/// An invented office with one person; its passwords are known because nothing is behind them.
#[derive(Debug)]
pub struct ExampleOffice {
    /// Its number.
    pub number: &'static str,
    /// Its service kind.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its telephone number.
    pub telephone: &'static str,
    /// The display name of its person.
    pub person_name: &'static str,
    /// The password of the person account.
    pub person_password: &'static str,
    /// The password of the office account.
    pub office_password: &'static str,
    /// The one-time password of its first terminal.
    pub issue_password: &'static str,
}

/// 見本居宅介護支援事業所, which makes plans.
pub const CARE_MANAGEMENT: ExampleOffice = ExampleOffice {
    number: "9970100013",
    kind: "43",
    name: "見本居宅介護支援事業所",
    telephone: "03-0000-0001",
    person_name: "見本 花子",
    person_password: "mihon-hanako-2026",
    office_password: "mihon-jigyosho-2026",
    issue_password: "mihon-shomei-2026",
};

/// 例示ヘルパーステーション, which gives the services.
pub const HOME_HELP: ExampleOffice = ExampleOffice {
    number: "9970101003",
    kind: "11",
    name: "例示ヘルパーステーション",
    telephone: "03-0000-0002",
    person_name: "例示 太郎",
    person_password: "reiji-taro-2026",
    office_password: "reiji-jigyosho-2026",
    issue_password: "reiji-shomei-2026",
};

/// The accounts that an exchange gave an office.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// 事業所ユーザID.
    pub office: AccountId,
    /// 個人ユーザID.
    pub person: AccountId,
}

impl ExampleOffice {
    /// Its number, parsed.
    pub fn number(&self) -> Result<OfficeNumber> {
        OfficeNumber::parse(self.number).context("the example office's number")
    }

    /// Its service kind, parsed.
    pub fn kind(&self) -> Result<ServiceKind> {
        ServiceKind::parse(self.kind).context("the example office's kind")
    }

    /// The office in its one kind.
    pub fn party(&self) -> Result<Party> {
        Ok(Party::new(self.number()?, self.kind()?))
    }
}

/// Makes a key, and gets a certificate for it with a one-time password.
pub async fn enrol(
    connection: &Connection,
    accounts: &Accounts,
    issue_password: &str,
    terminal_name: &str,
) -> Result<ClientIdentity> {
    let (key_pem, request_pem) = make_certificate_request(terminal_name)?;
    let answer = ExchangeClient::new(connection, None)?
        .enrol(&EnrolmentRequest {
            office_id: accounts.office.clone(),
            issue_password: issue_password.to_owned(),
            request_pem,
            terminal_name: terminal_name.to_owned(),
        })
        .await?;
    Ok(ClientIdentity {
        certificate_pem: answer.certificate_pem,
        key_pem,
    })
}

/// Both steps of ログイン.
pub async fn sign_in(client: &ExchangeClient, office: &ExampleOffice, accounts: &Accounts) -> Result<SignedIn> {
    let step = client
        .sign_in_person(&accounts.person, &office.person_password.into())
        .await?;
    let tokens = client
        .sign_in_office(&step, &accounts.office, &office.office_password.into())
        .await?;
    Ok(client.signed_in(&tokens.access))
}
