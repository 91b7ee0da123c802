//! Deliveries, what is done with them, and the lists of them.

use care_model::limits;
use serde_json::{Value, json};

use super::{Field, asked, may, must, nullable, number, object, of, several, text, time, yes_or_no};

pub(super) fn deliveries() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Party",
            asked(
                "An office in one of its service kinds.",
                vec![must("office", of("OfficeNumber")), must("kind", of("ServiceKind"))],
            ),
        ),
        (
            "Part",
            asked(
                "One part of a delivery, opaque to the exchange.",
                vec![
                    must(
                        "role",
                        json!({ "type": "string", "enum": ["cover", "standard_file", "attachment"] }),
                    ),
                    nullable(
                        "name",
                        json!({
                            "type": "string", "minLength": 1, "maxLength": limits::FILE_NAME_BYTES_MAX,
                            "pattern": "^[0-9A-Za-z_][0-9A-Za-z_.]*$",
                            "description": "The exact name of a standard file; absent for cover and attachments.",
                        }),
                    ),
                    must(
                        "size_bytes",
                        number(
                            "Its size. Attachments and standard files up to 100 MiB, a cover up to 64 KiB.",
                            u64::MAX,
                        ),
                    ),
                    must("digest", of("Digest")),
                ],
            ),
        ),
        (
            "DeliveryHeader",
            asked(
                "The clear header of a delivery: all that the exchange knows of it. Its bytes as first sent are the \
                 delivery's identity: their SHA-256 is what a retry under the same id is compared with.",
                vec![
                    must("id", of("DeliveryId")),
                    must("from", of("Party")),
                    must("to", of("Party")),
                    nullable("serial", of("Serial")),
                    nullable("unit", text("The send unit in the standard's table (`home_plan` …).")),
                    nullable("declared_month", of("ServiceMonth")),
                    nullable(
                        "declared_recipients",
                        number("How many care recipients, as the sender says.", u32::MAX.into()),
                    ),
                    must(
                        "parts",
                        json!({
                            "type": "array", "items": of("Part"), "minItems": 1,
                            "maxItems": limits::STANDARD_FILES_MAX + limits::ATTACHMENTS_MAX + 1,
                            "description": "In the order of their bytes; a cover, if there is one, is the first.",
                        }),
                    ),
                    // One value today; it may be left out, but not be null.
                    may("sealing", json!({ "type": "string", "enum": ["none"] })),
                ],
            ),
        ),
        (
            "Accepted",
            object(
                "The exchange holds the delivery durably; the receiver can see it.",
                vec![
                    must("id", of("DeliveryId")),
                    must(
                        "accepted_at",
                        time("When it was first accepted; the same on every retry."),
                    ),
                    must("sequence", number("Its place in the sender's list.", u64::MAX)),
                ],
            ),
        ),
        (
            "Recalled",
            object(
                "The sender took the delivery back.",
                vec![
                    must("id", of("DeliveryId")),
                    must(
                        "recalled_at",
                        time("When it was first taken back; the same on every retry."),
                    ),
                ],
            ),
        ),
        (
            "UploadProgress",
            object(
                "How far an upload is.",
                vec![must(
                    "stored_bytes",
                    json!({
                        "type": "array", "items": { "type": "integer", "minimum": 0 },
                        "description": "Bytes stored durably of each part, in the order of the header.",
                    }),
                )],
            ),
        ),
        (
            "ClaimRequest",
            asked(
                "Asks for the right to fetch a delivery.",
                vec![nullable(
                    "take_over_fence",
                    number(
                        "The fence of another terminal's claim that a person takes over.",
                        u64::MAX,
                    ),
                )],
            ),
        ),
        (
            "Claim",
            object(
                "The right to fetch a delivery, for one terminal.",
                vec![
                    must("id", of("DeliveryId")),
                    must(
                        "fence",
                        number("Named by every range and by the confirmation.", u64::MAX),
                    ),
                    must(
                        "lease_until",
                        time("When the claim lapses unless a range is fetched before."),
                    ),
                    must("header", of("DeliveryHeader")),
                ],
            ),
        ),
        (
            "ConfirmRequest",
            asked(
                "Says that every byte is stored durably and was checked.",
                vec![must(
                    "fence",
                    number("The fence of the claim under which the bytes were fetched.", u64::MAX),
                )],
            ),
        ),
        (
            "Received",
            object(
                "The delivery is received; the exchange's copy is erased.",
                vec![
                    must("id", of("DeliveryId")),
                    must(
                        "received_at",
                        time("When it was first confirmed; the same on every retry."),
                    ),
                ],
            ),
        ),
    ]
}

pub(super) fn lists() -> Vec<(&'static str, Value)> {
    let state = |name: &str, fields: Vec<Field>| {
        let mut all = vec![must("state", json!({ "type": "string", "const": name }))];
        all.extend(fields);
        object("", all)
    };
    let at = |about: &str| vec![must("at", time(about))];
    let entry = |about: &str, name: &'static str, name_about: &str| {
        object(
            about,
            vec![
                must(
                    "sequence",
                    number("Its place in this list; grows with every acceptance.", u64::MAX),
                ),
                must("accepted_at", time("When the exchange accepted it.")),
                must("header", of("DeliveryHeader")),
                must(name, text(name_about)),
                must("status", of("DeliveryStatus")),
                may(
                    "kept_until",
                    time("Until when its content is kept; absent once it is over."),
                ),
                may(
                    "warned_days",
                    number(
                        "The last warning that nobody fetched it: so many days before.",
                        u32::MAX.into(),
                    ),
                ),
            ],
        )
    };
    let page = |row: &str| {
        object(
            "A page of a list, by rising change: a row comes again when its status changed.",
            vec![
                must("rows", several(row)),
                must(
                    "next",
                    number("The cursor to ask with next time, as `after`.", u64::MAX),
                ),
                must("more", yes_or_no("Whether there is more right now.")),
            ],
        )
    };
    let event = |name: &str, upto: bool| {
        let mut fields = vec![must("event", json!({ "type": "string", "const": name }))];
        if upto {
            fields.push(must("upto", number("The newest change of the list.", u64::MAX)));
        }
        object("", fields)
    };
    vec![
        (
            "DeliveryStatus",
            json!({
                "description": "Where a delivery stands.",
                "oneOf": [
                    state("waiting", vec![]),
                    state("claimed", vec![
                        must("terminal", of("TerminalId")),
                        must("terminal_name", text("Its name, as its own office sees it.")),
                        must("since", time("Since when.")),
                        must("fence", number("What a takeover must name.", u64::MAX)),
                        must("held", yes_or_no("Whether only a takeover by a person frees it.")),
                    ]),
                    state("received", at("When it was confirmed.")),
                    state("recalled", at("When its sender took it back.")),
                    state("expired", at("When its content was erased.")),
                ],
            }),
        ),
        (
            "InboxEntry",
            entry(
                "A row of the inbox.",
                "from_name",
                "The sending office's registered name.",
            ),
        ),
        (
            "OutboxEntry",
            entry(
                "A row of the outbox.",
                "to_name",
                "The receiving office's registered name.",
            ),
        ),
        ("InboxPage", page("InboxEntry")),
        ("OutboxPage", page("OutboxEntry")),
        (
            "Event",
            json!({
                "description": "A hint on the event stream, as the `data` of a server-sent event; the lists are the truth.",
                "oneOf": [event("inbox", true), event("outbox", true), event("signed_out", false)],
            }),
        ),
    ]
}
