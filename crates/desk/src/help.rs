//! ヘルプ: versions and licences, the contact form, and the office's terminals.

use care_model::ProblemCode;
use desk_ipc::{AboutView, CommandError, LicenceRow, TerminalRow};
use exchange_protocol::PROTOCOL_VERSION;

use crate::{core::Core, home::expiry, refusal, session::Standing};

/// Written by `cargo xtask licences`.
const LICENCES: &str = include_str!("../licences.json");
/// More than any address of a form.
const ADDRESS_CHARS_MAX: usize = 2_000;

impl Core {
    /// このアプリについて. Anybody may see it.
    pub(crate) fn about(&self) -> Result<AboutView, CommandError> {
        let standing = self.standing();
        Ok(AboutView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            exchange_name: standing
                .connection
                .as_ref()
                .map(|connection| connection.exchange_name.clone())
                .unwrap_or_default(),
            protocol: PROTOCOL_VERSION,
            licences: licences()?,
        })
    }

    /// Opens the help desk's contact form in the system's browser.
    pub(crate) fn open_contact_form(&self) -> Result<(), CommandError> {
        let form = contact_form(&self.standing()).map(str::to_owned);
        let form = form.ok_or(ProblemCode::RequestMalformed)?;
        self.surface.open_web(&form);
        Ok(())
    }

    /// 端末一覧, as the exchange has it.
    pub(crate) async fn terminals(&self) -> Result<Vec<TerminalRow>, CommandError> {
        let line = self.line().await?;
        let page = line.exchange.terminals().await;
        let page = self.heard_by(&line, page).await?;
        let here = self.identity().map(|identity| identity.terminal);
        let now = self.now();
        let rows = page.terminals.into_iter().map(|terminal| TerminalRow {
            name: terminal.name,
            enrolled_at: terminal.enrolled_at,
            certificate: expiry(terminal.expires_at, now),
            revoked_at: terminal.revoked_at,
            here: Some(terminal.id) == here,
        });
        Ok(rows.collect())
    }
}

/// What others wrote, by name.
fn licences() -> Result<Vec<LicenceRow>, CommandError> {
    serde_json::from_str(LICENCES).map_err(|error| refusal::logged(ProblemCode::Internal, &error.classify()))
}

/// The address of the help desk's form: as the exchange says, or the connection file. A web page over TLS or nothing:
/// a system opens whatever it is given.
pub(crate) fn contact_form(standing: &Standing) -> Option<&str> {
    let form = match (&standing.me, &standing.connection) {
        (Some(me), _) => &me.help_desk.form_url,
        (None, Some(connection)) => &connection.help_desk.form_url,
        (None, None) => return None,
    };
    is_web_page(form).then_some(form)
}

fn is_web_page(address: &str) -> bool {
    let host = address
        .strip_prefix("https://")
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
    }) && address.len() <= ADDRESS_CHARS_MAX
        && address.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn only_web_pages_over_tls_are_opened() {
        for good in [
            "https://form.example/",
            "https://form.example:8443/a?b=c#d",
            "https://form.example",
        ] {
            assert!(is_web_page(good), "{good}");
        }
        let long = format!("https://form.example/{}", "a".repeat(ADDRESS_CHARS_MAX));
        for bad in [
            "",
            "http://form.example/",
            "https://",
            "https:///path",
            "https://user@form.example/",
            "https://form.example/\u{202e}",
            "https://form.example/ x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            &long,
        ] {
            assert!(!is_web_page(bad), "{bad}");
        }
    }

    #[test]
    fn the_list_of_licences_is_of_the_versions_in_the_lock_files() {
        let rows = licences().unwrap();
        let rust = include_str!("../../../Cargo.lock");
        let page = include_str!("../../../package-lock.json");
        let locked: HashSet<(&str, &str)> = rust
            .split("[[package]]")
            .filter_map(|package| {
                let field = |name: &str| {
                    let line = package.lines().find_map(|line| line.strip_prefix(name))?;
                    line.strip_prefix(" = \"")?.strip_suffix('"')
                };
                Some((field("name")?, field("version")?))
            })
            .collect();
        let of_the_page = |name: &str| page.contains(&format!("node_modules/{name}\""));
        for row in &rows {
            assert!(!row.licence.is_empty(), "{row:?}");
            let known = locked.contains(&(row.name.as_str(), row.version.as_str())) || of_the_page(&row.name);
            assert!(known, "run `cargo xtask licences`: {row:?}");
        }
        for linked in ["tauri", "rustls", "svelte"] {
            assert!(rows.iter().any(|row| row.name == linked), "{linked}");
        }
    }
}
