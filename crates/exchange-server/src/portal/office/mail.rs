//! メールでのお知らせ: where the office is told by mail that something waits, once it has shown that the address is its own.

use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Response},
};
use care_model::{MailAddress, ProblemCode, limits};
use exchange_protocol::Problem;
use exchange_store::OfficeMail;
use http::StatusCode;
use maud::{Markup, html};

use super::Said;
use crate::{
    app::App,
    office_facts::unfit,
    portal::{
        form::{self, Button, Field, Fields, Forms, Look},
        page::{self, Frame},
        session::OfficeVisitor,
        sign_in::led,
    },
    refusal::{Answer, Refusal},
    tokens,
};

/// Where it is.
pub(crate) const PATH: &str = "/portal/mail";

/// What is to be said above, and what was typed into a field that is refused.
struct Above {
    markup: Markup,
    address: Option<String>,
    code_is_wrong: bool,
}

impl Above {
    fn said(markup: Markup) -> Self {
        Self {
            markup,
            address: None,
            code_is_wrong: false,
        }
    }
}

pub(crate) async fn show(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    Query(said): Query<Said>,
) -> Answer<Markup> {
    let sentences: &[(&str, fn() -> String)] = &[
        ("asked", messages::mail::asked),
        ("confirmed", messages::mail::confirmed),
        ("removed", messages::mail::removed),
    ];
    let above = Above::said(page::done(said.among(sentences)));
    place(&app, &frame, &forms, &visitor, above).await
}

async fn place(app: &App, frame: &Frame, forms: &Forms, visitor: &OfficeVisitor, above: Above) -> Answer<Markup> {
    let Some(mails) = &app.mails else {
        return Err(ProblemCode::MailNotOffered.into());
    };
    let found = app.store.office_mail(visitor.number(), app.clock.now()).await?;
    Ok(frame.page(
        &messages::mail::title(),
        html! {
            (above.markup)
            p { (messages::mail::lead(mails.after_hours())) }
            p { (messages::mail::lead_content()) }
            @match &found {
                None => section.card.narrow {
                    h2 { (messages::mail::begin()) }
                    (address_form(forms, above.address.as_deref(), Look::Primary))
                },
                Some(mail) => {
                    (known(forms, mail, &above))
                    section.card.narrow {
                        h2 { (messages::mail::change()) }
                        p { (messages::mail::change_lead()) }
                        (address_form(forms, above.address.as_deref(), Look::Quiet))
                    }
                },
            }
        },
    ))
}

/// The address that there is, with what is to be done about it.
fn known(forms: &Forms, mail: &OfficeMail, above: &Above) -> Markup {
    let address = mail.address.as_str();
    let (again, stop) = (
        messages::mail::again(),
        match mail.confirmed_at {
            Some(_) => messages::mail::stop(),
            None => messages::mail::cancel(),
        },
    );
    let act = |path: &str, hidden: &[(&str, &str)], text: &str, look: Look| {
        let button = Button {
            text,
            look,
            about: None,
        };
        forms.button(path, hidden, button)
    };
    html! {
        section.card.narrow {
            dl.facts {
                dt { (messages::mail::address()) }
                dd { (address) }
                dt { (messages::portal::state()) }
                dd {
                    @match mail.confirmed_at {
                        Some(at) => {
                            span.badge.good { (messages::mail::is_confirmed()) } " "
                            (messages::mail::confirmed_on(page::day(at)))
                        },
                        None => span.badge.warn { (messages::mail::is_waiting()) },
                    }
                }
                @if mail.confirmed_at.is_some() {
                    dt { (messages::mail::last_sent()) }
                    dd { (mail.sent_at.map_or_else(messages::portal::never, page::moment)) }
                }
            }
            @if let Some(at) = mail.failed_at {
                div.notice.warn { p.strong { (messages::mail::failed(page::moment(at))) } }
            }
            @if mail.confirmed_at.is_none() {
                @match mail.code_until {
                    Some(until) => p { (messages::mail::code_lead(page::moment(until))) },
                    None if mail.code_is_to_be_sent => {},
                    None => p { (messages::mail::code_missing()) },
                }
                (code_form(forms, above.code_is_wrong))
            }
            div.actions {
                @if mail.confirmed_at.is_none() {
                    (act("/portal/mail/set", &[("address", address)], &again, Look::Quiet))
                }
                (act("/portal/mail/remove", &[], &stop, Look::Danger))
            }
        }
    }
}

