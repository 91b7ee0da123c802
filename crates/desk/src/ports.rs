//! What the desk needs from outside: the window it has no knowledge of, a clock, and where its key is kept.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, FutureExt as _, ready};

/// What a host shows for the desk: dialogs, notices, the tray.
///
/// A test scripts the answers; the window asks a person.
pub trait Surface: Send + Sync + 'static {
    /// The system's dialog for files to send; none if the person cancelled.
    fn choose_files(&self) -> BoxFuture<'_, Option<Vec<PathBuf>>>;
    /// The system's dialog for a folder to receive into; none if the person cancelled.
    fn choose_folder(&self) -> BoxFuture<'_, Option<PathBuf>>;
    /// The system's dialog for the connection file; none if the person cancelled.
    fn choose_connection_file(&self) -> BoxFuture<'_, Option<PathBuf>>;
    /// The system's dialog for a certificate file (PKCS#12); none if the person cancelled.
    fn choose_certificate_file(&self) -> BoxFuture<'_, Option<PathBuf>>;
    /// The system's dialog for the file of a move from another PC; none if the person cancelled.
    fn choose_move_file(&self) -> BoxFuture<'_, Option<PathBuf>>;
    /// The system's dialog for a new file of this suggested name; none if the person cancelled.
    fn save_file(&self, suggested: &str) -> BoxFuture<'_, Option<PathBuf>>;
    /// The files that were copied in the system's file manager, where the system hands them to no page (ADR 0038).
    fn copied_files(&self) -> BoxFuture<'_, Vec<PathBuf>> {
        ready(Vec::new()).boxed()
    }
    /// Prints what the window shows by the system's dialog, where the page can't do so itself (ADR 0038); an error names
    /// its kind only.
    fn print_page(&self) -> BoxFuture<'_, Result<(), &'static str>> {
        ready(Err("unsupported")).boxed()
    }
    /// Opens an address in the system's browser.
    fn open_web(&self, address: &str);
    /// Whether the client starts with the computer; none where this host can't.
    fn starts_with_computer(&self) -> Option<bool>;
    /// Changes that; an error names its kind only.
    fn set_starts_with_computer(&self, starts: bool) -> Result<(), &'static str>;
    /// Tells the person something while the window may be hidden. Counts only (D20).
    fn notify(&self, notice: Notice);
    /// Shows how things stand in the tray.
    fn show_tray(&self, state: TrayState);
    /// Opens a folder in the system's file manager.
    fn reveal(&self, folder: &Path);
    /// Where new versions of this client come from; none where it doesn't look for any (ADR 0019).
    fn updates(&self) -> Option<UpdateChannel> {
        None
    }
    /// Hands a checked installer to the system and ends the program where it must; an error names its kind only.
    fn install_update(&self, _installer: &Path) -> Result<(), &'static str> {
        Err("unsupported")
    }
}

/// What a host knows of its own build, for new versions of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateChannel {
    /// For which kind of computer and installer it was built.
    pub target: String,
    /// Its version.
    pub version: String,
    /// The publisher's public key (minisign), as one line of base64.
    pub publisher_key: String,
    /// Where an installer is put before it is checked; emptied each time.
    pub folder: PathBuf,
    /// The ending of an installer's name.
    pub ending: &'static str,
}

/// A notice; counts only, no office, no person (D20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// New deliveries wait to be fetched.
    Arrived {
        /// How many came since the last notice.
        count: u32,
    },
    /// The other side downloaded what this office had sent.
    Downloaded {
        /// How many since the last notice.
        count: u32,
    },
    /// Drafts were prepared from the watched folder.
    Prepared {
        /// How many since the last notice.
        count: u32,
    },
    /// 自動化 stands still, for a reason that 設定 says.
    AutomationStopped,
}

/// What the tray shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrayState {
    /// Deliveries that wait to be fetched.
    pub waiting: u32,
    /// Whether the last attempt reached the exchange.
    pub online: bool,
    /// Whether somebody is signed in.
    pub signed_in: bool,
}

/// How long somebody stays signed in (D13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKeeping {
    /// As long as the desk is open: every start asks for ログイン, and nothing of the session is stored.
    WhileOpen,
    /// Between runs, sealed in the profile: for a host that ends after every command.
    BetweenRuns,
}

/// Where the key of the profile comes from (D14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySource {
    /// The key store of the operating system; a passphrase where there is none.
    System,
    /// A passphrase that a person types at every start.
    Passphrase,
    /// A file in the profile that only its owner may read. For demo and tests, and named as such on the screen.
    File,
}

/// The clock.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
