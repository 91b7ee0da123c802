//! What a mail says: fixed words, and of whom it is for nothing but where it goes.

use std::time::SystemTime;

use care_model::MailAddress;
use chrono::{DateTime, Utc};
use exchange_protocol::HelpDesk;
use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0},
    },
};
use uuid::Uuid;

use crate::portal::page;

/// What a mail is about.
pub(super) enum Says<'a> {
    /// This code confirms the address until then.
    Code(&'a str, DateTime<Utc>),
    /// Something waits.
    Waiting,
}

/// A mail as it goes to the mail server; none if the library takes an address for something else than we do.
pub(super) fn message(
    from: &MailAddress,
    to: &MailAddress,
    says: &Says<'_>,
    help_desk: &HelpDesk,
    now: DateTime<Utc>,
) -> Option<Message> {
    let foot = messages::mail::foot(&help_desk.telephone, &help_desk.hours);
    let (subject, text) = match says {
        Says::Code(code, until) => (
            messages::mail::code_subject(),
            messages::mail::code(code, page::moment(*until)),
        ),
        Says::Waiting => (messages::mail::waiting_subject(), messages::mail::waiting()),
    };
    let mailbox = |name: Option<String>, address: &MailAddress| {
        let address: Address = address.as_str().parse().ok()?;
        Some(Mailbox::new(name, address))
    };
    // Programs that answer mail by themselves leave it alone (RFC 3834).
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    Message::builder()
        .from(mailbox(Some(messages::mail::sender()), from)?)
        .to(mailbox(None, to)?)
        .subject(subject)
        .date(SystemTime::from(now))
        // Of its own making, for the library's would name this machine.
        .message_id(Some(format!("<{}@{}>", Uuid::now_v7(), from.domain())))
        .raw_header(automatic)
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .body(format!("{text}\n\n{foot}\n"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(says: &Says<'_>) -> String {
        let address = |text| MailAddress::parse(text).unwrap();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let message = message(
            &address("oshirase@example.jp"),
            &address("uketsuke@example.co.jp"),
            says,
            &crate::app::default_help_desk(),
            now,
        );
        String::from_utf8(message.unwrap().formatted()).unwrap()
    }

    #[test]
    fn it_has_the_headers_of_an_automatic_mail_and_nothing_but_ascii() {
        for says in [Says::Waiting, Says::Code("12345678", DateTime::UNIX_EPOCH)] {
            let sent = sent(&says);
            assert!(sent.is_ascii());
            let (head, _) = sent.split_once("\r\n\r\n").unwrap();
            for line in [
                "To: uketsuke@example.co.jp",
                "Auto-Submitted: auto-generated",
                "Date: Fri, 15 Jan 2027 08:00:00 +0000",
                "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=utf-8",
            ] {
                assert!(head.lines().any(|found| found == line), "{line} is not in\n{head}");
            }
            let id = head.lines().find_map(|line| line.strip_prefix("Message-ID: "));
            assert!(id.unwrap().ends_with("@example.jp>"), "{head}");
            let from = head.lines().find(|line| line.starts_with("From: "));
            assert!(from.unwrap().ends_with("<oshirase@example.jp>"), "{head}");
        }
    }
}
