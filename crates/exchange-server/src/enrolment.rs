//! 初期設定: a one-time password and a certificate request buy a terminal's certificate.

use axum::{Extension, Json, extract::State};
use care_model::{ProblemCode, TerminalId};
use exchange_protocol::{AccountFamily, EnrolmentAnswer, EnrolmentRequest};
use exchange_store::{IssuePassword, NewTerminal, TerminalRow};

use crate::{
    app::App,
    authority::AuthorityError,
    extract::{JsonBody, Source},
    refusal::{Answer, Refusal},
};

/// Characters of a terminal's name.
const TERMINAL_NAME_CHARS_MAX: usize = 40;

pub(crate) async fn enrol(
    State(app): State<App>,
    Extension(source): Extension<Source>,
    JsonBody(request): JsonBody<EnrolmentRequest>,
) -> Answer<Json<EnrolmentAnswer>> {
    let now = app.clock.now();
    let name = request.terminal_name.trim();
    if name.is_empty() || name.chars().count() > TERMINAL_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(ProblemCode::RequestMalformed.into());
    }
    if AccountFamily::of(&request.office_id) != Some(AccountFamily::Office) {
        return Err(ProblemCode::OfficeIdExpected.into());
    }
    // No terminal is known yet: all tries for one office from one place wait together. A stranger elsewhere, who
    // needs no certificate to try, makes nobody wait.
    let nowhere = TerminalId::from_bytes([0; 16]);
    let key = format!("{} {}", request.office_id.key(), source.network());
    if app.enrolment_delays.admit(&key, nowhere, now).is_err() {
        return Err(ProblemCode::EnrolmentPasswordRefused.into());
    }
    let account = app.store.account(&request.office_id).await?;
    let account = account.filter(|account| account.family == AccountFamily::Office);
    let candidates = match &account {
        Some(account) => app.store.issue_passwords(account.office, now).await?,
        None => Vec::new(),
    };
    let bought = fitting(&app, &request.issue_password, candidates).await?;
    let (Some(account), Some(bought)) = (account, bought) else {
        return Err(ProblemCode::EnrolmentPasswordRefused.into());
    };
    let Some(office) = app.store.office(account.office).await? else {
        return Err(ProblemCode::EnrolmentPasswordRefused.into());
    };
    let id = TerminalId::generate();
    let issued = app
        .authority
        .issue_terminal(&request.request_pem, office.number, id, bought.certificate_days, now)
        .map_err(|error| match error {
            AuthorityError::Request => ProblemCode::RequestMalformed.into(),
            other => Refusal::internal(&other),
        })?;
    let terminal = TerminalRow {
        id,
        office: office.number,
        name: name.to_owned(),
        fingerprint: issued.fingerprint,
        expires_at: issued.expires_at,
        revoked_at: None,
    };
    let enrolled = app.store.enrol(
        NewTerminal {
            terminal,
            issue_password: bought.row,
        },
        now,
    );
    if !enrolled.await? {
        return Err(ProblemCode::EnrolmentPasswordRefused.into());
    }
    app.enrolment_delays.forget(&key, nowhere);
    Ok(Json(EnrolmentAnswer {
        terminal: id,
        office: office.number,
        office_name: office.name.clone(),
        kinds: office.kinds.clone(),
        certificate_pem: issued.pem,
        expires_at: issued.expires_at,
    }))
}

/// The issue password that was typed, among those that are still good. Without any, the same work is done once.
async fn fitting(app: &App, typed: &str, candidates: Vec<IssuePassword>) -> Answer<Option<IssuePassword>> {
    if candidates.is_empty() {
        app.passwords.fits(typed.to_owned(), None).await?;
    }
    for candidate in candidates {
        let hashed = Some(candidate.password_hash.clone());
        if app.passwords.fits(typed.to_owned(), hashed).await? {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}
