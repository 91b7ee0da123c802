//! How `careplan` may be called. Passwords are never an argument: arguments are seen by every user of the machine.

use std::path::PathBuf;

use care_model::{OfficeNumber, OfficeRole};
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use desk::ports::KeySource;
use desk_ipc::Subfolder;

/// Send and receive care plan data from the command line.
#[derive(Debug, Parser)]
#[command(name = "careplan", version)]
pub(crate) struct Arguments {
    /// The folder of the profile; without it the one of the window.
    #[arg(long, global = true, value_name = "DIR", env = "CAREPLAN_PROFILE")]
    pub(crate) profile: Option<PathBuf>,
    /// Keep the profile's key in a plain file. For demo and tests only.
    #[arg(long, global = true)]
    pub(crate) key_file: bool,
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `careplan` does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set this terminal up with a connection file and the one-time password (初期設定).
    #[command(alias = "enrol")]
    Setup(Setup),
    /// Sign in, both steps (ログイン).
    Login(Login),
    /// Sign out (ログアウト). Transfers go on at the next sign-in.
    Logout,
    /// Check files against the standard; needs no sign-in and no server. Ends with 0 if nothing blocks, 1 if something
    /// does, 2 if something could not be read or written.
    Check(CheckAndFix),
    /// Show which deliveries files would become; needs no sign-in and no server.
    Plan(Check),
    /// Show what files say, by care recipient; needs no sign-in and no server.
    Show(Show),
    /// Compare a plan with its actuals by care recipient, service and day, or with a later version of it by form and
    /// field; needs no sign-in and no server. Ends with 0 if all is as planned or nothing changed, 1 if something
    /// differs, 2 if something could not be read.
    Diff(Diff),
    /// Send files, and wait until the exchange holds them or refuses them.
    Send(Send),
    /// Show what was received and what waits (受信一覧).
    Inbox(List),
    /// Show what was sent and whether it was fetched (送信一覧).
    Outbox(List),
    /// Take back what was sent and nobody has fetched (送信取消).
    Recall(Recall),
    /// Fetch what waits into a folder (データ取得).
    Receive(Receive),
    /// Receive what arrives by rules, and prepare drafts from the care software's output folder, until it is stopped
    /// (自動化). Nothing is sent. What is named here is kept for the next time and for the window; without it, what was
    /// set there holds. Ends with 0 when it is stopped, 1 if the exchange refuses the sign-in, 2 if nothing is switched
    /// on or something that was given cannot be read.
    Watch(Watch),
    /// Take out what this office sent, fetched, took back and signed in to in a period, as the exchange signed it
    /// (運営指導用の記録). It is verified before it is written.
    Record(Record),
    /// Find out whether a record or a part of the audit (監査記録) is as the exchange wrote it, and which line is not;
    /// needs no sign-in and no server. Ends with 0 if it is, 1 if something in it does not hold, 2 if something could
    /// not be read.
    Verify(Verify),
}

/// 自動化.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Receive everything that arrives into this folder; the window's 設定 has rules for several.
    #[arg(long, value_name = "DIR")]
    pub(crate) receive: Option<PathBuf>,
    /// Folders in that folder, the outer one first.
    #[arg(long, value_name = "FIELD", value_enum, value_delimiter = ',', requires = "receive")]
    pub(crate) subfolders: Vec<Field>,
    /// Prepare drafts from this folder, into which care software writes.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// The file with both passwords, the person's line and then the office's, that only its owner may read. Without it
    /// the session of `careplan login` is used, or the passwords of the environment.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// 個人ユーザID (c…); without it the one remembered here.
    #[arg(long, value_name = "ID")]
    pub(crate) person_id: Option<String>,
    /// 事業所ユーザID (KJ…); without it the one remembered here.
    #[arg(long, value_name = "ID")]
    pub(crate) office_id: Option<String>,
}

/// By what a folder is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Field {
    /// The sender's office number.
    Office,
    /// The sender's service kind.
    Kind,
    /// The month of service.
    Month,
}

impl From<Field> for Subfolder {
    fn from(field: Field) -> Self {
        match field {
            Field::Office => Self::Office,
            Field::Kind => Self::Kind,
            Field::Month => Self::Month,
        }
    }
}

/// 運営指導用の記録.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The first day, as 2026-11-01.
    #[arg(long, value_name = "DAY")]
    pub(crate) from: NaiveDate,
    /// The last day, which is in it.
    #[arg(long, value_name = "DAY")]
    pub(crate) to: NaiveDate,
    /// The file to write; a file of this name is replaced.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// What to write: only the signed record proves anything, the others are for people.
    #[arg(long, value_enum, default_value = "record")]
    pub(crate) format: RecordForm,
}

/// As what a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordForm {
    /// Signed, for `careplan verify`.
    Record,
    /// CSV in UTF-8.
    Csv,
    /// CSV in MS932.
    CsvMs932,
    /// A workbook (.xlsx).
    Excel,
}

