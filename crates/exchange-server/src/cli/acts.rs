//! What the operator may ask for, as words of the command line.

use std::{net::SocketAddr, path::PathBuf};

use care_model::{AccountId, MailAddress, OfficeNumber, ServiceKind, TerminalId};
use chrono::{DateTime, Utc};
use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use exchange_protocol::{ClientVersion, UpdateTarget};
use exchange_server::admin::CERTIFICATE_DAYS;
use exchange_store::{Act, AuditSearch, OperatorRole};

#[derive(Subcommand)]
pub(super) enum AdminAct {
    /// Begins an exchange: keys, authority, name.
    Init {
        /// The exchange's name.
        #[arg(long)]
        name: Option<String>,
        /// The help desk's telephone number.
        #[arg(long, requires_all = ["help_hours", "help_form"])]
        help_telephone: Option<String>,
        /// When the help desk answers.
        #[arg(long)]
        help_hours: Option<String>,
        /// The address of the help desk's form.
        #[arg(long)]
        help_form: Option<String>,
    },
    /// Makes a backup of everything but the keys; the server may run meanwhile.
    Backup {
        /// A new or empty folder.
        #[arg(long)]
        out: PathBuf,
    },
    /// Makes a new master key and wraps every key anew by it, or goes on where that was broken off; the server may run
    /// meanwhile.
    RotateMasterKey {
        /// Instead removes an old master key (such as master-1) once nothing names it any more. Backups of before the
        /// rotation can't be read after that.
        #[arg(long)]
        retire: Option<String>,
    },
    /// Begins a new epoch after the database of an exchange was put back to an earlier time with tools of its own. Every
    /// server of it must be stopped.
    NewEpoch,
    /// Restores a backup into the data folder, which must be new or empty, before a server is started on it.
    Restore {
        /// The folder of the backup.
        #[arg(long)]
        from: PathBuf,
    },
    /// Registers an office with its KJ account and its first issue password.
    RegisterOffice {
        /// The office number.
        #[arg(long)]
        number: OfficeNumber,
        /// Its name.
        #[arg(long)]
        name: String,
        /// Its name in kana.
        #[arg(long)]
        kana: Option<String>,
        /// Its address.
        #[arg(long)]
        address: Option<String>,
        /// A service kind; may be repeated.
        #[arg(long = "kind", required = true)]
        kinds: Vec<ServiceKind>,
        /// Its telephone number.
        #[arg(long)]
        telephone: Option<String>,
        /// The last instant of its licence.
        #[arg(long)]
        licence_until: Option<DateTime<Utc>>,
        /// The KJ ID, if not a made one.
        #[arg(long, value_parser = account_id)]
        id: Option<AccountId>,
        /// The password, if not a made one (demo and tests). A made one must be changed at the first sign-in.
        #[arg(long)]
        password: Option<String>,
        /// Whether the given password must be changed at the first sign-in too.
        #[arg(long, requires = "password")]
        provisional: bool,
        /// The issue password, if not a made one (demo and tests).
        #[arg(long)]
        issue_password: Option<String>,
    },
    /// Registers the offices of a CSV list (UTF-8 or MS932), all or none, and writes what each is to be handed.
    RegisterOffices {
        /// The list: columns 事業所番号, 事業所名, サービス種類 (codes with ; between), and if wanted 事業所名のカナ, 住所,
        /// 電話番号, ライセンスの期限.
        #[arg(long)]
        list: PathBuf,
        /// Leaves out the rows that cannot be registered.
        #[arg(long)]
        good_rows_only: bool,
        /// The new file for IDs and passwords; only its owner may read it.
        #[arg(long)]
        out: PathBuf,
    },
    /// The offices in which words are found, by number, name, kana, place or kind; all without. One JSON object a line.
    ListOffices {
        /// The words.
        #[arg(long, default_value = "")]
        search: String,
    },
    /// Everything that is kept of an office but its passwords: people, terminals, open one-time passwords, limits.
    ShowOffice {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
    },
    /// Changes what is registered of an office; what is not given stays. An empty text takes it away.
    ChangeOffice {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
        /// Its name.
        #[arg(long)]
        name: Option<String>,
        /// Its name in kana.
        #[arg(long)]
        kana: Option<String>,
        /// Its address.
        #[arg(long)]
        address: Option<String>,
        /// Its telephone number.
        #[arg(long)]
        telephone: Option<String>,
        /// All its service kinds; may be repeated.
        #[arg(long = "kind")]
        kinds: Vec<ServiceKind>,
    },
    /// Adds a person to an office.
    AddPerson {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
        /// The person's name.
        #[arg(long)]
        name: String,
        /// The c ID, if not a made one.
        #[arg(long, value_parser = account_id)]
        id: Option<AccountId>,
        /// The password, if not a made one (demo and tests). A made one must be changed at the first sign-in.
        #[arg(long)]
        password: Option<String>,
        /// Whether the given password must be changed at the first sign-in too.
        #[arg(long, requires = "password")]
        provisional: bool,
    },
    /// Shuts a person of an office out, at once.
    StopPerson(PersonArguments),
    /// Lets a stopped person in again.
    ResumePerson(PersonArguments),
    /// Gives an account a new password, to be changed at the next sign-in, and ends its sessions.
    ResetPassword {
        /// The c or KJ ID.
        #[arg(long, value_parser = account_id)]
        account: AccountId,
    },
    /// Makes a new issue password for an office.
    IssuePassword {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
        /// The issue password, if not a made one (demo and tests).
        #[arg(long)]
        password: Option<String>,
        /// How many days the certificate holds that it buys.
        #[arg(long, default_value_t = CERTIFICATE_DAYS, allow_negative_numbers = true)]
        certificate_days: i64,
    },
    /// Withdraws a one-time password that nobody used.
    WithdrawIssuePassword {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
        /// The number of the password, as `show-office` gives it.
        #[arg(long)]
        number: i64,
    },
    /// Makes a certificate file (PKCS#12) for a terminal of an office, in place of an issue password.
    MakeCertificate {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
        /// What the office calls the terminal.
        #[arg(long)]
        terminal_name: String,
        /// A file whose first line is the password of the certificate file.
        #[arg(long)]
        password_file: PathBuf,
        /// The certificate file to write; nothing is written over.
        #[arg(long)]
        out: PathBuf,
    },
    /// Revokes a terminal's certificate.
    RevokeTerminal {
        /// The terminal.
        #[arg(long)]
        terminal: TerminalId,
    },
    /// Moves the end of an office's licence.
    SetLicence {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
        /// Its last instant.
        #[arg(long)]
        until: DateTime<Utc>,
    },
    /// What offices wish for the end of their licences; `set-licence` is the answer.
    LicenceRequests,
    /// Takes an office's wish for the end of its licence off the list without moving that end.
    RefuseLicenceWish {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
    },
    /// Sets what may wait for an office and what it may send a day; what is not given is as for all offices.
    SetLimits {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
        /// Deliveries that may wait for it, unfetched.
        #[arg(long)]
        waiting: Option<u64>,
        /// Bytes of these deliveries.
        #[arg(long)]
        waiting_bytes: Option<u64>,
        /// Deliveries that it may send on one day.
        #[arg(long)]
        sends_a_day: Option<u64>,
    },
    /// Names the address at which an office is told by mail that something waits. A code is mailed there, and nothing else
    /// until the office types it in at the portal.
    SetMailAddress {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
        /// The address.
        #[arg(long)]
        address: MailAddress,
    },
    /// Tells an office nothing by mail any more.
    RemoveMailAddress {
        /// The office number.
        #[arg(long)]
        office: OfficeNumber,
    },
    /// Sets how many days content is kept that nobody fetches, for what is accepted from now on: 31 to 90.
    SetRetention {
        /// The days.
        #[arg(long)]
        days: i64,
    },
    /// Writes an office's part of the audit into a new file, for `careplan verify`; without an office what operators and
    /// the server did.
    AuditExport {
        /// The office number.
        #[arg(long)]
        office: Option<OfficeNumber>,
        /// The file.
        #[arg(long)]
        out: PathBuf,
    },
    /// Looks through the audit, newest first; one JSON object a line.
    AuditSearch(AuditSearchArguments),
    /// Adds an operator, who signs in to the portal.
    AddOperator {
        /// The operator's name.
        #[arg(long)]
        name: String,
        /// What the operator is there for: administrator, clerk or auditor.
        #[arg(long, value_parser = role())]
        role: OperatorRole,
        /// The OP ID, if not a made one.
        #[arg(long, value_parser = account_id)]
        id: Option<AccountId>,
        /// The password, if not a made one (demo and tests). A made one must be changed at the first sign-in.
        #[arg(long)]
        password: Option<String>,
        /// Whether the given password must be changed at the first sign-in too.
        #[arg(long, requires = "password")]
        provisional: bool,
    },
    /// Every operator with role and state.
    ListOperators,
    /// Gives an operator a new password, to be changed at the next sign-in, and ends the operator's sessions.
    ResetOperator {
        /// The OP ID.
        #[arg(long, value_parser = account_id)]
        id: AccountId,
    },
    /// Gives an operator another role, and ends the operator's sessions.
    SetOperatorRole {
        /// The OP ID.
        #[arg(long, value_parser = account_id)]
        id: AccountId,
        /// What the operator is there for from now on.
        #[arg(long, value_parser = role())]
        role: OperatorRole,
    },
    /// Shuts an operator out, at once.
    StopOperator {
        /// The OP ID.
        #[arg(long, value_parser = account_id)]
        id: AccountId,
    },
    /// Lets a stopped operator in again.
    ResumeOperator {
        /// The OP ID.
        #[arg(long, value_parser = account_id)]
        id: AccountId,
    },
    /// Publishes an entry of the news.
    AddNews {
        /// Its title.
        #[arg(long)]
        title: String,
        /// Its text.
        #[arg(long)]
        body: String,
        /// From when it is shown; now, if not given.
        #[arg(long)]
        from: Option<DateTime<Utc>>,
    },
    /// The news that was not taken back, what is to be shown later too, newest first. One JSON object a line.
    ListNews,
    /// Takes an entry of the news back.
    RemoveNews {
        /// Its number.
        #[arg(long)]
        news: u64,
    },
    /// Puts up a new version of the client, signed by its publisher; terminals are offered it.
    PublishUpdate {
        /// For which kind of computer and installer, such as windows-x86_64-msi.
        #[arg(long)]
        target: UpdateTarget,
        /// Its version.
        #[arg(long)]
        version: ClientVersion,
        /// The installer.
        #[arg(long)]
        file: PathBuf,
        /// The publisher's signature of it (minisign).
        #[arg(long)]
        signature: PathBuf,
        /// What is new, in words.
        #[arg(long)]
        notes: String,
    },
    /// Takes down what is offered for a kind of computer.
    WithdrawUpdate {
        /// Which kind of computer and installer.
        #[arg(long)]
        target: UpdateTarget,
    },
    /// Writes the connection file that terminals are set up with.
    ConnectionFile {
        /// Where terminals connect, as an address.
        #[arg(long, required_unless_present = "exchange_url")]
        listen: Option<SocketAddr>,
        /// Where terminals without a certificate connect, as an address.
        #[arg(long, required_unless_present = "enrolment_url")]
        enrolment_listen: Option<SocketAddr>,
        /// Where terminals connect, as they see it from outside.
        #[arg(long)]
        exchange_url: Option<String>,
        /// Where terminals without a certificate connect, as they see it from outside.
        #[arg(long)]
        enrolment_url: Option<String>,
        /// The file to write; standard output without it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

fn role() -> impl TypedValueParser<Value = OperatorRole> {
    let words = OperatorRole::ALL.iter().map(|role| role.word());
    PossibleValuesParser::new(words).try_map(|word| OperatorRole::parse(&word))
}

fn account_id(text: &str) -> Result<AccountId, care_model::ShapeError> {
    AccountId::parse(text)
}

/// A person of an office.
#[derive(Debug, Args)]
pub(super) struct PersonArguments {
    /// The office number.
    #[arg(long)]
    pub(super) office: OfficeNumber,
    /// The c ID.
    #[arg(long, value_parser = account_id)]
    pub(super) person: AccountId,
}

/// What is looked for in the audit.
#[derive(Debug, Args)]
pub(super) struct AuditSearchArguments {
    /// Only what concerns this office.
    #[arg(long)]
    pub(super) office: Option<OfficeNumber>,
    /// Only this act, for instance `accept`.
    #[arg(long)]
    pub(super) act: Option<Act>,
    /// Not before this instant.
    #[arg(long)]
    pub(super) from: Option<DateTime<Utc>>,
    /// Before this instant.
    #[arg(long)]
    pub(super) until: Option<DateTime<Utc>>,
    /// Only what is older than this line, to go on where a search ended.
    #[arg(long)]
    pub(super) before: Option<u64>,
    /// Lines at most.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(AuditSearch::LINES_MAX)))]
    pub(super) limit: u32,
}
