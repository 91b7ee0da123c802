//! 初期設定: a one-time password and a certificate request buy a terminal's certificate.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use care_model::{OfficeNumber, ProblemCode, TerminalId};
use exchange_protocol::{AccountFamily, EnrolmentAnswer, EnrolmentRequest, Problem};
use exchange_store::{By, IssuePassword, NewTerminal, OfficeRow, RenewalRight, TerminalRow, TryDoor};

use crate::{
    app::App,
    authority::Issued,
    extract::{JsonBody, Peer, Shown, Source},
    passwords::{PasswordError, TriedAt},
    refusal::Answer,
    terminals::{next, of_authority},
    tokens,
};

/// Characters of a terminal's name.
const TERMINAL_NAME_CHARS_MAX: usize = 40;

pub(crate) async fn enrol(
    State(app): State<App>,
    Extension(source): Extension<Source>,
    peer: Option<Extension<Peer>>,
    JsonBody(request): JsonBody<EnrolmentRequest>,
) -> Answer<Json<EnrolmentAnswer>> {
    let now = app.clock.now();
    let name = terminal_name(&request.terminal_name).ok_or(ProblemCode::RequestMalformed)?;
    if AccountFamily::of(&request.office_id) != Some(AccountFamily::Office) {
        return Err(ProblemCode::OfficeIdExpected.into());
    }
    // No terminal is known yet: all tries from one place wait together. A stranger elsewhere, who needs no certificate
    // to try, makes nobody wait.
    app.passwords.has_room(TriedAt::Enrolment)?;
    let office_id = &request.office_id;
    let admitted = app
        .store
        .admit_try(TryDoor::Enrolment, office_id, source.network(), now);
    let admitted = admitted.await?;
    let admitted = admitted.map_err(|minutes| Problem::new(ProblemCode::EnrolmentDelayed).with("minutes", minutes))?;
    let account = app.store.account(&request.office_id).await?;
    let account = account.filter(|account| account.family == AccountFamily::Office);
    let candidates = match &account {
        Some(account) => {
            let selector = tokens::selector(&request.issue_password);
            app.store.issue_passwords(account.office, selector, now).await?
        }
        None => Vec::new(),
    };
    let bought = match fitting(&app, &request.issue_password, candidates).await {
        Ok(bought) => bought,
        Err(error) => {
            app.store.try_was_not_made(admitted).await?;
            return Err(error.into());
        }
    };
    let (Some(account), Some(bought)) = (account, bought) else {
        return Err(ProblemCode::EnrolmentPasswordRefused.into());
    };
    let Some(office) = app.store.office(account.office).await? else {
        return Err(ProblemCode::EnrolmentPasswordRefused.into());
    };
    let known = known_terminal(&app, peer.as_ref().map(|Extension(peer)| peer), office.number).await?;
    let id = known.unwrap_or_else(TerminalId::generate);
    let issued = app
        .authority
        .issue_terminal(&request.request_pem, office.number, id, bought.certificate_days, now)
        .map_err(of_authority)?;
    let (certificate_pem, expires_at) = (issued.pem.clone(), issued.expires_at);
    let enrolled = match known {
        Some(id) => {
            let right = RenewalRight::IssuePassword {
                row: bought.row,
                name: name.to_owned(),
            };
            let renewed = app.store.renew_terminal(id, next(issued), right, By::Server, now);
            renewed.await?.is_some()
        }
        None => enrol_new(&app, id, &office, name, issued, bought.row).await?,
    };
    if !enrolled {
        return Err(ProblemCode::EnrolmentPasswordRefused.into());
    }
    app.store.try_was_right(admitted).await?;
    Ok(Json(EnrolmentAnswer {
        terminal: id,
        office: office.number,
        office_name: office.name.clone(),
        kinds: office.kinds.clone(),
        certificate_pem,
        expires_at,
    }))
}

/// What an office calls a terminal, as it is listed; none if it can't be that.
pub(crate) fn terminal_name(text: &str) -> Option<&str> {
    let name = text.trim();
    let fits = !name.is_empty() && name.chars().count() <= TERMINAL_NAME_CHARS_MAX;
    (fits && !name.chars().any(char::is_control)).then_some(name)
}

/// The terminal of this office that shows its certificate, expired or not, but not revoked: it stays the same one, so
/// that it keeps what it has claimed. On the enrolment listener nobody shows one.
async fn known_terminal(app: &App, peer: Option<&Peer>, office: OfficeNumber) -> Answer<Option<TerminalId>> {
    let Some(Peer(Ok(shown))) = peer else {
        return Ok(None);
    };
    let row = app.store.terminal(shown.terminal).await?;
    let stays = |row: &Arc<TerminalRow>| {
        row.office == office
            && shown.office == office
            && row.revoked_at.is_none()
            && matches!(Shown::of(row, shown, app.clock.now()), Some(Shown::Own | Shown::Next))
    };
    Ok(row.filter(stays).map(|row| row.id))
}

async fn enrol_new(
    app: &App,
    id: TerminalId,
    office: &OfficeRow,
    name: &str,
    issued: Issued,
    issue_password: i64,
) -> Answer<bool> {
    let terminal = TerminalRow {
        id,
        office: office.number,
        name: name.to_owned(),
        fingerprint: issued.fingerprint,
        expires_at: issued.expires_at,
        revoked_at: None,
        next: None,
        former: None,
    };
    let enrolled = app.store.enrol(
        NewTerminal {
            terminal,
            issue_password: Some(issue_password),
        },
        By::Server,
        app.clock.now(),
    );
    Ok(enrolled.await?)
}

/// The issue password that was typed, among those that are still good. Without any, the same work is done once.
async fn fitting(
    app: &App,
    typed: &str,
    candidates: Vec<IssuePassword>,
) -> Result<Option<IssuePassword>, PasswordError> {
    let fits = |hashed| app.passwords.fits(TriedAt::Enrolment, typed.to_owned(), hashed);
    if candidates.is_empty() {
        fits(None).await?;
    }
    for candidate in candidates {
        if fits(Some(candidate.password_hash.clone())).await? {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}
