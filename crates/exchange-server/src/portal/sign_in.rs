//! Signing in to the portal, changing a password there, signing out.

use axum::{
    Extension,
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use care_model::{AccountId, ProblemCode, TerminalId, limits};
use exchange_protocol::{AccountFamily, Problem};
use exchange_store::{Act, NewPassword, PortalFamily};
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    form::{self, Button, Field, Fields, Forms, Look},
    page::{self, Frame},
    session::{self, HOME, OfficeVisitor, PASSWORD, SIGN_IN},
};
use crate::{
    accounts::holds_id,
    app::App,
    extract::Source,
    refusal::{Answer, Refusal},
};

/// What a page is told in its address: which sentence to show.
#[derive(Deserialize)]
pub(crate) struct Said {
    pub(crate) done: Option<String>,
}

pub(super) async fn show(forms: Forms, frame: Frame, Query(said): Query<Said>) -> Markup {
    let done = match said.done.as_deref() {
        Some("out") => Some(messages::portal::signed_out()),
        Some("everywhere") => Some(messages::portal::signed_out_everywhere()),
        _ => None,
    };
    sign_in_page(&frame, &forms, None, "", page::done(done))
}

fn sign_in_page(frame: &Frame, forms: &Forms, problem: Option<&Problem>, id: &str, above: Markup) -> Markup {
    let (id_label, password_label) = (messages::portal::office_id(), messages::portal::password());
    let (id_help, text) = (messages::portal::office_id_help(), messages::portal::sign_in_button());
    let is_wrong = problem.is_some();
    let fields = html! {
        (Field {
            help: Some(&id_help),
            value: id,
            autocomplete: "username",
            is_wrong,
            ..Field::text("id", &id_label)
        }.markup())
        (Field { is_wrong, ..Field::password("password", &password_label, "current-password") }.markup())
        div.actions { (Button { text: &text, look: Look::Primary, about: None }.markup()) }
    };
    frame.page(
        &messages::portal::title_sign_in(),
        html! {
            (above)
            @if let Some(problem) = problem { (form::refusal(problem)) }
            div.card.narrow {
                p { (messages::portal::sign_in_lead()) }
                (forms.form(SIGN_IN, fields))
            }
            p.soft { (messages::portal::sign_in_forgotten()) }
        },
    )
}

/// Judged like a sign-in at a terminal: the same waits, the same answer for a wrong password and for an account that
/// is not there. Tries are counted for the account and the network they come from, so that a stranger elsewhere makes
/// nobody wait.
pub(super) async fn enter(
    State(app): State<App>,
    Extension(source): Extension<Source>,
    frame: Frame,
    forms: Forms,
    fields: Fields,
) -> Answer<Response> {
    match try_sign_in(&app, source, &fields).await {
        Ok((account, provisional)) => {
            let cookie = session::begin(&app, PortalFamily::Office, account).await?;
            Ok(led(if provisional { PASSWORD } else { HOME }, Some(cookie)))
        }
        Err(refusal) => {
            let problem = refusal.problem();
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
            let page = sign_in_page(&frame, &forms, Some(problem), fields.text("id"), html! {});
            Ok((status, page).into_response())
        }
    }
}

async fn try_sign_in(app: &App, source: Source, fields: &Fields) -> Answer<(AccountId, bool)> {
    let id = AccountId::parse(fields.text("id")).map_err(|_| ProblemCode::OfficeIdExpected)?;
    if AccountFamily::of(&id) != Some(AccountFamily::Office) {
        return Err(ProblemCode::OfficeIdExpected.into());
    }
    let key = format!("{} {}", id.key(), source.network());
    // The portal knows no terminal: all tries for one account from one network wait together.
    let nowhere = TerminalId::from_bytes([0; 16]);
    if let Err(minutes) = app.portal_delays.admit(&key, nowhere, app.clock.now()) {
        return Err(Problem::new(ProblemCode::SignInDelayed).with("minutes", minutes).into());
    }
    let account = app.store.account(&id).await?;
    let account = account.filter(|account| account.family == AccountFamily::Office);
    let hashed = account.as_ref().map(|account| account.password_hash.clone());
    let fits = app.passwords.fits(fields.raw("password").to_owned(), hashed).await?;
    let Some(account) = account.filter(|account| fits && !account.stopped) else {
        return Err(ProblemCode::OfficeSignInRefused.into());
    };
    app.portal_delays.forget(&key, nowhere);
    Ok((id, account.provisional))
}

pub(super) async fn show_password(frame: Frame, forms: Forms, visitor: OfficeVisitor) -> Markup {
    password_page(&frame, &forms, &visitor, None)
}

