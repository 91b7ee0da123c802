//! Signing in to the portal by either door, changing a password there, signing out.

use axum::{
    Extension,
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use care_model::{AccountId, ProblemCode, limits};
use exchange_protocol::{AccountFamily, Problem};
use exchange_store::{Act, NewOperatorPassword, NewPassword, PortalFamily, TryDoor};
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    form::{self, Button, Field, Fields, Forms, Look},
    page::{self, Frame},
    session::{self, Door, Entrant},
};
use crate::{
    accounts::holds_id,
    app::App,
    extract::Source,
    passwords::TriedAt,
    refusal::{Answer, Refusal},
};

/// What a page is told in its address: which sentence to show.
#[derive(Deserialize)]
pub(crate) struct Said {
    pub(crate) done: Option<String>,
}

pub(super) async fn show(forms: Forms, frame: Frame, door: Door, Query(said): Query<Said>) -> Markup {
    let done = match said.done.as_deref() {
        Some("out") => Some(messages::portal::signed_out()),
        Some("everywhere") => Some(messages::portal::signed_out_everywhere()),
        _ => None,
    };
    sign_in_page(&frame, &forms, door, None, "", page::done(done))
}

/// What is said at a door.
struct DoorWords {
    title: String,
    lead: String,
    id: String,
    id_help: String,
    forgotten: String,
}

impl DoorWords {
    fn of(door: Door) -> Self {
        match door.family {
            PortalFamily::Office => Self {
                title: messages::portal::title_sign_in(),
                lead: messages::portal::sign_in_lead(),
                id: messages::portal::office_id(),
                id_help: messages::portal::office_id_help(),
                forgotten: messages::portal::sign_in_forgotten(),
            },
            PortalFamily::Operator => Self {
                title: messages::operator::title_sign_in(),
                lead: messages::operator::sign_in_lead(),
                id: messages::operator::operator_id(),
                id_help: messages::operator::operator_id_help(),
                forgotten: messages::operator::sign_in_forgotten(),
            },
        }
    }
}

fn sign_in_page(
    frame: &Frame,
    forms: &Forms,
    door: Door,
    problem: Option<&Problem>,
    id: &str,
    above: Markup,
) -> Markup {
    let words = DoorWords::of(door);
    let (password_label, text) = (messages::portal::password(), messages::portal::sign_in_button());
    let is_wrong = problem.is_some();
    let fields = html! {
        (Field {
            help: Some(&words.id_help),
            value: id,
            autocomplete: "username",
            is_wrong,
            ..Field::text("id", &words.id)
        }.markup())
        (Field { is_wrong, ..Field::password("password", &password_label, "current-password") }.markup())
        div.actions { (Button { text: &text, look: Look::Primary, about: None }.markup()) }
    };
    frame.page(
        &words.title,
        html! {
            (above)
            @if let Some(problem) = problem { (form::refusal(problem)) }
            div.card.narrow {
                p { (words.lead) }
                (forms.form(door.sign_in, fields))
            }
            p.soft { (words.forgotten) }
        },
    )
}

/// Judged like a sign-in at a terminal: the same waits, the same answer for a wrong password and for an account that
/// is not there. Tries are counted for the network they come from, one account and all together, so that a stranger
/// elsewhere makes nobody wait.
pub(super) async fn enter(
    State(app): State<App>,
    Extension(source): Extension<Source>,
    door: Door,
    frame: Frame,
    forms: Forms,
    fields: Fields,
) -> Answer<Response> {
    match try_sign_in(&app, source, door, &fields).await {
        Ok((account, known)) => {
            let cookie = session::begin(&app, door, account, known.password_hash).await?;
            let to = if known.provisional { door.password } else { door.home };
            Ok(led(to, Some(cookie)))
        }
        Err(refusal) => {
            let problem = refusal.problem();
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
            let page = sign_in_page(&frame, &forms, door, Some(problem), fields.text("id"), html! {});
            Ok((status, page).into_response())
        }
    }
}

/// What a password is judged by.
struct Known {
    password_hash: String,
    provisional: bool,
}

/// The account of a door, if there is one of this ID and it may come in.
async fn known(app: &App, door: Door, id: &AccountId) -> Answer<Option<Known>> {
    Ok(match door.family {
        PortalFamily::Office => {
            let account = app.store.account(id).await?;
            let account = account.filter(|account| account.family == AccountFamily::Office && !account.stopped);
            account.map(|account| Known {
                password_hash: account.password_hash,
                provisional: account.provisional,
            })
        }
        PortalFamily::Operator => {
            let operator = app.store.operator(id).await?;
            let operator = operator.filter(|operator| operator.stopped_at.is_none());
            operator.map(|operator| Known {
                password_hash: operator.password_hash,
                provisional: operator.provisional,
            })
        }
    })
}

/// What is answered to a wrong ID or password.
fn refused(door: Door) -> ProblemCode {
    match door.family {
        PortalFamily::Office => ProblemCode::OfficeSignInRefused,
        PortalFamily::Operator => ProblemCode::OperatorSignInRefused,
    }
}

/// The ID of a door's family.
fn read_id(door: Door, text: &str) -> Result<AccountId, ProblemCode> {
    let id = AccountId::parse(text).ok();
    match door.family {
        PortalFamily::Office => id
            .filter(|id| AccountFamily::of(id) == Some(AccountFamily::Office))
            .ok_or(ProblemCode::OfficeIdExpected),
        PortalFamily::Operator => id
            .filter(crate::operators::is_operator_id)
            .ok_or(ProblemCode::OperatorIdExpected),
    }
}

