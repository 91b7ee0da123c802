//! Forms: what came with one, and the parts that one is made of.

use axum::extract::FromRequestParts;
use care_model::ProblemCode;
use exchange_protocol::Problem;
use http::request::Parts;
use maud::{Markup, html};
use messages::Explanation;

use super::session::FormSecret;
use crate::{
    app::App,
    refusal::{Answer, Refusal},
};

/// The field that binds a form to its session.
const SECRET: &str = "form";

/// The fields of a form, judged by the guard already: it carries the secret of its session.
#[derive(Clone)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads what a browser sends. What is no UTF-8 is kept with marks in its place.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// A field as it was typed; empty if it did not come. Of two with one name the first counts.
    pub(crate) fn raw(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A field without the spaces around it.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// Every value of a field that may come several times.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a step was confirmed on a page of its own.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.raw(CONFIRMED) == "yes"
    }

    /// Whether the form carries this secret. Compared by digests, so that the time tells nothing of it.
    pub(crate) fn carry(&self, secret: &str) -> bool {
        crate::tokens::hash(self.raw(SECRET)) == crate::tokens::hash(secret)
    }
}

/// The field of a confirmed step.
const CONFIRMED: &str = "confirmed";

impl FromRequestParts<App> for Fields {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        let fields = parts.extensions.get::<Self>().cloned();
        fields.ok_or_else(|| ProblemCode::FormExpired.into())
    }
}

/// What makes forms of one answer.
#[derive(Clone)]
pub(crate) struct Forms(String);

impl FromRequestParts<App> for Forms {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        let secret = parts.extensions.get::<FormSecret>().cloned();
        secret
            .map(|FormSecret(secret)| Self(secret))
            .ok_or_else(|| ProblemCode::FormExpired.into())
    }
}

impl Forms {
    /// A form that posts to an address.
    pub(crate) fn form(&self, action: &str, content: Markup) -> Markup {
        html! {
            form method="post" action=(action) {
                input type="hidden" name=(SECRET) value=(self.0);
                (content)
            }
        }
    }

    /// A form of one button; what it is about travels in hidden fields.
    pub(crate) fn button(&self, action: &str, hidden: &[(&str, &str)], button: Button<'_>) -> Markup {
        self.form(action, html! { (hidden_fields(hidden)) (button.markup()) })
    }

    /// The last step of something that asks first: the same form again with 「はい」 in it.
    pub(crate) fn confirmation(&self, action: &str, hidden: &[(&str, &str)], yes: &str, back: &str) -> Markup {
        self.form(
            action,
            html! {
                (hidden_fields(hidden))
                input type="hidden" name=(CONFIRMED) value="yes";
                div.actions {
                    (Button { text: yes, look: Look::Danger, about: None }.markup())
                    a.button.quiet href=(back) { (messages::portal::back()) }
                }
            },
        )
    }
}

fn hidden_fields(hidden: &[(&str, &str)]) -> Markup {
    html! {
        @for (name, value) in hidden {
            input type="hidden" name=(name) value=(value);
        }
    }
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What one came for.
    Primary,
    /// What one may do besides.
    Quiet,
    /// What takes something away.
    Danger,
}

/// A button.
#[derive(Clone, Copy)]
pub(crate) struct Button<'a> {
    pub(crate) text: &'a str,
    pub(crate) look: Look,
    /// To what of several rows it belongs, for those who hear the page.
    pub(crate) about: Option<&'a str>,
}

impl Button<'_> {
    pub(crate) fn markup(&self) -> Markup {
        let look = match self.look {
            Look::Primary => "primary",
            Look::Quiet => "quiet",
            Look::Danger => "danger",
        };
        html! {
            button.button.(look) type="submit" {
                (self.text)
                @if let Some(about) = self.about {
                    span.hidden-text { (messages::portal::about_row(about)) }
                }
            }
        }
    }
}

/// One field with its label.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) help: Option<&'a str>,
    pub(crate) kind: &'a str,
    pub(crate) value: &'a str,
    pub(crate) autocomplete: &'a str,
    pub(crate) is_wrong: bool,
    pub(crate) is_optional: bool,
}

impl<'a> Field<'a> {
    /// A field for a line of text.
    pub(crate) fn text(name: &'a str, label: &'a str) -> Self {
        Self {
            name,
            label,
            help: None,
            kind: "text",
            value: "",
            autocomplete: "off",
            is_wrong: false,
            is_optional: false,
        }
    }

    /// A field for a password; nothing typed ever comes back in it.
    pub(crate) fn password(name: &'a str, label: &'a str, autocomplete: &'a str) -> Self {
        Self {
            kind: "password",
            autocomplete,
            ..Self::text(name, label)
        }
    }

    pub(crate) fn markup(&self) -> Markup {
        let help = format!("{}-help", self.name);
        let described = self.help.map(|_| help.as_str());
        html! {
            div.field {
                label for=(self.name) { (self.label) }
                @if let Some(text) = self.help {
                    p.help id=(help) { (text) }
                }
                input id=(self.name) name=(self.name) type=(self.kind) value=(self.value) required[!self.is_optional]
                    autocomplete=(self.autocomplete) autocapitalize="none" spellcheck="false"
                    aria-describedby=[described] aria-invalid=[self.is_wrong.then_some("true")];
            }
        }
    }
}

/// A choice of one among a few.
pub(crate) fn choice(name: &str, label: &str, options: &[(&str, String)], chosen: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for (value, text) in options {
                    option value=(value) selected[*value == chosen] { (text) }
                }
            }
        }
    }
}

/// A field for several lines.
pub(crate) fn area(name: &str, label: &str, value: &str, is_wrong: bool) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            textarea id=(name) name=(name) rows="8" required aria-invalid=[is_wrong.then_some("true")] { (value) }
        }
    }
}

/// What is said of a refusal: what happened, what it means, what to do, and its code.
pub(crate) fn refusal(problem: &Problem) -> Markup {
    let words = explained(problem);
    html! {
        div.notice.bad role="alert" data-code=(problem.code.as_str()) {
            p.strong { (words.what) }
            p { (words.outcome) " " (words.next) }
            @if let Some(reference) = &problem.reference {
                p { (messages::portal::reference(reference)) }
            }
            p.code { (messages::portal::code(problem.code.as_str())) }
        }
    }
}

/// The words of a refusal. Those of a busy line speak of what the client sends by itself: a browser sends nothing again.
fn explained(problem: &Problem) -> Explanation {
    use messages::portal as said;
    let words = messages::problem(problem.code.as_str(), &problem.params);
    let (outcome, next) = match problem.code {
        ProblemCode::ServerBusy => (said::not_done(), said::retry_soon()),
        ProblemCode::TooManyRequests => (said::not_done(), said::retry_in_a_minute()),
        ProblemCode::RequestTooSlow => (said::not_done(), said::retry_on_a_better_line()),
        ProblemCode::Internal => (said::perhaps_done(), words.next),
        _ => return words,
    };
    Explanation {
        what: words.what,
        outcome,
        next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_in_a_browser_is_told_without_the_words_of_the_client() {
        for code in [
            ProblemCode::ServerBusy,
            ProblemCode::TooManyRequests,
            ProblemCode::RequestTooSlow,
            ProblemCode::Internal,
        ] {
            let told = refusal(&Problem::new(code)).into_string();
            let of_the_client = messages::problem(code.as_str(), &Default::default());
            assert!(told.contains(&of_the_client.what), "{code}: {told}");
            for word in ["送信待ち", "一覧", "アプリ"] {
                assert!(!told.contains(word), "{code}: {told}");
            }
        }
    }
}