fn password_page(frame: &Frame, forms: &Forms, visitor: &OfficeVisitor, problem: Option<&Problem>) -> Markup {
    let (old, new, again) = (
        messages::portal::password_old(),
        messages::portal::password_new(),
        messages::portal::password_again(),
    );
    let rules = messages::portal::password_rules(limits::PASSWORD_CHARS_MIN, limits::PASSWORD_CHARS_MAX);
    let text = messages::portal::password_button();
    let fields = html! {
        // Lets the browser's own keeper of passwords know whose it is.
        input type="hidden" name="id" autocomplete="username" value=(visitor.session.account);
        (Field::password("old", &old, "current-password").markup())
        (Field { help: Some(&rules), ..Field::password("new", &new, "new-password") }.markup())
        (Field::password("again", &again, "new-password").markup())
        div.actions { (Button { text: &text, look: Look::Primary, about: None }.markup()) }
    };
    frame.page(
        &messages::portal::title_password(),
        html! {
            @if let Some(problem) = problem { (form::refusal(problem)) }
            div.card.narrow {
                @if visitor.provisional { p.strong { (messages::portal::password_provisional()) } }
                p { (messages::portal::password_lead()) }
                (forms.form(PASSWORD, fields))
            }
        },
    )
}

/// The new password ends every session of the office, at terminals too; this browser gets a new one at once.
pub(super) async fn change_password(
    State(app): State<App>,
    Extension(source): Extension<Source>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    fields: Fields,
) -> Answer<Response> {
    if let Err(refusal) = try_change(&app, source, &visitor, &fields).await {
        let problem = refusal.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let page = password_page(&frame, &forms, &visitor, Some(problem));
        return Ok((status, page).into_response());
    }
    let cookie = session::begin(&app, PortalFamily::Office, visitor.session.account.clone()).await?;
    Ok(led("/portal/home?done=password", Some(cookie)))
}

async fn try_change(app: &App, source: Source, visitor: &OfficeVisitor, fields: &Fields) -> Answer<()> {
    let id = &visitor.session.account;
    let (old, new) = (fields.raw("old"), fields.raw("new"));
    if new != fields.raw("again") {
        return Err(ProblemCode::PasswordsDiffer.into());
    }
    let key = format!("{} {}", id.key(), source.network());
    let nowhere = TerminalId::from_bytes([0; 16]);
    if let Err(minutes) = app.portal_delays.admit(&key, nowhere, app.clock.now()) {
        return Err(Problem::new(ProblemCode::SignInDelayed).with("minutes", minutes).into());
    }
    let account = app.store.account(id).await?.ok_or(ProblemCode::PortalSessionEnded)?;
    let hashed = account.password_hash.clone();
    if !app.passwords.fits(old.to_owned(), Some(hashed.clone())).await? {
        return Err(ProblemCode::OfficeSignInRefused.into());
    }
    app.portal_delays.forget(&key, nowhere);
    if new == old || holds_id(new, id.as_str()) {
        return Err(ProblemCode::PasswordUnfit.into());
    }
    let change = NewPassword {
        account: id.clone(),
        password_hash: app.passwords.hash(new.to_owned()).await?,
        provisional: false,
        instead_of: Some(hashed),
        first_password: None,
        act: Act::ChangePassword,
        by: visitor.by(),
    };
    match app.store.set_password(change, app.clock.now()).await? {
        true => Ok(()),
        false => Err(Refusal::from(ProblemCode::OfficeSignInRefused)),
    }
}

pub(super) async fn sign_out(State(app): State<App>, visitor: OfficeVisitor) -> Answer<Response> {
    end(&app, visitor, false).await?;
    Ok(led(
        "/portal/sign-in?done=out",
        session::no_cookie(PortalFamily::Office),
    ))
}

pub(super) async fn sign_out_everywhere(State(app): State<App>, visitor: OfficeVisitor) -> Answer<Response> {
    end(&app, visitor, true).await?;
    Ok(led(
        "/portal/sign-in?done=everywhere",
        session::no_cookie(PortalFamily::Office),
    ))
}

async fn end(app: &App, visitor: OfficeVisitor, everywhere: bool) -> Answer<()> {
    let now = app.clock.now();
    app.store.end_portal_session(visitor.session, everywhere, now).await?;
    Ok(())
}

/// Leads to another page of ours, so that going back or reloading sends nothing again.
pub(crate) fn led(to: &'static str, cookie: Option<HeaderValue>) -> Response {
    let mut response = Redirect::to(to).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
