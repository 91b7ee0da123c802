//! Handing one mail to the mail server, and what is known then.
//!
//! Until the mail itself is handed over nothing can have been sent, and it is tried again. From then on only the mail
//! server's own word says that it was not; without it nobody knows.

use std::{fmt, time::Duration};

use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::Mechanism,
        client::AsyncSmtpConnection,
        extension::ClientId,
        response::{Code, Severity},
    },
};
use tokio::{sync::watch, time::timeout};

use super::settings::{MailSettings, Protection};
use crate::{listener::is_ending, refusal::Chain};

/// How long it may take until the mail server is ready for a mail.
const READY_MAX: Duration = Duration::from_secs(20);
/// How long it may take to take one.
const TAKE_MAX: Duration = Duration::from_secs(60);
/// How long its farewell is waited for.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// What came of handing a mail over.
pub(super) enum Handed {
    /// The mail server has it.
    Taken,
    /// It said that it will never take it.
    Refused(Code),
    /// It said that it does not take it now.
    Later(Code),
    /// It was not ready for it, or not there.
    Away(Cause),
    /// The server ends; nothing was handed over.
    Ending,
    /// The line broke while it had the mail, or part of it.
    Unknown,
    /// There was nothing to hand over: the library takes an address for something else than we do.
    Unfit,
}

/// Why the mail server was not ready. What it said is not repeated, for it may name an address: a number says enough.
pub(super) enum Cause {
    /// It took too long.
    Slow,
    /// It answered with this number.
    Answer(Code),
    /// Its answer could not be read.
    Unreadable,
    /// The line or TLS.
    Line(Error),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow => f.write_str("it took too long"),
            Self::Answer(code) => write!(f, "it answered {code}"),
            Self::Unreadable => f.write_str("its answer cannot be read"),
            Self::Line(error) => write!(f, "{}", Chain(error)),
        }
    }
}

impl From<Error> for Cause {
    fn from(error: Error) -> Self {
        match error.status() {
            Some(code) => Self::Answer(code),
            None if error.is_response() => Self::Unreadable,
            None => Self::Line(error),
        }
    }
}

/// Hands a mail over, by a line of its own.
pub(super) async fn hand(
    settings: &MailSettings,
    hello: &ClientId,
    message: &Message,
    ending: &mut watch::Receiver<bool>,
) -> Handed {
    let ready = tokio::select! {
        () = is_ending(ending) => return Handed::Ending,
        ready = timeout(READY_MAX, connect(settings, hello)) => ready,
    };
    let mut line = match ready {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => return Handed::Away(error.into()),
        Err(_) => return Handed::Away(Cause::Slow),
    };
    let bytes = message.formatted();
    let taken = tokio::select! {
        () = is_ending(ending) => return Handed::Unknown,
        taken = timeout(TAKE_MAX, line.send(message.envelope(), &bytes)) => taken,
    };
    match taken {
        Ok(Ok(_)) => {
            // It has the mail already, whether or not it says farewell.
            let _ = timeout(FAREWELL_MAX, line.quit()).await;
            Handed::Taken
        }
        Ok(Err(error)) => match error.status() {
            Some(code) if code.severity == Severity::PermanentNegativeCompletion => Handed::Refused(code),
            Some(code) => Handed::Later(code),
            None => Handed::Unknown,
        },
        Err(_) => Handed::Unknown,
    }
}

async fn connect(settings: &MailSettings, hello: &ClientId) -> Result<AsyncSmtpConnection, Error> {
    let whole = settings.protection == Protection::Tls;
    let mut line = AsyncSmtpConnection::connect_tokio1(
        (settings.host.as_str(), settings.port),
        Some(READY_MAX),
        hello,
        whole.then(|| settings.tls.clone()),
        None,
    )
    .await?;
    if settings.protection == Protection::Starttls {
        // Refused if the server does not offer it: nobody between can talk us out of TLS.
        line.starttls(settings.tls.clone(), hello).await?;
    }
    if let Some(credentials) = &settings.credentials {
        line.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
    }
    Ok(line)
}
