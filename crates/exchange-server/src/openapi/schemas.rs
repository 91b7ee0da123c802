//! The shapes of everything that travels as JSON, by the names of their types in `exchange-protocol`.
//!
//! The tests of this module hold each against what serde really writes and reads.

mod deliveries;

use care_model::{ProblemCode, limits};
use serde_json::{Map, Value, json};

/// An id as everybody writes it.
const UUID: &str = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$";
/// An office number; the third place may be a letter.
const OFFICE_NUMBER: &str = "^[0-9]{2}[0-9A-HJ-NPR-Z][0-9]{7}$";

/// A field: its name, its shape, whether it must be there.
type Field = (&'static str, Value, bool);

fn must(name: &'static str, shape: Value) -> Field {
    (name, shape, true)
}

fn may(name: &'static str, shape: Value) -> Field {
    (name, shape, false)
}

fn object(about: &str, fields: Vec<Field>) -> Value {
    let required: Vec<&str> = fields.iter().filter(|field| field.2).map(|field| field.0).collect();
    let properties: Map<String, Value> = fields
        .into_iter()
        .map(|(name, shape, _)| (name.to_owned(), shape))
        .collect();
    json!({ "type": "object", "description": about, "properties": properties, "required": required })
}

/// What may be left out, or be null.
fn nullable(name: &'static str, shape: Value) -> Field {
    may(name, json!({ "anyOf": [shape, { "type": "null" }] }))
}

/// What a caller sends: a field that is not listed is refused.
fn asked(about: &str, fields: Vec<Field>) -> Value {
    let mut shape = object(about, fields);
    shape["additionalProperties"] = json!(false);
    shape
}

/// A reference to a shape of this document.
pub(super) fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

fn short(about: &str, max: usize) -> Value {
    json!({ "type": "string", "description": about, "maxLength": max })
}

fn shaped(about: &str, pattern: &str) -> Value {
    json!({ "type": "string", "description": about, "pattern": pattern })
}

fn number(about: &str, max: u64) -> Value {
    json!({ "type": "integer", "description": about, "minimum": 0, "maximum": max })
}

fn yes_or_no(about: &str) -> Value {
    json!({ "type": "boolean", "description": about })
}

fn time(about: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": about })
}

fn several(name: &str) -> Value {
    json!({ "type": "array", "items": of(name) })
}

/// The shape of a name in a path.
pub(super) fn of_path(name: &str) -> Value {
    match name {
        "id" => of("DeliveryId"),
        "number" => of("OfficeNumber"),
        "part" => number("The place of the part in the header, from 0.", 9_999),
        "target" => shaped(
            "For what kind of computer and installer, such as linux-x86_64-deb.",
            "^[a-z0-9_-]{1,40}$",
        ),
        "version" => shaped(
            "A version as three numbers up to 65535, such as 1.2.3.",
            r"^(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})$",
        ),
        other => text(other),
    }
}

/// Every shape by its name.
pub(super) fn all() -> Map<String, Value> {
    let mut all = Map::new();
    for (name, shape) in values()
        .into_iter()
        .chain(people())
        .chain(offices())
        .chain(deliveries::deliveries())
        .chain(deliveries::lists())
    {
        all.insert(name.to_owned(), shape);
    }
    all
}

fn values() -> Vec<(&'static str, Value)> {
    let codes: Vec<&str> = ProblemCode::ALL.iter().map(ProblemCode::as_str).collect();
    vec![
        (
            "DeliveryId",
            shaped(
                "Made by the sender, kept for good (UUID; version 7 sorts by time).",
                UUID,
            ),
        ),
        ("TerminalId", shaped("A terminal (UUID).", UUID)),
        (
            "OfficeNumber",
            shaped(
                "The number of an office (jigyosho bango): ten characters.",
                OFFICE_NUMBER,
            ),
        ),
        (
            "ServiceKind",
            shaped("A service kind (service shurui code): two characters.", "^[0-9A-Z]{2}$"),
        ),
        (
            "Serial",
            shaped("A file serial (file renban): fourteen digits.", "^[0-9]{14}$"),
        ),
        (
            "ServiceMonth",
            shaped(
                "A service month: year and month from 2000 to 2099.",
                "^20[0-9]{2}(0[1-9]|1[0-2])$",
            ),
        ),
        ("Digest", shaped("SHA-256 in lower-case hexadecimal.", "^[0-9a-f]{64}$")),
        (
            "AccountId",
            shaped(
                "The ID of a person (begins with c) or of an office (begins with KJ).",
                "^[0-9A-Za-z]{3,32}$",
            ),
        ),
        (
            "ProblemCode",
            json!({ "type": "string", "enum": codes, "description": "Why something was refused; stable." }),
        ),
        (
            "Problem",
            object(
                "A refusal. It holds a code and what a sentence about it needs, never prose and never a cause.",
                vec![
                    must("code", of("ProblemCode")),
                    must("status", json!({ "type": "integer", "minimum": 400, "maximum": 599 })),
                    may(
                        "params",
                        json!({ "type": "object", "additionalProperties": { "type": "string" } }),
                    ),
                    may(
                        "reference",
                        text("Leads the operator to the line of the log; with `internal` only."),
                    ),
                ],
            ),
        ),
    ]
}

fn people() -> Vec<(&'static str, Value)> {
    let password = || json!({ "type": "string", "format": "password", "description": "As typed; never cut." });
    let token = || text("Opaque.");
    vec![
        (
            "EnrolmentRequest",
            asked(
                "What buys a terminal's certificate.",
                vec![
                    must("office_id", of("AccountId")),
                    must("issue_password", password()),
                    must(
                        "request_pem",
                        text("A certificate request (PKCS#10) in PEM; only its public key is used."),
                    ),
                    must(
                        "terminal_name",
                        json!({
                            "type": "string", "minLength": 1, "maxLength": 40, "pattern": r"^[^\u0000-\u001f\u007f-\u009f]+$",
                            "description": "What the office calls the terminal.",
                        }),
                    ),
                ],
            ),
        ),
        (
            "EnrolmentAnswer",
            object(
                "The issued certificate.",
                vec![
                    must("terminal", of("TerminalId")),
                    must("office", of("OfficeNumber")),
                    must("office_name", text("The office's registered name.")),
                    must("kinds", several("ServiceKind")),
                    must("certificate_pem", text("The certificate in PEM.")),
                    must("expires_at", time("Its last instant.")),
                ],
            ),
        ),
        (
            "RenewalRequest",
            asked(
                "Asks for the terminal's next certificate, for a new key.",
                vec![must(
                    "request_pem",
                    text("A certificate request (PKCS#10) in PEM, for a new key."),
                )],
            ),
        ),
        (
            "RenewalAnswer",
            object(
                "The next certificate. The one so far stays good until a day after this one was first used.",
                vec![
                    must("certificate_pem", text("The certificate in PEM.")),
                    must("expires_at", time("Its last instant.")),
                ],
            ),
        ),
        (
            "PersonSignIn",
            asked(
                "Step 1 of signing in.",
                vec![must("person_id", of("AccountId")), must("password", password())],
            ),
        ),
        (
            "PersonSignInAnswer",
            object(
                "Good for step 2 at this terminal for five minutes.",
                vec![must("step_token", token())],
            ),
        ),
        (
            "OfficeSignIn",
            asked(
                "Step 2 of signing in.",
                vec![
                    must("step_token", token()),
                    must("office_id", of("AccountId")),
                    must("password", password()),
                ],
            ),
        ),
        (
            "PasswordChange",
            asked(
                "Changes a password, provisional or not.",
                vec![
                    must("account_id", of("AccountId")),
                    must("password", password()),
                    must(
                        "new_password",
                        json!({
                            "type": "string", "format": "password",
                            "description": format!(
                                "{} to {} characters, neither the old one nor holding the ID; another length is `password_length`.",
                                limits::PASSWORD_CHARS_MIN, limits::PASSWORD_CHARS_MAX
                            ),
                        }),
                    ),
                ],
            ),
        ),
        (
            "RefreshSession",
            asked("Asks for new tokens.", vec![must("refresh_token", token())]),
        ),
        (
            "Session",
            object(
                "A session, bound to the terminal's certificate.",
                vec![
                    must("access_token", text("Sent as `Authorization: Bearer …`.")),
                    must("access_until", time("60 minutes ahead.")),
                    must("refresh_token", text("Good once, for /v1/sign-in/refresh.")),
                    must(
                        "refresh_until",
                        time("8 hours ahead, and 24 hours after the passwords at most."),
                    ),
                ],
            ),
        ),
        (
            "ThisTerminal",
            object(
                "Who a terminal is by its certificate.",
                vec![
                    must("terminal", of("TerminalId")),
                    must("name", text("What the office calls it.")),
                    must("office", of("OfficeNumber")),
                    must("office_name", text("The office's registered name.")),
                    must("kinds", several("ServiceKind")),
                    must("expires_at", time("The last instant of its certificate.")),
                    must("waiting", number("How many deliveries wait for the office.", u64::MAX)),
                    must(
                        "newest",
                        number(
                            "The sequence of the newest delivery that came for the office.",
                            u64::MAX,
                        ),
                    ),
                ],
            ),
        ),
    ]
}

fn offices() -> Vec<(&'static str, Value)> {
    vec![
        (
            "ExchangeAnswer",
            object(
                "What anybody may know of an exchange.",
                vec![
                    must("protocol", number("The version of this API.", u32::MAX.into())),
                    must("name", text("The exchange's name.")),
                    must("now", time("The server's clock.")),
                ],
            ),
        ),
        (
            "Licence",
            object(
                "An office's licence. Ended: it receives, but does not send.",
                vec![must("until", time("Its last instant."))],
            ),
        ),
        (
            "HelpDesk",
            object(
                "Whom to call.",
                vec![
                    must("telephone", text("Telephone number.")),
                    must("hours", text("When somebody answers.")),
                    must("form_url", text("The address of the contact form.")),
                ],
            ),
        ),
        (
            "Me",
            object(
                "Who is signed in, where, until when.",
                vec![
                    must("office", of("OfficeEntry")),
                    must("person_name", text("The person's name at this office.")),
                    must("terminal", of("TerminalId")),
                    must("terminal_name", text("What the office calls this terminal.")),
                    must("certificate_until", time("The last instant of its certificate.")),
                    must("licence", of("Licence")),
                    must("help_desk", of("HelpDesk")),
                ],
            ),
        ),
        (
            "OfficeEntry",
            object(
                "What the directory says of an office.",
                vec![
                    must("number", of("OfficeNumber")),
                    must("name", text("Its registered name.")),
                    may("kana", text("Its name in kana.")),
                    may("address", text("Its address.")),
                    must("kinds", several("ServiceKind")),
                    may("telephone", text("Its telephone number.")),
                    must("active", yes_or_no("Whether its licence runs.")),
                ],
            ),
        ),
        (
            "OfficeSearch",
            asked(
                "A search of the directory. It is a body, because what people type may be a name.",
                vec![
                    may(
                        "text",
                        short(
                            "Number, name, kana or place; every word must occur.",
                            limits::SEARCH_CHARS_MAX,
                        ),
                    ),
                    nullable("kind", of("ServiceKind")),
                    nullable("after", of("OfficeNumber")),
                    must(
                        "limit",
                        number("How many at most; 50 and fewer are given.", u32::MAX.into()),
                    ),
                ],
            ),
        ),
        (
            "OfficePage",
            object(
                "A page of the directory, by number.",
                vec![
                    must("offices", several("OfficeEntry")),
                    must("more", yes_or_no("Whether there are more behind the last one.")),
                ],
            ),
        ),
        (
            "TerminalPage",
            object(
                "The office's terminals, newest first.",
                vec![must("terminals", several("TerminalEntry"))],
            ),
        ),
        (
            "TerminalEntry",
            object(
                "One terminal.",
                vec![
                    must("id", of("TerminalId")),
                    must("name", text("What the office calls it.")),
                    must("enrolled_at", time("When it got its certificate.")),
                    must("expires_at", time("The last instant of its certificate.")),
                    may("revoked_at", time("Since when it is stopped.")),
                ],
            ),
        ),
        (
            "NewsPage",
            object("News, newest first.", vec![must("news", several("NewsEntry"))]),
        ),
        (
            "NewsEntry",
            object(
                "One piece of news.",
                vec![
                    must("id", number("Stable.", u64::MAX)),
                    must("published_at", time("When it was published.")),
                    must("title", text("Its title.")),
                    must("body", text("Its text, plain, with line ends.")),
                ],
            ),
        ),
        (
            "UpdateOffer",
            object(
                "A newer version of the client.",
                vec![
                    must("version", of_path("version")),
                    must("notes", text("What is new.")),
                    must("published_at", time("When it was put up.")),
                    must(
                        "size_bytes",
                        number("The size of the installer.", exchange_protocol::UPDATE_BYTES_MAX),
                    ),
                    must("signature", text("The publisher's signature (minisign).")),
                ],
            ),
        ),
    ]
}

#[cfg(test)]
mod tests;
