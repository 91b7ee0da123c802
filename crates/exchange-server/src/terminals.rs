//! A terminal by its certificate: who it is, and its next certificate before the present one ends.

use axum::{Extension, Json, extract::State};
use care_model::{ProblemCode, limits};
use chrono::TimeDelta;
use exchange_protocol::{Problem, RenewalAnswer, RenewalRequest, ThisTerminal};
use exchange_store::{NextCertificate, RenewalRight};

use crate::{
    admin::CERTIFICATE_DAYS,
    app::App,
    authority::{AuthorityError, Issued},
    extract::{JsonBody, Peer, SignedIn, Terminal},
    refusal::{Answer, Refusal},
};

/// Who is calling and how much waits for it: for a certificate that came in a file, and while nobody is signed in (D13).
pub(crate) async fn this_terminal(State(app): State<App>, Terminal(row): Terminal) -> Answer<Json<ThisTerminal>> {
    let Some(office) = app.store.office(row.office).await? else {
        return Err(ProblemCode::CertificateForeign.into());
    };
    let arrivals = app.store.arrivals(row.office).await?;
    Ok(Json(ThisTerminal {
        terminal: row.id,
        name: row.name.clone(),
        office: office.number,
        office_name: office.name.clone(),
        kinds: office.kinds.clone(),
        expires_at: row.expires_at,
        waiting: arrivals.waiting,
        newest: arrivals.newest,
    }))
}

/// The next certificate of the calling terminal, for a new key. The same request again gets the same answer.
pub(crate) async fn renewal(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    caller: SignedIn,
    JsonBody(request): JsonBody<RenewalRequest>,
) -> Answer<Json<RenewalAnswer>> {
    let now = app.clock.now();
    let terminal = &caller.terminal;
    if terminal.expires_at - now > TimeDelta::days(limits::EXPIRY_WARNING_DAYS) {
        let problem = Problem::new(ProblemCode::RenewalTooEarly);
        return Err(problem.with("days", limits::EXPIRY_WARNING_DAYS).into());
    }
    let issued = app
        .authority
        .issue_terminal(
            &request.request_pem,
            terminal.office,
            terminal.id,
            CERTIFICATE_DAYS,
            now,
        )
        .map_err(of_authority)?;
    // A key that was in use for years is what a renewal is to be rid of.
    if peer.0.is_ok_and(|peer| peer.key == issued.key) {
        return Err(ProblemCode::RequestMalformed.into());
    }
    let actor = caller.actor();
    let renewed = app
        .store
        .renew_terminal(terminal.id, next(issued), RenewalRight::Terminal, (&actor).into(), now);
    match renewed.await? {
        Some(next) => Ok(Json(RenewalAnswer {
            certificate_pem: next.pem,
            expires_at: next.expires_at,
        })),
        None => Err(ProblemCode::CertificateRevoked.into()),
    }
}

/// An issued certificate as the next one of a terminal.
pub(crate) fn next(issued: Issued) -> NextCertificate {
    NextCertificate {
        fingerprint: issued.fingerprint,
        key: issued.key,
        pem: issued.pem,
        expires_at: issued.expires_at,
    }
}

/// A request that is none is the caller's fault; all else is ours.
pub(crate) fn of_authority(error: AuthorityError) -> Refusal {
    match error {
        AuthorityError::Request => ProblemCode::RequestMalformed.into(),
        other => Refusal::internal(&other),
    }
}
