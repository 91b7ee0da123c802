//! What an operator reads and does on the command line, as the portal's pages do: an office with its people, terminals,
//! passwords and limits; news; versions of the client.

use std::path::Path;

use care_model::{AccountId, MailAddress, OfficeNumber, ServiceKind, TerminalId, limits};
use chrono::{DateTime, Utc};
use exchange_protocol::{OfficeSearch, Problem, UpdateOffer, UpdateTarget};
use exchange_store::{Act, LicenceWish, OfficeMail, OfficeRow, PersonRow, StoreError};
use serde::Serialize;

use crate::{
    LimitsShown,
    admin::{Admin, AdminError},
    office_facts::FactsTyped,
    updates::{self, NewUpdate},
};

/// Offices that are read at once.
const OFFICES_READ: u32 = 200;

/// An office as a list shows it.
#[derive(Debug, Clone, Serialize)]
pub struct OfficeListed {
    /// Its number.
    pub number: OfficeNumber,
    /// Its name.
    pub name: String,
    /// Its service kinds.
    pub kinds: Vec<ServiceKind>,
    /// The last instant of its licence.
    pub licence_until: DateTime<Utc>,
}

/// Everything that is kept of an office, without any password.
#[derive(Debug, Clone, Serialize)]
pub struct OfficeShown {
    /// Its number, name, kinds and licence.
    #[serde(flatten)]
    pub office: OfficeListed,
    /// Its name in kana.
    pub kana: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Its telephone number.
    pub telephone: Option<String>,
    /// Its KJ ID.
    pub office_id: Option<AccountId>,
    /// What it wishes for the end of its licence: `renew` or `stop`.
    pub licence_wish: Option<&'static str>,
    /// Its people, stopped ones too.
    pub people: Vec<PersonShown>,
    /// Its terminals, revoked ones too.
    pub terminals: Vec<TerminalShown>,
    /// Its one-time passwords that may still be used; not the passwords themselves.
    pub issue_passwords: Vec<IssuePasswordShown>,
    /// What may wait for it and what it may send.
    pub limits: LimitsShown,
    /// Where it is told by mail that something waits, if anywhere.
    pub mail: Option<MailShown>,
}

/// Where an office is told by mail.
#[derive(Debug, Clone, Serialize)]
pub struct MailShown {
    /// The address.
    pub address: MailAddress,
    /// Since when the office has confirmed it; until then nothing but a code goes there.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When the mail server last took a notice.
    pub sent_at: Option<DateTime<Utc>>,
    /// When a mail was given up, if none was taken since.
    pub failed_at: Option<DateTime<Utc>>,
}

impl From<OfficeMail> for MailShown {
    fn from(mail: OfficeMail) -> Self {
        Self {
            address: mail.address,
            confirmed_at: mail.confirmed_at,
            sent_at: mail.sent_at,
            failed_at: mail.failed_at,
        }
    }
}

/// A person of an office.
#[derive(Debug, Clone, Serialize)]
pub struct PersonShown {
    /// The c ID.
    pub id: AccountId,
    /// The name.
    pub name: String,
    /// Whether the password must be changed at the next sign-in.
    pub provisional: bool,
    /// Since when the person may not sign in any more.
    pub stopped_at: Option<DateTime<Utc>>,
}

/// A terminal of an office.
#[derive(Debug, Clone, Serialize)]
pub struct TerminalShown {
    /// Which; `revoke-terminal` takes it.
    pub id: TerminalId,
    /// What the office calls it.
    pub name: String,
    /// When it got its certificate.
    pub enrolled_at: DateTime<Utc>,
    /// The last day of its certificate.
    pub expires_at: DateTime<Utc>,
    /// Since when it is revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When somebody last signed in there.
    pub signed_in_at: Option<DateTime<Utc>>,
}

/// A one-time password that may still be used.
#[derive(Debug, Clone, Serialize)]
pub struct IssuePasswordShown {
    /// Its number; `withdraw-issue-password` takes it.
    pub number: i64,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Until when it may be used.
    pub until: DateTime<Utc>,
}