/// Tries a password in its turn: all tries from one network wait together.
async fn fits(app: &App, source: Source, id: &AccountId, typed: &str, hashed: Option<String>) -> Answer<bool> {
    app.passwords.has_room(TriedAt::Portal)?;
    let admitted = app
        .store
        .admit_try(TryDoor::Portal, id, source.network(), app.clock.now());
    let admitted = admitted.await?;
    let admitted = admitted.map_err(|minutes| Problem::new(ProblemCode::SignInDelayed).with("minutes", minutes))?;
    let fits = app.passwords.fits(TriedAt::Portal, typed.to_owned(), hashed).await;
    match fits {
        Ok(true) => app.store.try_was_right(admitted).await?,
        Ok(false) => {}
        Err(_) => app.store.try_was_not_made(admitted).await?,
    }
    Ok(fits?)
}

async fn try_sign_in(app: &App, source: Source, door: Door, fields: &Fields) -> Answer<(AccountId, Known)> {
    let id = read_id(door, fields.text("id"))?;
    let known = known(app, door, &id).await?;
    let hashed = known.as_ref().map(|known| known.password_hash.clone());
    let fits = fits(app, source, &id, fields.raw("password"), hashed).await?;
    let Some(known) = known.filter(|_| fits) else {
        return Err(refused(door).into());
    };
    Ok((id, known))
}

pub(super) async fn show_password(frame: Frame, forms: Forms, entrant: Entrant) -> Markup {
    password_page(&frame, &forms, &entrant, None)
}

fn password_page(frame: &Frame, forms: &Forms, entrant: &Entrant, problem: Option<&Problem>) -> Markup {
    let (old, new, again) = (
        messages::portal::password_old(),
        messages::portal::password_new(),
        messages::portal::password_again(),
    );
    let rules = messages::portal::password_rules(limits::PASSWORD_CHARS_MIN, limits::PASSWORD_CHARS_MAX);
    let text = messages::portal::password_button();
    let fields = html! {
        // Lets the browser's own keeper of passwords know whose it is.
        input type="hidden" name="id" autocomplete="username" value=(entrant.session.account);
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
                @if entrant.provisional { p.strong { (messages::portal::password_provisional()) } }
                @if entrant.door.family == PortalFamily::Office { p { (messages::portal::password_lead()) } }
                (forms.form(entrant.door.password, fields))
            }
        },
    )
}

/// The new password ends every session of the account, an office's at terminals too; this browser gets a new one at
/// once.
pub(super) async fn change_password(
    State(app): State<App>,
    Extension(source): Extension<Source>,
    frame: Frame,
    forms: Forms,
    entrant: Entrant,
    fields: Fields,
) -> Answer<Response> {
    let door = entrant.door;
    let password_hash = match try_change(&app, source, &entrant, &fields).await {
        Ok(password_hash) => password_hash,
        Err(refusal) => {
            let problem = refusal.problem();
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
            let page = password_page(&frame, &forms, &entrant, Some(problem));
            return Ok((status, page).into_response());
        }
    };
    let cookie = session::begin(&app, door, entrant.session.account.clone(), password_hash).await?;
    Ok(led(&format!("{}?done=password", door.home), Some(cookie)))
}

/// Gives the hash of the new password.
async fn try_change(app: &App, source: Source, entrant: &Entrant, fields: &Fields) -> Answer<String> {
    let (door, id) = (entrant.door, &entrant.session.account);
    let (old, new) = (fields.raw("old"), fields.raw("new"));
    if new != fields.raw("again") {
        return Err(ProblemCode::PasswordsDiffer.into());
    }
    let known = known(app, door, id).await?.ok_or(ProblemCode::PortalSessionEnded)?;
    let hashed = known.password_hash;
    if !fits(app, source, id, old, Some(hashed.clone())).await? {
        return Err(refused(door).into());
    }
    if new == old || holds_id(new, id.as_str()) {
        return Err(ProblemCode::PasswordUnfit.into());
    }
    let new_hash = app.passwords.hash(new.to_owned()).await?;
    let password_hash = new_hash.clone();
    let now = app.clock.now();
    let is_changed = match door.family {
        PortalFamily::Office => {
            let change = NewPassword {
                account: id.clone(),
                password_hash,
                provisional: false,
                instead_of: Some(hashed),
                first_password: None,
                act: Act::ChangePassword,
                by: entrant.by.clone(),
            };
            app.store.set_password(change, now).await?
        }
        PortalFamily::Operator => {
            let change = NewOperatorPassword {
                operator: id.clone(),
                password_hash,
                provisional: false,
                instead_of: Some(hashed),
                act: Act::ChangePassword,
                by: entrant.by.clone(),
            };
            app.store.set_operator_password(change, now).await?
        }
    };
    match is_changed {
        true => Ok(new_hash),
        false => Err(Refusal::from(refused(door))),
    }
}

pub(super) async fn sign_out(State(app): State<App>, entrant: Entrant) -> Answer<Response> {
    end(&app, entrant, false).await
}

pub(super) async fn sign_out_everywhere(State(app): State<App>, entrant: Entrant) -> Answer<Response> {
    end(&app, entrant, true).await
}

async fn end(app: &App, entrant: Entrant, everywhere: bool) -> Answer<Response> {
    let (door, now) = (entrant.door, app.clock.now());
    app.store.end_portal_session(entrant.session, everywhere, now).await?;
    let said = if everywhere { "everywhere" } else { "out" };
    Ok(led(&format!("{}?done={said}", door.sign_in), door.no_cookie()))
}

/// Leads to another page of ours, so that going back or reloading sends nothing again.
pub(crate) fn led(to: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = Redirect::to(to).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
