//! Row 22: a client and a server of neighbouring versions. What neither can understand is refused before anything
//! happens; what a later server adds to its answers, an earlier client passes over.

use exchange_protocol::*;
use fault_row::{Breaches, Row};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    bare::call_with,
    exchange::{Exchange, HELPER, Office, PLANNER, Terminal, bytes, header},
    ground::PARTS,
};

/// A terminal that speaks for itself, as a client of any version would.
struct Speaker<'a> {
    exchange: &'a Exchange,
    terminal: &'a Terminal,
    token: String,
}

impl<'a> Speaker<'a> {
    fn new(exchange: &'a Exchange, terminal: &'a Terminal) -> Self {
        Self {
            exchange,
            terminal,
            token: String::new(),
        }
    }

    async fn say(&self, version: Option<&str>, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
        let media_type = match method {
            "PUT" => envelope::MEDIA_TYPE,
            _ => "application/json",
        };
        let mut headers = format!("content-type: {media_type}\r\n");
        if let Some(version) = version {
            headers.push_str(&format!("{VERSION_HEADER}: {version}\r\n"));
        }
        if !self.token.is_empty() {
            headers.push_str(&format!("authorization: Bearer {}\r\n", self.token));
        }
        let url = &self.exchange.running.exchange_url;
        let identity = Some(&self.terminal.identity);
        let (status, body) = call_with(self.exchange, url, identity, method, path, &headers, body)
            .await
            .unwrap();
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// Asks as this version does, and gets an answer.
    async fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let (status, said) = self.say(Some("1"), method, path, &body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {said}");
        said
    }

    async fn sign_in(&mut self, office: &Office, answers: &mut Answers) {
        let person = json!({ "person_id": office.person.person_id, "password": office.person.password });
        let step = self.ask("POST", "/v1/sign-in/person", person).await;
        answers.read::<PersonSignInAnswer>(&step);
        let body = json!({
            "step_token": step["step_token"],
            "office_id": office.made.office_id,
            "password": office.made.password,
        });
        let session = self.ask("POST", "/v1/sign-in/office", body).await;
        answers.read::<Session>(&session);
        self.token = session["access_token"].as_str().unwrap().to_owned();
    }
}

/// Answers of this server as a later one may give them.
#[derive(Default)]
struct Answers {
    read: u64,
    misread: u64,
}

impl Answers {
    /// Reads an answer as it came, and with a field more in every object of it.
    fn read<T: Serialize + DeserializeOwned>(&mut self, answer: &Value) {
        let now: T = serde_json::from_value(answer.clone()).unwrap();
        let later = serde_json::from_value::<T>(with_more(answer));
        let same = later.is_ok_and(|later| serde_json::to_value(later).unwrap() == serde_json::to_value(now).unwrap());
        self.read += 1;
        self.misread += u64::from(!same);
        assert!(same, "{} is misread: {answer}", std::any::type_name::<T>());
    }
}

/// The same with a field more in every object but headers, which travel as their sender signed for them: a header with
/// more in it is another protocol version.
fn with_more(answer: &Value) -> Value {
    match answer {
        Value::Object(fields) => {
            let mut more: serde_json::Map<String, Value> = fields
                .iter()
                .map(|(name, field)| match name.as_str() {
                    "header" => (name.clone(), field.clone()),
                    _ => (name.clone(), with_more(field)),
                })
                .collect();
            more.insert("of_a_later_version".to_owned(), json!({ "any": [1, "two"] }));
            Value::Object(more)
        }
        Value::Array(items) => Value::Array(items.iter().map(with_more).collect()),
        plain => plain.clone(),
    }
}

#[tokio::test]
async fn row_22_what_a_later_server_adds_is_passed_over_by_this_client() {
    let row = Row::open(22, "a later server answers a client of this version");
    let exchange = Exchange::start().await;
    let (planner, here, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, there, _) = exchange.desk(HELPER, "11").await;
    exchange
        .admin
        .add_news("知らせ".to_owned(), "本文".to_owned(), None)
        .await
        .unwrap();
    let mut answers = Answers::default();
    let mut here = Speaker::new(&exchange, &here);
    here.sign_in(&planner, &mut answers).await;
    let mut there = Speaker::new(&exchange, &there);
    there.sign_in(&helper, &mut answers).await;
    let fetched = header(&planner, &helper, PARTS);
    sender
        .send_small(fetched.id, &crate::exchange::json(&fetched), &bytes(PARTS))
        .await
        .unwrap();
    let recalled = header(&planner, &helper, PARTS);
    let begun = header(&planner, &helper, PARTS);
    let upload = here
        .ask("POST", &format!("/v1/uploads/{}", begun.id), json!(begun))
        .await;
    answers.read::<UploadProgress>(&upload);
    sender
        .send_small(recalled.id, &crate::exchange::json(&recalled), &bytes(PARTS))
        .await
        .unwrap();

    answers.read::<ExchangeAnswer>(&here.ask("GET", "/v1/exchange", Value::Null).await);
    answers.read::<ThisTerminal>(&here.ask("GET", "/v1/terminal", Value::Null).await);
    answers.read::<Me>(&here.ask("GET", "/v1/me", Value::Null).await);
    answers.read::<TerminalPage>(&here.ask("GET", "/v1/terminals", Value::Null).await);
    answers.read::<NewsPage>(&here.ask("GET", "/v1/news", Value::Null).await);
    answers.read::<OfficeEntry>(&here.ask("GET", &format!("/v1/offices/{HELPER}"), Value::Null).await);
    let found = here
        .ask("POST", "/v1/offices/search", json!({ "text": HELPER, "limit": 10 }))
        .await;
    answers.read::<OfficePage>(&found);
    answers.read::<Page<OutboxEntry>>(&here.ask("GET", "/v1/outbox?after=0&limit=10", Value::Null).await);
    answers.read::<Page<InboxEntry>>(&there.ask("GET", "/v1/inbox?after=0&limit=10", Value::Null).await);
    let claim = there
        .ask("POST", &format!("/v1/inbox/{}/claim", fetched.id), json!({}))
        .await;
    answers.read::<Claim>(&claim);
    answers.read::<Page<InboxEntry>>(&there.ask("GET", "/v1/inbox?after=0&limit=10", Value::Null).await);
    for part in 0..PARTS.len() {
        let path = format!("/v1/inbox/{}/parts/{part}?fence={}", fetched.id, claim["fence"]);
        let (status, _) = there.say(Some("1"), "GET", &path, b"").await;
        assert_eq!(status, 200);
    }
    let confirm = format!("/v1/inbox/{}/confirm", fetched.id);
    answers.read::<Received>(&there.ask("POST", &confirm, json!({ "fence": claim["fence"] })).await);
    let recall = format!("/v1/outbox/{}/recall", recalled.id);
    answers.read::<Recalled>(&here.ask("POST", &recall, Value::Null).await);
    answers.read::<Page<OutboxEntry>>(&here.ask("GET", "/v1/outbox?after=0&limit=10", Value::Null).await);
    let (status, problem) = there.say(Some("1"), "POST", &confirm, b"{\"fence\":9}").await;
    assert!(status >= 400, "{problem}");
    answers.read::<Problem>(&problem);
    let breaches = Breaches {
        half: answers.misread,
        ..Breaches::default()
    };
    row.close(answers.read, breaches);
}

#[tokio::test]
async fn row_22_what_a_later_client_says_is_refused_before_anything_happens() {
    let row = Row::open(22, "a later client asks a server of this version");
    let exchange = Exchange::start().await;
    let (planner, here, _) = exchange.desk(PLANNER, "43").await;
    let (helper, there, receiver) = exchange.desk(HELPER, "11").await;
    let mut here = Speaker::new(&exchange, &here);
    here.sign_in(&planner, &mut Answers::default()).await;
    let there = Speaker::new(&exchange, &there);
    let new = header(&planner, &helper, PARTS);
    let small = envelope::write(&crate::exchange::json(&new), &bytes(PARTS));
    let send = format!("/v1/deliveries/{}", new.id);
    let mut times = 0;
    for (version, status) in [
        (Some("2"), 426),
        (Some("0"), 426),
        (Some("01"), 426),
        (Some("later"), 426),
        (Some("1"), 200),
        (None, 200),
    ] {
        let (said, answer) = here.say(version, "GET", "/v1/exchange", b"").await;
        assert_eq!(said, status, "{version:?}: {answer}");
        if status == 426 {
            assert_eq!(answer["code"], "server_incompatible");
            let (said, _) = here.say(version, "PUT", &send, &small).await;
            assert_eq!(said, 426);
        }
        times += 1;
    }
    // A field that this version does not know might matter: it is never passed over in silence.
    let password = json!({ "person_id": helper.person.person_id, "password": "wrong", "later": 1 });
    let mut later = serde_json::to_value(&new).unwrap();
    later["later"] = json!("words");
    for _ in 0..20 {
        let (status, said) = there
            .say(Some("1"), "POST", "/v1/sign-in/person", password.to_string().as_bytes())
            .await;
        assert_eq!(
            (status, said["code"].as_str()),
            (400, Some("request_malformed")),
            "{said}"
        );
        times += 1;
    }
    let (status, said) = here
        .say(
            Some("1"),
            "POST",
            &format!("/v1/uploads/{}", new.id),
            later.to_string().as_bytes(),
        )
        .await;
    assert_eq!(status, 400, "{said}");
    let (status, said) = here
        .say(Some("1"), "GET", "/v1/outbox?after=0&limit=9&later=1", b"")
        .await;
    assert_eq!(status, 400, "{said}");
    times += 2;
    // No password was tried, nothing was begun or stored: the same id is sent now, and arrives once.
    crate::exchange::sign_in(there.terminal, &helper).await.unwrap();
    assert_eq!(receiver.inbox(0, 10).await.unwrap().rows.len(), 0);
    let (status, said) = here.say(Some("1"), "PUT", &send, &small).await;
    assert!((200..300).contains(&status), "{status} {said}");
    let (status, _) = here.say(None, "PUT", &send, &small).await;
    assert!((200..300).contains(&status));
    let stored = receiver.inbox(0, 10).await.unwrap().rows.len() as u64;
    let breaches = Breaches {
        lost: u64::from(stored == 0),
        doubled: stored.saturating_sub(1),
        ..Breaches::default()
    };
    row.close(times, breaches);
}
