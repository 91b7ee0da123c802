//! Passwords that people change themselves, provisional ones before the first sign-in.

use axum::extract::State;
use care_model::{ProblemCode, limits};
use exchange_protocol::{AccountFamily, PasswordChange, Problem};
use exchange_store::{Act, Actor, By, NewPassword};
use http::StatusCode;

use crate::{
    app::App,
    extract::{JsonBody, Terminal},
    passwords::PasswordError,
    refusal::Answer,
    sign_in,
};

/// Judged like a sign-in: the same waits, the same answer for a wrong password and for an account that is not there
/// or is another office's.
pub(crate) async fn change_password(
    State(app): State<App>,
    Terminal(terminal): Terminal,
    JsonBody(request): JsonBody<PasswordChange>,
) -> Answer<StatusCode> {
    let (family, refused) = match AccountFamily::of(&request.account_id) {
        Some(AccountFamily::Person) => (AccountFamily::Person, ProblemCode::PersonSignInRefused),
        Some(AccountFamily::Office) => (AccountFamily::Office, ProblemCode::OfficeSignInRefused),
        None => return Err(ProblemCode::PersonIdExpected.into()),
    };
    let now = app.clock.now();
    let account = sign_in::check(
        &app,
        &request.account_id,
        request.password.clone(),
        family,
        terminal.id,
        now,
    )
    .await?;
    let Some(account) = account.filter(|account| account.office == terminal.office) else {
        return Err(refused.into());
    };
    if account.stopped {
        return Err(ProblemCode::PersonStopped.into());
    }
    let same = request.new_password == request.password;
    if same || holds_id(&request.new_password, request.account_id.as_str()) {
        return Err(ProblemCode::PasswordUnfit.into());
    }
    let password_hash = match app.passwords.hash(request.new_password).await {
        Ok(hash) => hash,
        Err(PasswordError::Length) => {
            return Err(Problem::new(ProblemCode::PasswordLength)
                .with("min", limits::PASSWORD_CHARS_MIN)
                .with("max", limits::PASSWORD_CHARS_MAX)
                .into());
        }
        Err(error) => return Err(error.into()),
    };
    let changed = app.store.set_password(
        NewPassword {
            account: request.account_id.clone(),
            password_hash,
            provisional: false,
            instead_of: Some(account.password_hash),
            first_password: None,
            act: Act::ChangePassword,
            by: By::Terminal(Actor {
                office: terminal.office,
                account: request.account_id.key(),
                terminal: terminal.id,
            }),
        },
        now,
    );
    match changed.await? {
        true => Ok(StatusCode::NO_CONTENT),
        // Somebody else changed it between the look at the old one and now.
        false => Err(refused.into()),
    }
}

/// Whether a password holds the ID, however it is written.
pub(crate) fn holds_id(password: &str, id: &str) -> bool {
    password.to_lowercase().contains(&id.to_lowercase())
}
