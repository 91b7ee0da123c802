//! ログイン in two steps, renewal, ログアウト.

use axum::{Json, extract::State};
use care_model::{AccountId, Digest, ProblemCode, TerminalId};
use chrono::{DateTime, TimeDelta, Utc};
use exchange_protocol::{
    AccountFamily, OfficeSignIn, PersonSignIn, PersonSignInAnswer, Problem, RefreshSession, Session,
};
use exchange_store::{AccountRow, Actor, NewSession, Proof, SignInStep, TryDoor};
use http::StatusCode;

use crate::{
    app::App,
    extract::{JsonBody, SignedIn, Terminal},
    passwords::TriedAt,
    refusal::Answer,
    tokens,
};

const STEP_MINUTES: i64 = 5;
const ACCESS_MINUTES: i64 = 60;
const REFRESH_HOURS: i64 = 8;
/// However often it is renewed, a session ends after this time and the passwords are asked for again.
const SESSION_HOURS_MAX: i64 = 24;

pub(crate) async fn person(
    State(app): State<App>,
    Terminal(terminal): Terminal,
    JsonBody(request): JsonBody<PersonSignIn>,
) -> Answer<Json<PersonSignInAnswer>> {
    if AccountFamily::of(&request.person_id) != Some(AccountFamily::Person) {
        return Err(ProblemCode::PersonIdExpected.into());
    }
    let now = app.clock.now();
    let account = check(
        &app,
        &request.person_id,
        request.password,
        AccountFamily::Person,
        terminal.id,
        now,
    )
    .await?;
    let Some(account) = account else {
        return Err(ProblemCode::PersonSignInRefused.into());
    };
    if account.office != terminal.office {
        return Err(ProblemCode::CertificateOtherOffice.into());
    }
    if account.stopped {
        return Err(ProblemCode::PersonStopped.into());
    }
    if account.provisional {
        return Err(ProblemCode::PasswordChangeRequired.into());
    }
    let step_token = tokens::make();
    let step = SignInStep {
        person: request.person_id,
        password: Digest::of(account.password_hash.as_bytes()),
        person_name: account.display_name,
        office: account.office,
        terminal: terminal.id,
        until: now + TimeDelta::minutes(STEP_MINUTES),
    };
    if !app.store.put_step(tokens::hash(&step_token), step, now).await? {
        return Err(ProblemCode::ServerBusy.into());
    }
    Ok(Json(PersonSignInAnswer { step_token }))
}

pub(crate) async fn office(
    State(app): State<App>,
    Terminal(terminal): Terminal,
    JsonBody(request): JsonBody<OfficeSignIn>,
) -> Answer<Json<Session>> {
    if AccountFamily::of(&request.office_id) != Some(AccountFamily::Office) {
        return Err(ProblemCode::OfficeIdExpected.into());
    }
    let now = app.clock.now();
    let step_hash = tokens::hash(&request.step_token);
    let step = app.store.step(&step_hash, now).await?;
    let Some(step) = step.filter(|step| step.terminal == terminal.id) else {
        return Err(ProblemCode::SignInRequired.into());
    };
    let account = check(
        &app,
        &request.office_id,
        request.password,
        AccountFamily::Office,
        terminal.id,
        now,
    )
    .await?;
    let Some(account) = account else {
        return Err(ProblemCode::OfficeSignInRefused.into());
    };
    if account.office != terminal.office || account.office != step.office {
        return Err(ProblemCode::CertificateOtherOffice.into());
    }
    if account.provisional {
        return Err(ProblemCode::PasswordChangeRequired.into());
    }
    if !app.store.spend_step(step_hash).await? {
        return Err(ProblemCode::SignInRequired.into());
    }
    let person = app.store.account(&step.person).await?;
    let Some(person) = person.filter(|person| Digest::of(person.password_hash.as_bytes()) == step.password) else {
        return Err(ProblemCode::SignInRequired.into());
    };
    let proof = Proof {
        person_password_hash: person.password_hash,
        office_account: request.office_id,
        office_password_hash: account.password_hash,
    };
    let (session, stored) = make_session(now, now);
    let actor = Actor {
        office: account.office,
        account: step.person.key(),
        terminal: terminal.id,
    };
    // Trying passwords takes its time: one that was changed meanwhile begins nothing.
    let begun = app.store.begin_session(stored, proof, actor, step.person_name, now);
    match begun.await? {
        true => Ok(Json(session)),
        false => Err(ProblemCode::SignInRequired.into()),
    }
}

pub(crate) async fn refresh(
    State(app): State<App>,
    Terminal(terminal): Terminal,
    JsonBody(request): JsonBody<RefreshSession>,
) -> Answer<Json<Session>> {
    let now = app.clock.now();
    let used = tokens::hash(&request.refresh_token);
    let known = app.store.session_by_refresh(used).await?;
    let Some(known) = known.filter(|session| session.terminal == terminal.id && session.refresh_until > now) else {
        return Err(ProblemCode::SignInRequired.into());
    };
    let (session, stored) = make_session(now, known.signed_in_at);
    if !app.store.renew_session(used, stored).await? {
        return Err(ProblemCode::SignInRequired.into());
    }
    Ok(Json(session))
}

pub(crate) async fn sign_out(State(app): State<App>, caller: SignedIn) -> Answer<StatusCode> {
    app.store
        .end_session(caller.session.row, caller.actor(), app.clock.now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of the person at whatever terminal, this one too: for who left a PC somewhere without signing out.
pub(crate) async fn sign_out_everywhere(State(app): State<App>, caller: SignedIn) -> Answer<StatusCode> {
    app.store
        .end_sessions_of_person(caller.actor(), app.clock.now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a password. An account that does not exist costs the same work, the same wait and the same answer.
pub(crate) async fn check(
    app: &App,
    id: &AccountId,
    password: String,
    family: AccountFamily,
    terminal: TerminalId,
    now: DateTime<Utc>,
) -> Answer<Option<AccountRow>> {
    app.passwords.has_room(TriedAt::Terminal)?;
    let admitted = app.store.admit_try(TryDoor::Terminal, id, terminal, now).await?;
    let admitted = admitted.map_err(|minutes| Problem::new(ProblemCode::SignInDelayed).with("minutes", minutes))?;
    let account = app.store.account(id).await?.filter(|account| account.family == family);
    let hashed = account.as_ref().map(|account| account.password_hash.clone());
    match app.passwords.fits(TriedAt::Terminal, password, hashed).await {
        Ok(true) => {
            app.store.try_was_right(admitted).await?;
            Ok(account)
        }
        Ok(false) => Ok(None),
        Err(error) => {
            app.store.try_was_not_made(admitted).await?;
            Err(error.into())
        }
    }
}

fn make_session(now: DateTime<Utc>, signed_in_at: DateTime<Utc>) -> (Session, NewSession) {
    let end = signed_in_at + TimeDelta::hours(SESSION_HOURS_MAX);
    let session = Session {
        access_token: tokens::make(),
        access_until: (now + TimeDelta::minutes(ACCESS_MINUTES)).min(end),
        refresh_token: tokens::make(),
        refresh_until: (now + TimeDelta::hours(REFRESH_HOURS)).min(end),
    };
    let stored = NewSession {
        access: tokens::hash(&session.access_token),
        refresh: tokens::hash(&session.refresh_token),
        access_until: session.access_until,
        refresh_until: session.refresh_until,
    };
    (session, stored)
}
