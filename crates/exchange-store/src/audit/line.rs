//! A line of the audit as it is appended in the acting transaction, unchained: one insert, whatever it says.

use care_model::{AccountId, DeliveryId, OfficeNumber};
use chrono::{DateTime, Utc};
use exchange_audit::{Act, Subject};

use crate::{Actor, convert, sql};

/// Lines in one statement.
const LINES_MAX: usize = 64;

/// Who acts, for the audit. Every act of the store that a person can ask for takes one.
#[derive(Debug, Clone)]
pub enum By {
    /// A person signed in at a terminal.
    Terminal(Actor),
    /// An office signed in to the portal.
    Portal {
        /// The office.
        office: OfficeNumber,
        /// Its account.
        account: AccountId,
    },
    /// An operator.
    Operator {
        /// The operator's account.
        account: AccountId,
    },
    /// Whoever has the server's command line.
    CommandLine,
    /// The server itself: by time, or for somebody who has no account yet.
    Server,
}

impl By {
    /// The number under which a line remembers the kind.
    pub(super) fn code(&self) -> i64 {
        match self {
            Self::Terminal(_) => 1,
            Self::Portal { .. } => 2,
            Self::Operator { .. } => 3,
            Self::CommandLine => 4,
            Self::Server => 5,
        }
    }

    pub(super) fn office(&self) -> Option<OfficeNumber> {
        match self {
            Self::Terminal(actor) => Some(actor.office),
            Self::Portal { office, .. } => Some(*office),
            Self::Operator { .. } | Self::CommandLine | Self::Server => None,
        }
    }

    fn account(&self) -> Option<String> {
        match self {
            Self::Terminal(actor) => Some(actor.account.clone()),
            Self::Portal { account, .. } | Self::Operator { account } => Some(account.key()),
            Self::CommandLine | Self::Server => None,
        }
    }
}

impl From<&Actor> for By {
    fn from(actor: &Actor) -> Self {
        Self::Terminal(actor.clone())
    }
}

/// Who did what to what, and when. It enters the chains of the offices that it concerns and of the office that acted;
/// what operators did, and what concerns no office, enters the exchange's own.
#[derive(Debug)]
pub(crate) struct AuditLine {
    at: DateTime<Utc>,
    act: Act,
    by: By,
    subject: Option<Subject>,
    office: Option<OfficeNumber>,
    to: Option<OfficeNumber>,
    fence: Option<u64>,
}

impl AuditLine {
    /// An act that concerns whoever did it.
    pub(crate) fn new(at: DateTime<Utc>, act: Act, by: impl Into<By>) -> Self {
        let by = by.into();
        Self {
            at,
            act,
            office: by.office(),
            by,
            subject: None,
            to: None,
            fence: None,
        }
    }

    /// What was done.
    pub(crate) fn act(&self) -> Act {
        self.act
    }

    /// To what it was done.
    pub(crate) fn on(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Which office it concerns, whoever did it.
    pub(crate) fn of_office(mut self, office: OfficeNumber) -> Self {
        self.office = Some(office);
        self
    }

    /// Of a delivery, and so of both offices.
    pub(crate) fn of_delivery(mut self, id: DeliveryId, from: OfficeNumber, to: OfficeNumber) -> Self {
        (self.office, self.to) = (Some(from), Some(to));
        self.on(Subject::Delivery(id))
    }

    /// Under which fence.
    pub(crate) fn under(mut self, fence: u64) -> Self {
        self.fence = Some(fence);
        self
    }
}

/// The number under which a line remembers the kind of its subject, and its bytes.
fn subject_columns(subject: &Subject) -> (i64, Vec<u8>) {
    match subject {
        Subject::Delivery(id) => (1, id.as_bytes().to_vec()),
        Subject::Office(office) => (2, office.as_str().as_bytes().to_vec()),
        Subject::Account(account) => (3, account.key().into_bytes()),
        Subject::Terminal(id) => (4, id.as_bytes().to_vec()),
        Subject::News(number) => (5, number.to_string().into_bytes()),
    }
}

/// Adds what writes the lines of a commit, in the epoch of that moment.
pub(crate) fn write(script: &mut sql::Script, lines: &[AuditLine]) {
    for lines in lines.chunks(LINES_MAX) {
        let mut insert = sql::Builder::new(
            "INSERT INTO audit (at, act, by_kind, office, account, terminal, subject_kind, subject, about, about_to, \
             fence, epoch) SELECT line.*, (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'epoch') FROM (",
        );
        insert.push_values(lines, |row, line| {
            let terminal = match &line.by {
                By::Terminal(actor) => Some(actor.terminal.as_bytes().to_vec()),
                _ => None,
            };
            let (subject_kind, subject) = line.subject.as_ref().map(subject_columns).unzip();
            row.push_bind(convert::millis(line.at))
                .push_bind(line.act.word())
                .push_bind(line.by.code())
                .push_bind(line.by.office().map(|office| office.as_str().to_owned()))
                .push_bind(line.by.account())
                .push_bind(terminal)
                .push_bind(subject_kind)
                .push_bind(subject)
                .push_bind(line.office.map(|office| office.as_str().to_owned()))
                .push_bind(line.to.map(|office| office.as_str().to_owned()))
                .push_bind(line.fence.map(convert::signed));
        });
        insert.push(") AS line");
        script.push(insert.build());
    }
}