/// An entry of the news as those who publish see it.
#[derive(Debug, Clone, Serialize)]
pub struct NewsListed {
    /// Its number; `remove-news` takes it.
    pub news: u64,
    /// From when it is shown.
    pub from: DateTime<Utc>,
    /// Whether it is shown by now.
    pub is_shown: bool,
    /// Its title.
    pub title: String,
}

/// What is to be changed of an office; what is none stays as it is.
#[derive(Debug, Clone, Default)]
pub struct OfficeChange {
    /// Its name.
    pub name: Option<String>,
    /// Its name in kana; empty for none.
    pub kana: Option<String>,
    /// Its address; empty for none.
    pub address: Option<String>,
    /// Its telephone number; empty for none.
    pub telephone: Option<String>,
    /// All its service kinds.
    pub kinds: Option<Vec<ServiceKind>>,
}

impl From<&OfficeRow> for OfficeListed {
    fn from(row: &OfficeRow) -> Self {
        Self {
            number: row.number,
            name: row.name.clone(),
            kinds: row.kinds.clone(),
            licence_until: row.licence_until,
        }
    }
}

impl From<PersonRow> for PersonShown {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            provisional: row.provisional,
            stopped_at: row.stopped_at,
        }
    }
}

impl Admin {
    /// The next offices in which the words are found, by number, name, kana, place or kind; any without words. Behind
    /// the office that a page ended with; an empty page is the end.
    pub async fn list_offices(
        &self,
        words: &str,
        after: Option<OfficeNumber>,
    ) -> Result<Vec<OfficeListed>, AdminError> {
        let search = OfficeSearch {
            text: words.chars().take(limits::SEARCH_CHARS_MAX).collect(),
            kind: None,
            after,
            limit: OFFICES_READ,
        };
        let (rows, _) = self.store.search_offices(&search).await?;
        Ok(rows.iter().map(OfficeListed::from).collect())
    }

    /// Everything that is kept of an office.
    pub async fn show_office(&self, number: OfficeNumber) -> Result<OfficeShown, AdminError> {
        let (store, now) = (&self.store, self.clock.now());
        let row = store.office(number).await?.ok_or(AdminError::NoSuchOffice)?;
        let signed_in = store.terminal_sign_ins(number).await?;
        let terminal = |entry: exchange_protocol::TerminalEntry| TerminalShown {
            signed_in_at: signed_in.get(&entry.id).copied(),
            id: entry.id,
            name: entry.name,
            enrolled_at: entry.enrolled_at,
            expires_at: entry.expires_at,
            revoked_at: entry.revoked_at,
        };
        let wish = store.licence_request(number).await?.map(|request| match request.wish {
            LicenceWish::Renew => "renew",
            LicenceWish::Stop => "stop",
        });
        let passwords = store.open_issue_passwords(number, now).await?;
        Ok(OfficeShown {
            office: OfficeListed::from(row.as_ref()),
            kana: row.kana.clone(),
            address: row.address.clone(),
            telephone: row.telephone.clone(),
            office_id: store.office_account(number).await?,
            licence_wish: wish,
            people: store.people(number).await?.into_iter().map(PersonShown::from).collect(),
            terminals: store.terminals(number).await?.into_iter().map(terminal).collect(),
            issue_passwords: passwords
                .into_iter()
                .map(|open| IssuePasswordShown {
                    number: open.row,
                    made_at: open.made_at,
                    until: open.until,
                })
                .collect(),
            limits: store.limits(number).await?.effective().into(),
            mail: store.office_mail(number, now).await?.map(MailShown::from),
        })
    }

    /// Changes some of what is registered of an office, under the rules of the portal's form.
    pub async fn change_some(&self, number: OfficeNumber, change: OfficeChange) -> Result<(), AdminError> {
        let row = self.store.office(number).await?.ok_or(AdminError::NoSuchOffice)?;
        let mut typed = FactsTyped::registered(&row);
        for (field, new) in [
            (&mut typed.name, change.name),
            (&mut typed.kana, change.kana),
            (&mut typed.address, change.address),
            (&mut typed.telephone, change.telephone),
        ] {
            if let Some(new) = new {
                *field = new;
            }
        }
        if let Some(kinds) = change.kinds {
            typed.kinds = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        }
        let facts = typed.read(number).map_err(unfit)?;
        self.change_office(facts).await
    }

