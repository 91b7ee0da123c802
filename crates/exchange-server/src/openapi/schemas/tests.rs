//! Every shape against what serde writes and reads: each type once with all it can hold, once with as little.

use std::collections::BTreeSet;

use care_model::{AccountId, DeliveryId, Digest, OfficeNumber, Party, ProblemCode, ServiceKind, TerminalId};
use chrono::{DateTime, Utc};
use exchange_protocol::*;
use serde::{Serialize, de::DeserializeOwned};

use super::*;

fn shape(name: &str) -> Value {
    all().get(name).unwrap_or_else(|| panic!("no shape of {name}")).clone()
}

/// What is wrong with a value, if something is.
fn flaw(shape: &Value, value: &Value) -> Option<String> {
    if let Some(target) = shape["$ref"].as_str() {
        return flaw(&super::tests::shape(target.rsplit('/').next().unwrap()), value);
    }
    for (word, good) in [("anyOf", 1..=9), ("oneOf", 1..=1)] {
        if let Some(choices) = shape[word].as_array() {
            let fitting = choices.iter().filter(|choice| flaw(choice, value).is_none()).count();
            if !good.contains(&fitting) {
                return Some(format!("{value} fits {fitting} of {word}"));
            }
        }
    }
    let of_type = match shape["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => true,
    };
    let listed = shape["enum"].as_array().is_none_or(|listed| listed.contains(value));
    let constant = shape.get("const").is_none_or(|constant| constant == value);
    let long = |word: &str| shape[word].as_u64().map(|long| usize::try_from(long).unwrap());
    let chars = value.as_str().map_or(0, |text| text.chars().count());
    let fits = chars >= long("minLength").unwrap_or(0) && chars <= long("maxLength").unwrap_or(usize::MAX);
    let range = value.as_u64().is_none_or(|number| {
        number >= shape["minimum"].as_u64().unwrap_or(0) && number <= shape["maximum"].as_u64().unwrap_or(u64::MAX)
    });
    if !(of_type && listed && constant && fits && range) {
        return Some(format!("{value} is not {shape}"));
    }
    if let Some(items) = value.as_array() {
        return items.iter().find_map(|item| flaw(&shape["items"], item));
    }
    let fields = value.as_object()?;
    for name in shape["required"].as_array().into_iter().flatten() {
        if !fields.contains_key(name.as_str().unwrap()) {
            return Some(format!("{name} is missing in {value}"));
        }
    }
    for (name, field) in fields {
        match shape["properties"].get(name) {
            Some(shape) => {
                if let Some(flaw) = flaw(shape, field) {
                    return Some(format!("{name}: {flaw}"));
                }
            }
            None if shape["additionalProperties"].is_object() => {}
            None if shape["properties"].is_object() => return Some(format!("{name} is not in {shape}")),
            None => {}
        }
    }
    None
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// The shape lists the fields that serde writes, and requires those that it always writes.
#[track_caller]
fn agrees(name: &str, most: &impl Serialize, least: &impl Serialize) {
    let shape = shape(name);
    let (most, least) = (
        serde_json::to_value(most).unwrap(),
        serde_json::to_value(least).unwrap(),
    );
    assert_eq!(flaw(&shape, &most), None, "{name}");
    assert_eq!(flaw(&shape, &least), None, "{name}");
    assert_eq!(keys(&shape["properties"]), keys(&most), "{name}");
    for field in keys(&most).difference(&keys(&least)) {
        let required = shape["required"].as_array().unwrap();
        assert!(!required.contains(&json!(field)), "{name} does not always have {field}");
    }
}

/// The same for a type that always writes all it has.
#[track_caller]
fn same(name: &str, value: &impl Serialize) {
    agrees(name, value, value);
    let shape = shape(name);
    let required = shape["required"].as_array().unwrap().len();
    assert_eq!(required, shape["properties"].as_object().unwrap().len(), "{name}");
}

/// The same for what is read: what the shape requires cannot be left out, what it does not can, and nothing else is taken.
#[track_caller]
fn is_read<T: Serialize + DeserializeOwned>(name: &str, most: &T) {
    let shape = shape(name);
    let whole = serde_json::to_value(most).unwrap();
    agrees(name, most, most);
    assert_eq!(shape["additionalProperties"], json!(false), "{name}");
    let reads = |value: &Value| serde_json::from_value::<T>(value.clone()).is_ok();
    assert!(reads(&whole), "{name}");
    let mut more = whole.clone();
    more["more"] = json!(1);
    assert!(!reads(&more), "{name} takes a field that it does not know");
    let required: Vec<&str> = shape["required"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    for field in keys(&whole) {
        let mut less = whole.clone();
        less.as_object_mut().unwrap().remove(&field);
        assert_eq!(
            reads(&less),
            !required.contains(&field.as_str()),
            "{name} without {field}"
        );
        let mut null = whole.clone();
        null[&field] = Value::Null;
        let nullable = flaw(&shape, &null).is_none();
        assert_eq!(reads(&null), nullable, "{name} with {field} as null");
    }
}

fn number() -> OfficeNumber {
    OfficeNumber::parse("9970100013").unwrap()
}

fn kind() -> ServiceKind {
    ServiceKind::parse("43").unwrap()
}

fn id() -> DeliveryId {
    DeliveryId::generate()
}

fn account() -> AccountId {
    AccountId::parse("c9970100013").unwrap()
}

fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn part(name: Option<&str>) -> Part {
    Part {
        role: PartRole::StandardFile,
        name: name.map(str::to_owned),
        size_bytes: 1,
        digest: Digest::of(b"1"),
    }
}

fn header(whole: bool) -> DeliveryHeader {
    DeliveryHeader {
        id: id(),
        from: Party::new(number(), kind()),
        to: Party::new(number(), kind()),
        serial: whole.then(|| care_model::Serial::parse("20260326090137").unwrap()),
        unit: whole.then(|| "home_plan".to_owned()),
        declared_month: whole.then(|| care_model::ServiceMonth::parse("202604").unwrap()),
        declared_recipients: whole.then_some(3),
        parts: vec![part(Some("A.CSV"))],
        sealing: Sealing::None,
    }
}

fn office(whole: bool) -> OfficeEntry {
    let text = || whole.then(|| "x".to_owned());
    OfficeEntry {
        number: number(),
        name: "x".to_owned(),
        kana: text(),
        address: text(),
        kinds: vec![kind()],
        telephone: text(),
        active: true,
    }
}

#[test]
fn requests_are_read_as_they_are_described() {
    let text = || "x".to_owned();
    is_read(
        "EnrolmentRequest",
        &EnrolmentRequest {
            office_id: account(),
            issue_password: text(),
            request_pem: text(),
            terminal_name: text(),
        },
    );
    is_read("RenewalRequest", &RenewalRequest { request_pem: text() });
    is_read(
        "PersonSignIn",
        &PersonSignIn {
            person_id: account(),
            password: text(),
        },
    );
    is_read(
        "OfficeSignIn",
        &OfficeSignIn {
            step_token: text(),
            office_id: account(),
            password: text(),
        },
    );
    is_read(
        "PasswordChange",
        &PasswordChange {
            account_id: account(),
            password: text(),
            new_password: text(),
        },
    );
    is_read("RefreshSession", &RefreshSession { refresh_token: text() });
    is_read(
        "OfficeSearch",
        &OfficeSearch {
            text: text(),
            kind: Some(kind()),
            after: Some(number()),
            limit: 50,
        },
    );
    is_read(
        "ClaimRequest",
        &ClaimRequest {
            take_over_fence: Some(1),
        },
    );
    is_read("ConfirmRequest", &ConfirmRequest { fence: 1 });
    is_read("Party", &Party::new(number(), kind()));
    is_read("Part", &part(Some("A.CSV")));
    is_read("DeliveryHeader", &header(true));
}

#[test]
fn answers_are_written_as_they_are_described() {
    let text = || "x".to_owned();
    let terminal = TerminalId::generate();
    same(
        "EnrolmentAnswer",
        &EnrolmentAnswer {
            terminal,
            office: number(),
            office_name: text(),
            kinds: vec![kind()],
            certificate_pem: text(),
            expires_at: at(),
        },
    );
    same(
        "RenewalAnswer",
        &RenewalAnswer {
            certificate_pem: text(),
            expires_at: at(),
        },
    );
    same("PersonSignInAnswer", &PersonSignInAnswer { step_token: text() });
    same(
        "Session",
        &Session {
            access_token: text(),
            access_until: at(),
            refresh_token: text(),
            refresh_until: at(),
        },
    );
    same(
        "ThisTerminal",
        &ThisTerminal {
            terminal,
            name: text(),
            office: number(),
            office_name: text(),
            kinds: vec![kind()],
            expires_at: at(),
            waiting: 1,
            newest: 1,
        },
    );
    same(
        "ExchangeAnswer",
        &ExchangeAnswer {
            protocol: 1,
            name: text(),
            now: at(),
        },
    );
    let help_desk = HelpDesk {
        telephone: text(),
        hours: text(),
        form_url: text(),
    };
    same("HelpDesk", &help_desk);
    same("Licence", &Licence { until: at() });
    same(
        "Me",
        &Me {
            office: office(true),
            person_name: text(),
            terminal,
            terminal_name: text(),
            certificate_until: at(),
            licence: Licence { until: at() },
            help_desk,
        },
    );
    agrees("OfficeEntry", &office(true), &office(false));
    same(
        "OfficePage",
        &OfficePage {
            offices: vec![office(false)],
            more: true,
        },
    );
    let one = |revoked_at| TerminalEntry {
        id: terminal,
        name: text(),
        enrolled_at: at(),
        expires_at: at(),
        revoked_at,
    };
    agrees("TerminalEntry", &one(Some(at())), &one(None));
    same(
        "TerminalPage",
        &TerminalPage {
            terminals: vec![one(None)],
        },
    );
    let news = NewsEntry {
        id: 1,
        published_at: at(),
        title: text(),
        body: text(),
    };
    same("NewsEntry", &news);
    same("NewsPage", &NewsPage { news: vec![news] });
    same(
        "UpdateOffer",
        &UpdateOffer {
            version: "1.2.3".parse().unwrap(),
            notes: text(),
            published_at: at(),
            size_bytes: 1,
            signature: text(),
        },
    );
    same(
        "Accepted",
        &Accepted {
            id: id(),
            accepted_at: at(),
            sequence: 1,
        },
    );
    same(
        "Recalled",
        &Recalled {
            id: id(),
            recalled_at: at(),
        },
    );
    same(
        "UploadProgress",
        &UploadProgress {
            stored_bytes: vec![0, 1],
        },
    );
    same(
        "Claim",
        &Claim {
            id: id(),
            fence: 1,
            lease_until: at(),
            header: header(false),
        },
    );
    same(
        "Received",
        &Received {
            id: id(),
            received_at: at(),
        },
    );
    let mut problem = Problem::new(ProblemCode::ClaimedElsewhere).with("fence", 1);
    problem.reference = Some(text());
    agrees("Problem", &problem, &Problem::new(ProblemCode::Internal));
}

#[test]
fn lists_are_written_as_they_are_described() {
    let text = || "x".to_owned();
    let statuses = [
        DeliveryStatus::Waiting,
        DeliveryStatus::Claimed {
            terminal: TerminalId::generate(),
            terminal_name: text(),
            since: at(),
            fence: 1,
            held: true,
        },
        DeliveryStatus::Received { at: at() },
        DeliveryStatus::Recalled { at: at() },
        DeliveryStatus::Expired { at: at() },
    ];
    for status in &statuses {
        assert_eq!(flaw(&shape("DeliveryStatus"), &json!(status)), None);
    }
    let (inbox, outbox): (Vec<_>, Vec<_>) = [true, false]
        .into_iter()
        .map(|whole| {
            let (kept_until, warned_days) = (whole.then(at), whole.then_some(7));
            let status = DeliveryStatus::Waiting;
            (
                InboxEntry {
                    sequence: 1,
                    accepted_at: at(),
                    header: header(whole),
                    from_name: text(),
                    status: status.clone(),
                    kept_until,
                    warned_days,
                },
                OutboxEntry {
                    sequence: 1,
                    accepted_at: at(),
                    header: header(whole),
                    to_name: text(),
                    status,
                    kept_until,
                    warned_days,
                },
            )
        })
        .unzip();
    agrees("InboxEntry", &inbox[0], &inbox[1]);
    agrees("OutboxEntry", &outbox[0], &outbox[1]);
    let page = Page {
        rows: inbox,
        next: 2,
        more: false,
    };
    agrees("InboxPage", &page, &page);
    let page = Page {
        rows: outbox,
        next: 2,
        more: false,
    };
    agrees("OutboxPage", &page, &page);
    for event in [Event::Inbox { upto: 1 }, Event::Outbox { upto: 1 }, Event::SignedOut] {
        assert_eq!(flaw(&shape("Event"), &json!(event)), None);
    }
    assert!(flaw(&shape("Event"), &json!({ "event": "other" })).is_some());
}

#[test]
fn every_shape_of_an_object_was_compared() {
    let source: String = include_str!("tests.rs").split_whitespace().collect();
    for (name, shape) in all() {
        let compared = ["agrees(\"", "is_read(\"", "same(\"", "shape(\""]
            .iter()
            .any(|call| source.contains(&format!("{call}{name}\"")));
        assert!(
            shape["type"] == json!("string") || compared,
            "{name} is compared with no type"
        );
    }
}
