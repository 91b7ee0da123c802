//! The desk behind a call, 初期設定, ログイン and ログアウト.

use std::{env, path::PathBuf, sync::Arc};

use care_model::ProblemCode;
use desk::{
    Desk, DeskSettings,
    ports::{SessionKeeping, SystemClock},
};
use desk_ipc::{
    DeskCommands as _, EnrolStart, OfficeSignInStart, PassphraseStart, PersonSignInStart, Stage, StartView,
};

use crate::{
    arguments::{Arguments, Login, Setup},
    output::{Failure, Output},
    secrets::Passwords,
    surface::Named,
};

const PASSPHRASE: &[&str] = &["CAREPLAN_PASSPHRASE"];
/// Where the person's password may be in the environment.
pub(crate) const PERSON_PASSWORD: &[&str] = &["CAREPLAN_PERSON_PASSWORD", "CAREPLAN_PASSWORD"];
/// Where the office's may be.
pub(crate) const OFFICE_PASSWORD: &[&str] = &["CAREPLAN_OFFICE_PASSWORD"];
const ISSUE_PASSWORD: &[&str] = &["CAREPLAN_ISSUE_PASSWORD"];

/// Opens the profile and, where it waits for one, unlocks it with its passphrase.
pub(crate) async fn open(arguments: &Arguments, named: Named) -> Result<(Arc<Desk>, StartView), Failure> {
    let desk = Desk::open(DeskSettings {
        profiles_dir: None,
        profile_dir: profile_dir(arguments)?,
        key: arguments.key_source(),
        // `careplan login` is one run, `careplan send` the next.
        session: SessionKeeping::BetweenRuns,
        surface: Arc::new(named),
        clock: Arc::new(SystemClock),
    })
    .await?;
    let mut view = desk.start(()).await?;
    if let Stage::Passphrase { .. } = view.stage {
        let passphrase = Passwords::new(false)?.next(PASSPHRASE, &messages::cli::passphrase())?;
        view = desk.unlock_profile(PassphraseStart { passphrase }).await?;
    }
    Ok((desk, view))
}

/// Opens the profile for work that needs a signed-in person.
pub(crate) async fn open_signed_in(arguments: &Arguments, named: Named) -> Result<Arc<Desk>, Failure> {
    let (desk, view) = open(arguments, named).await?;
    let refused = match view.stage {
        Stage::Open { .. } => return Ok(desk),
        Stage::SetUp { .. } => ProblemCode::ProfileEmpty,
        Stage::Passphrase { .. } => ProblemCode::PassphraseRequired,
        Stage::Person { .. } | Stage::Office { .. } => ProblemCode::SignInRequired,
    };
    desk.shutdown().await;
    Err(refused.into())
}

/// 初期設定.
pub(crate) async fn set_up(arguments: &Arguments, given: &Setup, output: &Output) -> Result<(), Failure> {
    let issue_password =
        Passwords::new(given.password_stdin)?.next(ISSUE_PASSWORD, &messages::cli::issue_password())?;
    let named = Named {
        connection_file: Some(absolute(&given.connection)?),
        ..Named::default()
    };
    let (desk, _) = open(arguments, named).await?;
    let enrolled = async {
        desk.choose_connection_file(()).await?;
        desk.enrol(EnrolStart {
            office_id: given.office_id.clone(),
            issue_password,
            terminal_name: given.terminal.clone(),
        })
        .await
    }
    .await;
    desk.shutdown().await;
    let view = enrolled?;
    let office = match &view.stage {
        Stage::Person { office, .. } | Stage::Office { office, .. } => office.name.clone(),
        _ => String::new(),
    };
    output.say(&view, || vec![messages::cli::set_up(office)]);
    Ok(())
}

/// Both steps of ログイン.
pub(crate) async fn login(arguments: &Arguments, given: &Login, output: &Output) -> Result<(), Failure> {
    let mut passwords = Passwords::new(given.password_stdin)?;
    let (desk, view) = open(arguments, Named::default()).await?;
    let signed_in = sign_in(&desk, view, given, &mut passwords).await;
    desk.shutdown().await;
    let view = signed_in?;
    output.say(&view, || match &view.stage {
        Stage::Open { session } => vec![messages::cli::signed_in(&session.office.name, &session.person_name)],
        _ => Vec::new(),
    });
    Ok(())
}

/// Both steps of ログイン with the IDs that are given or remembered, replacing who is signed in.
pub(crate) async fn sign_in(
    desk: &Desk,
    mut view: StartView,
    given: &Login,
    passwords: &mut Passwords,
) -> Result<StartView, Failure> {
    if let Stage::SetUp { .. } = view.stage {
        return Err(ProblemCode::ProfileEmpty.into());
    }
    if let Stage::Open { .. } = view.stage {
        // Somebody is signed in: the new sign-in replaces it, as in the window after ログアウト.
        view = desk.sign_out(()).await?;
    }
    if let Stage::Person { remembered_id, .. } = &view.stage {
        let remembered = remembered_id.as_ref().map(ToString::to_string);
        let person_id = given.person_id.clone().or(remembered);
        let start = PersonSignInStart {
            person_id: person_id.ok_or_else(|| Failure::Unread(messages::cli::person_id_missing()))?,
            password: passwords.next(PERSON_PASSWORD, &messages::cli::person_password())?,
            remember: true,
        };
        view = desk.sign_in_person(start).await?;
    }
    if let Stage::Office { remembered_id, .. } = &view.stage {
        let remembered = remembered_id.as_ref().map(ToString::to_string);
        let office_id = given.office_id.clone().or(remembered);
        let start = OfficeSignInStart {
            office_id: office_id.ok_or_else(|| Failure::Unread(messages::cli::office_id_missing()))?,
            password: passwords.next(OFFICE_PASSWORD, &messages::cli::office_password())?,
            remember: true,
        };
        view = desk.sign_in_office(start).await?;
    }
    Ok(view)
}

/// ログアウト.
pub(crate) async fn logout(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let (desk, _) = open(arguments, Named::default()).await?;
    let signed_out = desk.sign_out(()).await;
    desk.shutdown().await;
    output.say(&signed_out?, || vec![messages::cli::signed_out()]);
    Ok(())
}

/// The folder that the arguments name, or the one of the window on this system.
fn profile_dir(arguments: &Arguments) -> Result<PathBuf, Failure> {
    match &arguments.profile {
        Some(folder) => absolute(folder),
        None => data_dir()
            .map(|folder| folder.join(APPLICATION).join("profile"))
            .ok_or_else(|| Failure::Unread(messages::cli::profile_folder_missing())),
    }
}

/// The identifier of the window's bundle, whose data folder is shared.
const APPLICATION: &str = "jp.careplan-exchange.desk";

/// Where this system keeps the data of applications, as the window finds it.
fn data_dir() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")))
    }
}

/// A path that stays the same wherever the desk works from.
pub(crate) fn absolute(path: &std::path::Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|_| Failure::Unread(messages::cli::path_unreadable(path.display())))
}
