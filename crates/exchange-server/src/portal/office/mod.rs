//! What an office sees: its licence and certificates, people, terminals, figures, downloads, news.

pub(super) mod audit;
pub(super) mod downloads;
pub(super) mod home;
pub(super) mod licence;
pub(super) mod mail;
pub(super) mod news;
pub(super) mod people;
pub(super) mod terminals;
pub(super) mod usage;

use care_model::limits;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::page::MenuItem;

/// What an address says besides its place: which sentence to show. Anything else is not looked at.
#[derive(Deserialize)]
pub(crate) struct Said {
    done: Option<String>,
}

impl Said {
    /// The sentence among those of a page.
    pub(super) fn among(&self, sentences: &[(&str, fn() -> String)]) -> Option<String> {
        let done = self.done.as_deref()?;
        let found = sentences.iter().find(|(key, _)| *key == done);
        found.map(|(_, sentence)| sentence())
    }
}

/// The menu of an office; with the place for mail where the exchange sends some.
pub(super) fn menu(sends_mail: bool) -> Vec<MenuItem> {
    let item = |path, text| MenuItem { path, text };
    let mut items = vec![
        item(super::session::OFFICES.home, messages::portal::title_home()),
        item(people::PATH, messages::portal::title_people()),
        item(terminals::PATH, messages::portal::title_terminals()),
        item(licence::PATH, messages::portal::title_licence()),
        item(usage::PATH, messages::portal::title_usage()),
        item(downloads::PATH, messages::portal::title_downloads()),
        item(news::PATH, messages::portal::title_news()),
        item(audit::PATH, messages::portal::title_audit()),
    ];
    if sends_mail {
        items.insert(MAIL_PLACE, item(mail::PATH, messages::mail::title()));
    }
    items
}

/// Behind the licence, before the figures.
const MAIL_PLACE: usize = 4;

/// How near the end of something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term {
    /// Over.
    Over,
    /// So many days are left, few enough to say so.
    Near(i64),
    /// Far enough.
    Far,
}

impl Term {
    pub(super) fn of(until: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let days = (until - now).num_days();
        match until <= now {
            true => Self::Over,
            false if days <= limits::EXPIRY_WARNING_DAYS => Self::Near(days),
            false => Self::Far,
        }
    }

    pub(super) fn badge(self) -> Markup {
        html! {
            @match self {
                Self::Over => span.badge.bad { (messages::portal::term_over()) },
                Self::Near(days) => span.badge.warn { (messages::portal::term_near(days)) },
                Self::Far => span.badge.good { (messages::portal::term_far()) },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn sixty_days_before_its_end_a_term_is_near() {
        let now = DateTime::UNIX_EPOCH;
        for (left, term) in [
            (TimeDelta::zero(), Term::Over),
            (TimeDelta::seconds(1), Term::Near(0)),
            (TimeDelta::days(60), Term::Near(60)),
            (TimeDelta::days(61), Term::Far),
        ] {
            assert_eq!(Term::of(now + left, now), term, "{left}");
        }
    }
}