/// 監査記録を確かめる.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The file that the exchange handed out.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The connection file of that exchange; without it the one that this terminal was set up with.
    #[arg(long, value_name = "FILE")]
    pub(crate) connection: Option<PathBuf>,
    /// One that was handed out earlier: this one must continue it.
    #[arg(long, value_name = "FILE")]
    pub(crate) earlier: Option<PathBuf>,
}

/// 初期設定.
#[derive(Debug, Args)]
pub(crate) struct Setup {
    /// The connection file.
    #[arg(long, value_name = "FILE")]
    pub(crate) connection: PathBuf,
    /// 事業所ユーザID (KJ…).
    #[arg(long, value_name = "ID")]
    pub(crate) office_id: String,
    /// What the office calls this terminal.
    #[arg(long, value_name = "NAME", default_value = "careplan")]
    pub(crate) terminal: String,
    /// Read the one-time password from standard input, one line.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// ログイン.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// 個人ユーザID (c…); without it the one remembered here.
    #[arg(long, value_name = "ID")]
    pub(crate) person_id: Option<String>,
    /// 事業所ユーザID (KJ…); without it the one remembered here.
    #[arg(long, value_name = "ID")]
    pub(crate) office_id: Option<String>,
    /// Read both passwords from standard input: the person's line, then the office's.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// Files to look at.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files, or folders whose files are meant.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The sending office; without it the one that the first name says.
    #[arg(long, value_name = "NUMBER", value_parser = office_number)]
    pub(crate) office: Option<OfficeNumber>,
}

/// Files to show.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Files, or folders whose files are meant.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Whose names the documents get: 利用票 or 提供票; without it those of the office that each file goes to.
    #[arg(long, value_enum)]
    pub(crate) side: Option<ViewingSide>,
}

/// Who looks at documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ViewingSide {
    /// 居宅介護支援事業所・地域包括支援センター.
    Manager,
    /// サービス事業所.
    Service,
}

impl ViewingSide {
    /// The role that decides the names.
    pub(crate) fn role(self) -> OfficeRole {
        match self {
            Self::Manager => OfficeRole::CareManagement,
            Self::Service => OfficeRole::Service,
        }
    }
}

/// A plan, and its actuals or a later version of it.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The plan: a file, or a folder whose files are meant.
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// Its actuals (UPJSK), or a later version of it: a file, or a folder whose files are meant.
    #[arg(value_name = "ACTUAL|LATER_PLAN")]
    pub(crate) other: PathBuf,
}

/// Files to look at, and where repaired copies go.
#[derive(Debug, Args)]
pub(crate) struct CheckAndFix {
    #[command(flatten)]
    pub(crate) files: Check,
    /// Write a repaired copy of each file that can be repaired safely into this folder, which is made if need be. The
    /// files themselves stay as they are, nothing in the folder is replaced, and the exit code still says what the
    /// files are like: check the folder to learn the same about the copies.
    #[arg(long, value_name = "DIR")]
    pub(crate) fix: Option<PathBuf>,
}

/// Files to send.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Files, or folders whose files are meant.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The note to the other office.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// An attachment; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// Send although something was found that wants a look.
    #[arg(long, alias = "confirm")]
    pub(crate) yes: bool,
    /// How many seconds to wait for the exchange's answer; the deliveries stay in the queue after that.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) wait: u64,
}

/// Which rows of a list, and where to.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only rows that hold all these words: office name or number, contents, month, message.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) search: String,
    /// Only what is still open: not fetched yet, or not sent yet.
    #[arg(long)]
    pub(crate) open: bool,
    /// Write the rows as CSV into this file instead; a file of this name is replaced.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
}

/// What to take back.
#[derive(Debug, Args)]
pub(crate) struct Recall {
    /// The delivery, as `outbox` names it.
    #[arg(value_name = "ID")]
    pub(crate) delivery: String,
}

/// What to fetch, and where to.
#[derive(Debug, Args)]
pub(crate) struct Receive {
    /// The folder; each delivery lands in one of its own in it.
    #[arg(long, value_name = "DIR")]
    pub(crate) into: PathBuf,
    /// Everything that waits; the same as naming nothing.
    #[arg(long, conflicts_with = "deliveries")]
    pub(crate) all: bool,
    /// Deliveries, as `inbox` names them.
    #[arg(value_name = "ID")]
    pub(crate) deliveries: Vec<String>,
    /// How many seconds to wait for the deliveries to land.
    #[arg(long, value_name = "SECONDS", default_value_t = 1_800)]
    pub(crate) wait: u64,
}

impl Arguments {
    /// Where the profile's key comes from.
    pub(crate) fn key_source(&self) -> KeySource {
        if self.key_file {
            KeySource::File
        } else {
            KeySource::System
        }
    }
}

fn office_number(text: &str) -> Result<OfficeNumber, String> {
    OfficeNumber::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_argument_takes_a_password() {
        use clap::CommandFactory as _;
        for command in Arguments::command().get_subcommands() {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                // The name of a file is no secret; what is in it is.
                let named = id.contains("pass") && !id.ends_with("_file");
                assert!(
                    !named || !argument.get_action().takes_values(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
        }
    }
}
