//! What the operator does: the same functions for the command line, the demo and tests.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use care_model::{AccountId, OfficeNumber, ServiceKind, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_protocol::{AccountFamily, HelpDesk};
use exchange_store::{
    Act, By, Engine, LicenceRequest, NewAccount, NewIssuePassword, NewOffice as NewOfficeRow, NewPassword, OfficeFacts,
    OfficeRow, Signer, Store, StoreError,
};
use serde::Serialize;
use thiserror::Error;

use crate::{
    Clock,
    app::{App, DEFAULT_EXCHANGE_NAME, exchange_name, help_desk, setting},
    authority::{Authority, AuthorityError},
    keys::{Keys, KeysError},
    passwords::{PasswordCost, PasswordError, Passwords},
    tokens,
    updates::PublishError,
};

/// Days that a terminal's certificate holds.
pub const CERTIFICATE_DAYS: i64 = 2 * 365;
/// Days that a licence runs unless said otherwise.
const LICENCE_DAYS: i64 = 365;
/// Days in which an issue password must be used.
const ISSUE_PASSWORD_DAYS: i64 = 30;
/// Tries to find an ID that is free.
pub(crate) const ID_TRIES_MAX: usize = 16;

/// Why something was not done. Nothing was stored.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The keys.
    #[error("the exchange's keys cannot be used")]
    Keys(#[from] KeysError),
    /// The storage.
    #[error("the exchange's storage cannot be used")]
    Store(#[from] StoreError),
    /// The password.
    #[error("the password cannot be used")]
    Password(#[from] PasswordError),
    /// The number or ID is taken.
    #[error("this office number or account ID is taken")]
    Taken,
    /// There is no such office.
    #[error("there is no such office")]
    NoSuchOffice,
    /// There is no such terminal.
    #[error("there is no such terminal")]
    NoSuchTerminal,
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// There is no such operator.
    #[error("there is no such operator")]
    NoSuchOperator,
    /// The ID of an operator is taken, or there are as many operators as there may be.
    #[error("this operator's ID is taken, or there are too many operators")]
    OperatorsTooMany,
    /// An operator's name that is empty, too long, or holds control characters.
    #[error("an operator's name has 1 to 60 characters")]
    OperatorName,
    /// One administrator who is not stopped must be left.
    #[error("no administrator would be left")]
    LastAdministrator,
    /// There is no such one-time password, or it is not open any more.
    #[error("there is no such open one-time password")]
    NoSuchIssuePassword,
    /// There is no such entry of the news.
    #[error("there is no such entry of the news")]
    NoSuchNews,
    /// A certificate could not be made.
    #[error("the certificate cannot be made")]
    Certificate(#[from] AuthorityError),
    /// A terminal's name that is empty, too long, or holds control characters.
    #[error("a terminal's name has 1 to 40 characters")]
    TerminalName,
    /// A limit or a period is outside of what can be set.
    #[error("the number is outside of what can be set")]
    LimitOutside,
    /// What is to be registered of an office is empty, too long, or holds control characters.
    #[error("{field}: {rule}")]
    FieldUnfit {
        /// Which field, in words.
        field: String,
        /// What it may hold, in words.
        rule: String,
    },
    /// A version of the client could not be put up or taken down.
    #[error("the version of the client was neither put up nor taken down")]
    Update(#[from] PublishError),
    /// A file could not be written.
    #[error("the file cannot be written")]
    File(#[source] std::io::Error),
    /// An account ID of the wrong family.
    #[error("a person's ID begins with c, an office's with KJ, an operator's with OP")]
    WrongFamily,
}

/// What the operator decides when an exchange begins.
#[derive(Debug, Clone, Default)]
pub struct NewExchange {
    /// Its name, as terminals show it.
    pub name: Option<String>,
    /// Whom to call; the manual's help desk by default (D23).
    pub help_desk: Option<HelpDesk>,
}

/// An office to register. Whatever is not given is made.
#[derive(Clone)]
pub struct NewOffice {
    /// Its number.
    pub number: OfficeNumber,
    /// Its name.
    pub name: String,
    /// Its name in kana.
    pub kana: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Its service kinds.
    pub kinds: Vec<ServiceKind>,
    /// Its telephone number.
    pub telephone: Option<String>,
    /// The last instant of its licence.
    pub licence_until: Option<DateTime<Utc>>,
    /// Its 事業所ユーザID.
    pub office_id: Option<AccountId>,
    /// Its password. One that is made here is provisional.
    pub password: Option<String>,
    /// Whether a given password is provisional too.
    pub provisional: bool,
    /// Its first 証明書発行用パスワード.
    pub issue_password: Option<String>,
}

impl NewOffice {
    /// An office with nothing but what it must have.
    pub fn new(number: OfficeNumber, name: impl Into<String>, kinds: Vec<ServiceKind>) -> Self {
        Self {
            number,
            name: name.into(),
            kana: None,
            address: None,
            kinds,
            telephone: None,
            licence_until: None,
            office_id: None,
            password: None,
            provisional: false,
            issue_password: None,
        }
    }
}

/// What the operator hands to a registered office.
#[derive(Clone, Serialize)]
pub struct OfficeMade {
    /// Its number.
    pub number: OfficeNumber,
    /// Its 事業所ユーザID.
    pub office_id: AccountId,
    /// Its password.
    pub password: String,
    /// Its 証明書発行用パスワード, good once.
    pub issue_password: String,
}

/// A person to add. Whatever is not given is made.
#[derive(Clone)]
pub struct NewPerson {
    /// The person's office.
    pub office: OfficeNumber,
    /// The name shown on screen.
    pub name: String,
    /// The 個人ユーザID.
    pub person_id: Option<AccountId>,
    /// The password. One that is made here is provisional.
    pub password: Option<String>,
    /// Whether a given password is provisional too.
    pub provisional: bool,
}

/// What the operator hands to a person.
#[derive(Clone, Serialize)]
pub struct PersonMade {
    /// The 個人ユーザID.
    pub person_id: AccountId,
    /// The password.
    pub password: String,
}

/// A new provisional password.
#[derive(Clone, Serialize)]
pub struct PasswordMade {
    /// To be changed at the next sign-in.
    pub password: String,
}

/// A published entry of お知らせ.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct NewsMade {
    /// Its number.
    pub news: u64,
}

/// A 証明書発行用パスワード.
#[derive(Clone, Serialize)]
pub struct IssuePasswordMade {
    /// Good once.
    pub issue_password: String,
}

/// No password is ever printed by accident.
macro_rules! secret_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}
secret_debug!(
    NewOffice,
    OfficeMade,
    NewPerson,
    PersonMade,
    PasswordMade,
    IssuePasswordMade
);

/// The operator at the data of an exchange, whether its server runs or not.
#[derive(Debug)]
pub struct Admin {
    pub(crate) store: Store,
    pub(crate) authority: Arc<Authority>,
    /// Signs the audit.
    pub(crate) audit: Arc<Signer>,
    pub(crate) passwords: Passwords,
    pub(crate) clock: Clock,
    /// Who acts, for the audit.
    pub(crate) by: By,
}

/// How to come to the data.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// Where database and contents are, unless nodes share them.
    pub data: PathBuf,
    /// Where rows and contents are kept.
    pub engine: Engine,
    /// Where the keys are.
    pub keys: PathBuf,
    /// What a password costs to try.
    pub password_cost: PasswordCost,
    /// Where the time comes from.
    pub clock: Clock,
}

impl AdminSettings {
    /// The settings for a data folder.
    pub fn new(data: &Path) -> Self {
        Self::from(&crate::Settings::new(data))
    }
}

impl From<&crate::Settings> for AdminSettings {
    fn from(settings: &crate::Settings) -> Self {
        Self {
            data: settings.data.clone(),
            engine: settings.engine.clone(),
            keys: settings.keys.clone(),
            password_cost: settings.password_cost,
            clock: settings.clock.clone(),
        }
    }
}

impl Admin {
    /// The same acts inside the running server, by whoever is signed in to the portal.
    pub(crate) fn of(app: &App, by: By) -> Self {
        Self {
            store: app.store.clone(),
            authority: Arc::clone(&app.authority),
            audit: Arc::clone(&app.audit),
            passwords: app.passwords.clone(),
            clock: app.clock.clone(),
            by,
        }
    }

    /// Opens the exchange's data, making what is missing.
    pub async fn open(settings: AdminSettings) -> Result<Self, AdminError> {
        Self::open_named(settings, DEFAULT_EXCHANGE_NAME).await
    }

    async fn open_named(settings: AdminSettings, exchange_name: &str) -> Result<Self, AdminError> {
        let keys = Keys::open(&settings.keys, &settings.data, &settings.engine, exchange_name).await?;
        Ok(Self {
            store: Store::open(settings.engine, keys.masters).await?,
            authority: Arc::new(keys.authority),
            audit: keys.audit,
            passwords: Passwords::new(settings.password_cost)?,
            clock: settings.clock,
            by: By::CommandLine,
        })
    }

    /// Begins an exchange: its keys, its authority, its name. Safe to repeat; what is there stays.
    pub async fn init(settings: AdminSettings, new: NewExchange) -> Result<Self, AdminError> {
        let name = new.name.unwrap_or_else(|| DEFAULT_EXCHANGE_NAME.to_owned());
        let admin = Self::open_named(settings, &name).await?;
        let mut values = vec![(setting::EXCHANGE_NAME, name)];
        if let Some(help_desk) = new.help_desk {
            values.extend([
                (setting::HELP_TELEPHONE, help_desk.telephone),
                (setting::HELP_HOURS, help_desk.hours),
                (setting::HELP_FORM, help_desk.form_url),
            ]);
        }
        let (by, now) = (admin.by.clone(), admin.clock.now());
        admin.store.change_settings(values, by, now).await?;
        Ok(admin)
    }

    /// Registers an office, its account, and its first issue password.
    pub async fn register_office(&self, new: NewOffice) -> Result<OfficeMade, AdminError> {
        let (made, office, password) = self.prepare_office(new).await?;
        let row = vec![(office, password)];
        let registered = self.store.register_offices(row, self.by.clone(), self.clock.now());
        match registered.await? {
            Ok(()) => Ok(made),
            Err(_) => Err(AdminError::Taken),
        }
    }

    /// Everything that an office to register needs: what it is to be handed, and the rows. Stores nothing.
    pub(crate) async fn prepare_office(
        &self,
        new: NewOffice,
    ) -> Result<(OfficeMade, NewOfficeRow, NewIssuePassword), AdminError> {
        let now = self.clock.now();
        let provisional = new.provisional || new.password.is_none();
        let password = new.password.unwrap_or_else(tokens::make_password);
        let password_hash = self.passwords.hash(password.clone()).await?;
        let office_id = self.id_or_free(new.office_id, "KJ", AccountFamily::Office).await?;
        let row = NewOfficeRow {
            office: OfficeRow {
                number: new.number,
                name: new.name.clone(),
                kana: new.kana,
                address: new.address,
                kinds: new.kinds,
                telephone: new.telephone,
                licence_until: new.licence_until.unwrap_or(now + TimeDelta::days(LICENCE_DAYS)),
            },
            account: NewAccount {
                id: office_id.clone(),
                family: AccountFamily::Office,
                office: new.number,
                display_name: new.name,
                password_hash,
                provisional,
            },
        };
        let (issue_password, first) = self
            .make_issue_password(new.issue_password, CERTIFICATE_DAYS, now)
            .await?;
        let made = OfficeMade {
            number: new.number,
            office_id,
            password,
            issue_password,
        };
        Ok((made, row, first))
    }

    /// Adds a person to an office.
    pub async fn add_person(&self, new: NewPerson) -> Result<PersonMade, AdminError> {
        if self.store.office(new.office).await?.is_none() {
            return Err(AdminError::NoSuchOffice);
        }
        let is_made = new.password.is_none();
        let provisional = new.provisional || is_made;
        let password = new.password.unwrap_or_else(tokens::make_password);
        let password_hash = self.passwords.hash(password.clone()).await?;
        let person_id = self.id_or_free(new.person_id, "c", AccountFamily::Person).await?;
        // One that was given is known to whoever gave it.
        let kept = is_made.then(|| password.clone());
        let added = self.store.add_account(
            NewAccount {
                id: person_id.clone(),
                family: AccountFamily::Person,
                office: new.office,
                display_name: new.name,
                password_hash,
                provisional,
            },
            kept,
            self.by.clone(),
            self.clock.now(),
        );
        match added.await? {
            true => Ok(PersonMade { person_id, password }),
            false => Err(AdminError::Taken),
        }
    }

    /// Gives an account a new provisional password, and ends its sessions.
    pub async fn reset_password(&self, account: &AccountId) -> Result<PasswordMade, AdminError> {
        let password = tokens::make_password();
        let new = NewPassword {
            account: account.clone(),
            password_hash: self.passwords.hash(password.clone()).await?,
            provisional: true,
            instead_of: None,
            // An office's own password is of no use on a page that it opens.
            first_password: (AccountFamily::of(account) == Some(AccountFamily::Person)).then(|| password.clone()),
            act: Act::ResetPassword,
            by: self.by.clone(),
        };
        match self.store.set_password(new, self.clock.now()).await? {
            true => Ok(PasswordMade { password }),
            false => Err(AdminError::NoSuchAccount),
        }
    }

    /// Makes a new issue password. The certificate that it buys holds so many days: fewer than one for tests of expiry.
    pub async fn issue_password(
        &self,
        office: OfficeNumber,
        password: Option<String>,
        certificate_days: i64,
    ) -> Result<IssuePasswordMade, AdminError> {
        let now = self.clock.now();
        let (issue_password, new) = self.make_issue_password(password, certificate_days, now).await?;
        match self.store.add_issue_password(office, new, self.by.clone(), now).await? {
            true => Ok(IssuePasswordMade { issue_password }),
            false => Err(AdminError::NoSuchOffice),
        }
    }

    /// The given issue password, or a made one, with its row.
    async fn make_issue_password(
        &self,
        given: Option<String>,
        certificate_days: i64,
        now: DateTime<Utc>,
    ) -> Result<(String, NewIssuePassword), AdminError> {
        let is_made = given.is_none();
        let password = given.unwrap_or_else(tokens::make_password);
        let row = NewIssuePassword {
            password_hash: self.passwords.hash(password.clone()).await?,
            selector: is_made.then(|| tokens::selector(&password)),
            certificate_days,
            until: now + TimeDelta::days(ISSUE_PASSWORD_DAYS),
        };
        Ok((password, row))
    }

    /// Revokes a terminal's certificate and ends its sessions.
    pub async fn revoke_terminal(&self, terminal: TerminalId) -> Result<(), AdminError> {
        match self
            .store
            .revoke_terminal(terminal, self.by.clone(), self.clock.now())
            .await?
        {
            true => Ok(()),
            false => Err(AdminError::NoSuchTerminal),
        }
    }

    /// What offices wish for the end of their licences, the longest waiting first; [`Admin::set_licence`] answers.
    pub async fn licence_requests(&self) -> Result<Vec<LicenceRequest>, AdminError> {
        Ok(self.store.licence_requests().await?)
    }

    /// Moves the end of an office's licence.
    pub async fn set_licence(&self, office: OfficeNumber, until: DateTime<Utc>) -> Result<(), AdminError> {
        match self
            .store
            .set_licence(office, until, self.by.clone(), self.clock.now())
            .await?
        {
            true => Ok(()),
            false => Err(AdminError::NoSuchOffice),
        }
    }

    /// Changes what is registered of an office, all but its number and licence.
    pub async fn change_office(&self, new: OfficeFacts) -> Result<(), AdminError> {
        match self.store.change_office(new, self.by.clone(), self.clock.now()).await? {
            true => Ok(()),
            false => Err(AdminError::NoSuchOffice),
        }
    }

    /// Takes an office's wish for the end of its licence off the list without moving that end.
    pub async fn refuse_licence_wish(&self, office: OfficeNumber) -> Result<(), AdminError> {
        let now = self.clock.now();
        Ok(self.store.ask_licence(office, None, self.by.clone(), now).await?)
    }

    /// Publishes an entry of お知らせ, now or later.
    pub async fn add_news(
        &self,
        title: String,
        body: String,
        from: Option<DateTime<Utc>>,
    ) -> Result<NewsMade, AdminError> {
        let from = from.unwrap_or_else(|| self.clock.now());
        let news = self
            .store
            .add_news(title, body, from, self.by.clone(), self.clock.now())
            .await?;
        Ok(NewsMade { news })
    }

    /// Takes an entry of お知らせ back.
    pub async fn remove_news(&self, news: u64) -> Result<(), AdminError> {
        match self.store.remove_news(news, self.by.clone(), self.clock.now()).await? {
            true => Ok(()),
            false => Err(AdminError::NoSuchNews),
        }
    }

    /// The connection file for a server at these addresses.
    pub async fn connection_file(&self, exchange_url: &str, enrolment_url: &str) -> Result<String, AdminError> {
        Ok(connection_file(&self.store, &self.authority, exchange_url, enrolment_url).await?)
    }

    /// Closes the data in order.
    pub async fn close(self) {
        self.store.close().await;
    }

    /// The ID that was asked for, or one that nobody has.
    async fn id_or_free(
        &self,
        asked: Option<AccountId>,
        prefix: &str,
        family: AccountFamily,
    ) -> Result<AccountId, AdminError> {
        if let Some(asked) = asked {
            return if AccountFamily::of(&asked) != Some(family) {
                Err(AdminError::WrongFamily)
            } else if self.store.account(&asked).await?.is_some() {
                Err(AdminError::Taken)
            } else {
                Ok(asked)
            };
        }
        for _ in 0..ID_TRIES_MAX {
            let made = format!("{prefix}{}", tokens::make_digits(10));
            let id = AccountId::parse(&made).map_err(|_| AdminError::WrongFamily)?;
            if self.store.account(&id).await?.is_none() {
                return Ok(id);
            }
        }
        Err(AdminError::Taken)
    }
}

/// The connection file (接続ファイル): where the exchange is and whom to trust.
pub(crate) async fn connection_file(
    store: &Store,
    authority: &Authority,
    exchange_url: &str,
    enrolment_url: &str,
) -> Result<String, StoreError> {
    #[derive(Serialize)]
    struct File<'a> {
        careplan_connection: u32,
        exchange_name: String,
        exchange_url: &'a str,
        enrolment_url: &'a str,
        authority_pem: &'a str,
        help_desk: HelpDesk,
    }

    let file = File {
        careplan_connection: 1,
        exchange_name: exchange_name(store).await?,
        exchange_url,
        enrolment_url,
        authority_pem: authority.certificate_pem(),
        help_desk: help_desk(store).await?,
    };
    serde_json::to_string_pretty(&file).map_err(|_| StoreError::Damaged { what: "setting" })
}