    /// Stops a person of an office, whose sessions end at once, or lets the person back in.
    pub async fn set_person_stopped(
        &self,
        office: OfficeNumber,
        person: AccountId,
        stopped: bool,
    ) -> Result<(), AdminError> {
        let (by, now) = (self.by.clone(), self.clock.now());
        match self.store.set_stopped(office, person, stopped, by, now).await? {
            true => Ok(()),
            false => Err(AdminError::NoSuchAccount),
        }
    }

    /// Withdraws a one-time password that nobody used.
    pub async fn withdraw_issue_password(&self, office: OfficeNumber, number: i64) -> Result<(), AdminError> {
        let (by, now) = (self.by.clone(), self.clock.now());
        match self.store.withdraw_issue_password(office, number, by, now).await? {
            true => Ok(()),
            false => Err(AdminError::NoSuchIssuePassword),
        }
    }

    /// Names the address at which an office is told by mail; the server mails a code there, and the office types it in at
    /// the portal. False if as many codes were mailed for it as a day takes.
    pub async fn set_mail_address(&self, office: OfficeNumber, address: MailAddress) -> Result<bool, AdminError> {
        if self.store.office(office).await?.is_none() {
            return Err(AdminError::NoSuchOffice);
        }
        let (by, now) = (self.by.clone(), self.clock.now());
        Ok(self.store.set_mail_address(office, address, by, now).await?)
    }

    /// Tells an office nothing by mail any more; false if it was told nothing before.
    pub async fn remove_mail_address(&self, office: OfficeNumber) -> Result<bool, AdminError> {
        let (by, now) = (self.by.clone(), self.clock.now());
        Ok(self.store.remove_mail_address(office, by, now).await?)
    }

    /// The news that was not taken back, newest first, what is to be shown later too.
    pub async fn list_news(&self) -> Result<Vec<NewsListed>, AdminError> {
        let rows = self.store.published_news(self.clock.now()).await?;
        let listed = rows.into_iter().map(|row| NewsListed {
            news: row.entry.id,
            from: row.entry.published_at,
            is_shown: row.is_shown,
            title: row.entry.title,
        });
        Ok(listed.collect())
    }

    /// Writes down an act that changes no row.
    pub(crate) async fn note(&self, act: Act) -> Result<(), StoreError> {
        self.store.note(act, self.by.clone(), self.clock.now()).await
    }

    /// Puts up a version of the client in the data folder, and where the other nodes of a shared exchange find it.
    pub async fn publish_update(&self, data: &Path, update: &NewUpdate) -> Result<UpdateOffer, AdminError> {
        if self.store.is_shared() {
            updates::take_over(&self.store, data).await?;
        }
        let checked = updates::Checked::new(data, update, self.clock.now())?;
        // First the line, then what it says: nothing is offered that the audit does not know.
        self.note(Act::PublishUpdate).await?;
        let offer = checked.put_up()?;
        if self.store.is_shared() {
            updates::hand_on(&self.store, data, &offer, &update.target).await?;
        }
        Ok(offer)
    }

    /// Takes down what is offered for a kind of computer; false if nothing is.
    pub async fn withdraw_update(&self, data: &Path, target: &UpdateTarget) -> Result<bool, AdminError> {
        if self.store.is_shared() {
            updates::take_over(&self.store, data).await?;
            updates::take_down(&self.store, target).await?;
        }
        let withdrawn = updates::withdraw(data, target)?;
        if withdrawn {
            self.note(Act::WithdrawUpdate).await?;
        }
        Ok(withdrawn)
    }
}

fn unfit(problem: Problem) -> AdminError {
    let param = |name: &str| problem.params.get(name).cloned().unwrap_or_default();
    AdminError::FieldUnfit {
        field: param("field"),
        rule: param("rule"),
    }
}
