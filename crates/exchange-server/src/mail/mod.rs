//! Mail to offices for which something waits and whose client is away (ADR 63): when it is due, sending it, and what came
//! of it. It says that something waits, and nothing of what, from whom or for whom.
//!
//! Nobody who asks the server waits for the mail server, and no office decides where the server connects to.

mod handing;
mod message;
mod settings;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use care_model::{OfficeNumber, limits};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_store::{MailKind, MailOutcome, NewCode, StoreError, TakenMail};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::{Notify, watch};

pub use self::settings::{MailFileError, MailSettings, mail_of};
use self::{
    handing::{Handed, hand},
    message::{Says, message},
};
use crate::{
    app::{App, help_desk},
    listener::is_ending,
    tokens,
};

/// How often it is looked whether a mail is due: another process (the `admin` command, another node) may have made one.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Tries of one mail, within some four hours.
const TRIES_MAX: u32 = 9;
/// Minutes between two tries, at most; the first ones come sooner.
const WAIT_MINUTES_MAX: i64 = 60;
/// Digits of a code.
const CODE_DIGITS: usize = 8;

/// What the server needs to send mail.
pub(crate) struct Mails {
    settings: MailSettings,
    /// As whom it greets the mail server.
    hello: ClientId,
    /// A mail was made that somebody waits for.
    made: Notify,
    /// One mail goes after the other.
    sending: tokio::sync::Mutex<()>,
}

impl Mails {
    pub(crate) fn new(settings: MailSettings, server_names: &[String]) -> Self {
        let name = server_names.first().map_or("localhost", String::as_str);
        let hello = match name.parse() {
            Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(name.to_owned()),
        };
        Self {
            settings,
            hello,
            made: Notify::new(),
            sending: tokio::sync::Mutex::new(()),
        }
    }

    /// Hours that something waits before an office is told.
    pub(crate) fn after_hours(&self) -> i64 {
        self.settings.after.num_hours()
    }

    /// Has what was just made sent without delay.
    pub(crate) fn hurry(&self) {
        self.made.notify_one();
    }
}

/// What came of a mail, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    Sent,
    Again,
    Refused,
    GivenUp,
    Unknown,
}

impl Counted {
    pub(crate) const ALL: [Self; 5] = [Self::Sent, Self::Again, Self::Refused, Self::GivenUp, Self::Unknown];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Again => "again",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
            Self::Unknown => "unknown",
        }
    }
}

/// Which offices have a client that listens here.
#[derive(Default)]
pub(crate) struct Listening(Mutex<HashMap<OfficeNumber, usize>>);

impl Listening {
    pub(crate) fn begins(&self, office: OfficeNumber) {
        let mut offices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *offices.entry(office).or_default() += 1;
    }

    pub(crate) fn ends(&self, office: OfficeNumber) {
        let mut offices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = offices.get_mut(&office) {
            *count -= 1;
            if *count == 0 {
                offices.remove(&office);
            }
        }
    }

    fn offices(&self) -> Vec<OfficeNumber> {
        let offices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        offices.keys().copied().collect()
    }
}

/// Notes which clients listen at this node.
pub(crate) async fn note_listening(app: &App, now: DateTime<Utc>) -> Result<(), StoreError> {
    let offices = app.listening.offices();
    match app.mails.is_some() && !offices.is_empty() {
        true => app.store.note_listening(offices, now).await,
        false => Ok(()),
    }
}

/// Makes the notices that are due.
pub(crate) async fn make_notices(app: &App, now: DateTime<Utc>) -> Result<(), StoreError> {
    match &app.mails {
        Some(mails) => {
            app.store.make_notices(mails.settings.after, now).await?;
            mails.hurry();
            Ok(())
        }
        None => Ok(()),
    }
}

/// Sends what is due, until the server ends.
pub(crate) async fn send_again(app: App, mut ending: watch::Receiver<bool>) {
    let Some(mails) = &app.mails else { return };
    let mut turns = tokio::time::interval(LOOK_EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = is_ending(&mut ending) => return,
            _ = turns.tick() => {}
            () = mails.made.notified() => {}
        }
        if let Err(error) = send_due(&app, &mut ending).await {
            tracing::error!(%error, "mails could not be sent, and are looked for again");
        }
    }
}

/// Sends what is due, one after the other, until there is none or the mail server is away.
pub(crate) async fn send_due(app: &App, ending: &mut watch::Receiver<bool>) -> Result<(), StoreError> {
    let Some(mails) = &app.mails else { return Ok(()) };
    let _sending = mails.sending.lock().await;
    let help_desk = help_desk(&app.store).await?;
    loop {
        let now = app.clock.now();
        let code = tokens::make_digits(CODE_DIGITS);
        let until = now + TimeDelta::hours(limits::MAIL_CODE_HOURS);
        let new = NewCode {
            hash: tokens::hash(&code),
            until,
        };
        let Some(taken) = app.store.take_mail(new, mails.settings.after, now).await? else {
            return Ok(());
        };
        let says = match taken.kind {
            MailKind::Code => Says::Code(&code, until),
            MailKind::Notice => Says::Waiting,
        };
        let message = message(&mails.settings.from, &taken.address, &says, &help_desk, now);
        let handed = match &message {
            Some(message) => hand(&mails.settings, &mails.hello, message, ending).await,
            None => Handed::Unfit,
        };
        if !settle(app, taken, handed).await? {
            return Ok(());
        }
    }
}

/// Stores what came of a mail; whether the mail server takes another one.
async fn settle(app: &App, taken: TakenMail, handed: Handed) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let office = taken.office;
    let again = || match taken.tries >= TRIES_MAX {
        true => (MailOutcome::Failed, Counted::GivenUp),
        false => {
            let minutes = (1_i64 << taken.tries.min(6)).min(WAIT_MINUTES_MAX);
            (MailOutcome::Again(now + TimeDelta::minutes(minutes)), Counted::Again)
        }
    };
    let (is_away, ends) = (matches!(handed, Handed::Away(_)), matches!(handed, Handed::Ending));
    let (outcome, counted) = match handed {
        Handed::Taken => (MailOutcome::Sent, Counted::Sent),
        Handed::Ending => (MailOutcome::Again(now), Counted::Again),
        Handed::Refused(code) => {
            tracing::warn!(office.number = %office, %code, "the mail server refused a mail to an office");
            (MailOutcome::Failed, Counted::Refused)
        }
        Handed::Later(code) => {
            tracing::info!(office.number = %office, %code, "the mail server takes a mail to an office later");
            again()
        }
        Handed::Away(cause) => {
            tracing::warn!(%cause, "the mail server is not ready for a mail");
            again()
        }
        Handed::Unfit => {
            tracing::error!(office.number = %office, "a mail to an office cannot be made");
            (MailOutcome::Failed, Counted::Refused)
        }
        Handed::Unknown => {
            tracing::warn!(office.number = %office, "a mail may have been sent, and is not sent again");
            (MailOutcome::Unknown, Counted::Unknown)
        }
    };
    app.meters.mail(counted);
    if !ends {
        app.health.mail_server_was(!is_away);
    }
    app.store.settle_mail(taken, outcome, now).await?;
    Ok(!is_away && !ends)
}
