//! Every Japanese sentence that the project shows to people, by group and key.
//!
//! The sheets in `catalogue/` are expanded when this crate is built: a group is a module, a key is a function with
//! one parameter for each hole, so that a missing message or parameter does not compile. Problems and findings are
//! looked up by their code at run time. The page gets the same sheets as TypeScript through `cargo xtask bindings`;
//! a sheet that begins with `page = false` stays out of it.

use std::collections::BTreeMap;

#[cfg(test)]
mod generate;

mod catalogue {
    #![allow(clippy::all, unreachable_pub)]
    use crate::{Params, japanese_time, value};
    include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));
}
pub use catalogue::*;

/// What fills the holes of a sentence that is looked up by its code.
pub type Params = BTreeMap<String, String>;

/// What is said about a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What happened.
    pub what: String,
    /// Whether anything was sent, received or changed.
    pub outcome: String,
    /// What to do now.
    pub next: String,
}

/// What is said about a finding in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingText {
    /// What was found.
    pub message: String,
    /// What puts it right.
    pub remedy: String,
}

/// The words for a problem code. A code from a newer server is explained as `internal`.
pub fn problem(code: &str, params: &Params) -> Explanation {
    let texts = problem_texts(code, params).or_else(|| problem_texts("internal", params));
    let [what, outcome, next] = texts.and_then(|texts| texts.try_into().ok()).unwrap_or_default();
    Explanation { what, outcome, next }
}

/// The words for a finding code. A code without words shows itself, so that nothing is hidden.
pub fn finding(code: &str, params: &Params) -> FindingText {
    let texts = finding_texts(code, params).and_then(|texts| <[String; 2]>::try_from(texts).ok());
    let [message, remedy] = texts.unwrap_or_else(|| [code.to_owned(), String::new()]);
    FindingText { message, remedy }
}

/// The page's half of the catalogue: the whole text of `ui/src/messages/catalogue.ts`.
pub fn typescript() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/catalogue.ts"))
}

/// A parameter, or a dash where the refusal came without it.
fn value<'a>(params: &'a Params, name: &str) -> &'a str {
    params.get(name).map_or("－", String::as_str)
}

/// An RFC 3339 instant as people in Japan read it; anything else as it stands.
fn japanese_time(text: &str) -> String {
    const NINE_HOURS: i32 = 9 * 3600;
    match (
        chrono::DateTime::parse_from_rfc3339(text),
        chrono::FixedOffset::east_opt(NINE_HOURS),
    ) {
        (Ok(at), Some(japan)) => at.with_timezone(&japan).format(TIME_PATTERN).to_string(),
        _ => text.to_owned(),
    }
}

/// The same pattern as the page's `Intl` gives for month, day and minutes.
const TIME_PATTERN: &str = "%-m月%-d日 %-H:%M";

#[cfg(test)]
mod tests;