fn address_form(forms: &Forms, typed: Option<&str>, look: Look) -> Markup {
    let (label, help, text) = (
        messages::mail::address(),
        messages::mail::address_help(),
        messages::mail::send_code(),
    );
    let field = Field {
        help: Some(&help),
        value: typed.unwrap_or_default(),
        autocomplete: "email",
        is_wrong: typed.is_some(),
        ..Field::text("address", &label)
    };
    let button = Button {
        text: &text,
        look,
        about: None,
    };
    forms.form(
        "/portal/mail/set",
        html! {
            (field.markup())
            div.actions { (button.markup()) }
        },
    )
}

fn code_form(forms: &Forms, is_wrong: bool) -> Markup {
    let (label, help, text) = (
        messages::mail::code_field(),
        messages::mail::code_help(),
        messages::mail::confirm(),
    );
    let field = Field {
        help: Some(&help),
        autocomplete: "one-time-code",
        is_wrong,
        ..Field::text("code", &label)
    };
    let button = Button {
        text: &text,
        look: Look::Primary,
        about: None,
    };
    forms.form(
        "/portal/mail/confirm",
        html! {
            (field.markup())
            div.actions { (button.markup()) }
        },
    )
}

pub(crate) async fn set(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    fields: Fields,
) -> Answer<Response> {
    let typed = fields.text("address");
    match try_set(&app, &visitor, typed).await {
        Ok(()) => Ok(led("/portal/mail?done=asked", None)),
        Err(refusal) => {
            let above = Above {
                address: Some(typed.to_owned()),
                ..Above::said(form::refusal(refusal.problem()))
            };
            refused(&app, &frame, &forms, &visitor, &refusal, above).await
        }
    }
}

async fn try_set(app: &App, visitor: &OfficeVisitor, typed: &str) -> Answer<()> {
    let Some(mails) = &app.mails else {
        return Err(ProblemCode::MailNotOffered.into());
    };
    let address =
        MailAddress::parse(typed).map_err(|_| unfit(&messages::mail::address(), &messages::mail::address_rule()))?;
    let (office, now) = (visitor.number(), app.clock.now());
    if !app.store.set_mail_address(office, address, visitor.by(), now).await? {
        return Err(Problem::new(ProblemCode::MailCodesTooMany)
            .with("max", limits::MAIL_CODES_A_DAY_MAX)
            .into());
    }
    mails.hurry();
    Ok(())
}

pub(crate) async fn confirm(
    State(app): State<App>,
    frame: Frame,
    forms: Forms,
    visitor: OfficeVisitor,
    fields: Fields,
) -> Answer<Response> {
    let code = tokens::hash(&digits(fields.text("code")));
    let (office, now) = (visitor.number(), app.clock.now());
    if app.store.confirm_mail_address(office, code, visitor.by(), now).await? {
        return Ok(led("/portal/mail?done=confirmed", None));
    }
    let refusal = Refusal::from(ProblemCode::MailCodeRefused);
    let above = Above {
        code_is_wrong: true,
        ..Above::said(form::refusal(refusal.problem()))
    };
    refused(&app, &frame, &forms, &visitor, &refusal, above).await
}

/// The digits of what was typed, which may be wide ones or have something between them.
fn digits(typed: &str) -> String {
    let digit = |letter: char| match letter {
        '０'..='９' => char::from_digit(letter as u32 - '０' as u32, 10),
        _ => letter.is_ascii_digit().then_some(letter),
    };
    typed.chars().filter_map(digit).collect()
}

pub(crate) async fn remove(State(app): State<App>, visitor: OfficeVisitor) -> Answer<Response> {
    let (office, now) = (visitor.number(), app.clock.now());
    // False: it was removed already, by another page of the same office.
    app.store.remove_mail_address(office, visitor.by(), now).await?;
    Ok(led("/portal/mail?done=removed", None))
}

async fn refused(
    app: &App,
    frame: &Frame,
    forms: &Forms,
    visitor: &OfficeVisitor,
    refusal: &Refusal,
    above: Above,
) -> Answer<Response> {
    let status = StatusCode::from_u16(refusal.problem().status).unwrap_or(StatusCode::BAD_REQUEST);
    let page = place(app, frame, forms, visitor, above).await?;
    Ok((status, page).into_response())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_code_counts_however_its_digits_are_typed() {
        for typed in [
            "12345678",
            "1234 5678",
            "１２３４５６７８",
            "1234-5678",
            "コード：12345678。",
        ] {
            assert_eq!(super::digits(typed), "12345678", "{typed}");
        }
        assert_eq!(super::digits("abc"), "");
    }
}
