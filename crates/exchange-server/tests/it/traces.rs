//! Traces: a collector of the test's own sees the spans of a send and nothing of anybody, and one that is away, slow or
//! refuses hinders nobody.
#![cfg(unix)]

use std::{
    collections::HashMap,
    fs::{self, File},
    net::SocketAddr,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use bytes::Bytes;
use exchange_client::SignedIn;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value,
    trace::v1::{Span, span::SpanKind},
};
use prost::Message as _;
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    bare,
    exchange::{bytes, header, json},
    ground::{Ground, PARTS, Process, fetch, program},
};

/// What a collector was sent, as it came.
type Received = Arc<Mutex<Vec<Bytes>>>;

/// A collector on a free port; it answers with this status.
async fn collector(status: StatusCode) -> (String, Received) {
    let received = Received::default();
    let router = Router::new()
        .route(
            "/v1/traces",
            post(move |State(received): State<Received>, body: Bytes| async move {
                received.lock().unwrap().push(body);
                status
            }),
        )
        .with_state(Arc::clone(&received));
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, received)
}

/// Every span that came, read by the exporter's own types.
fn spans(received: &Received) -> Vec<Span> {
    let received = received.lock().unwrap();
    let requests = received
        .iter()
        .map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
    requests
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect()
}

fn attributes(span: &Span) -> HashMap<&str, String> {
    let text = |value: &Option<Value>| match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        other => panic!("no such value is expected: {other:?}"),
    };
    span.attributes
        .iter()
        .map(|pair| (pair.key.as_str(), text(&pair.value.as_ref().unwrap().value)))
        .collect()
}

/// The server with a collector that it sends to every tenth of a second.
fn serve(ground: &Ground, url: &str, more: &[&str], log: Stdio) -> Process {
    let mut server = program();
    server.env("OTEL_BSP_SCHEDULE_DELAY", "100");
    let words = [&["--traces-endpoint", url], more].concat();
    Process::start_as(server, &ground.settings, &words, log)
}

/// A send whose client says to which trace it belongs, which nobody is to believe.
async fn send_with_a_trace_of_its_own(ground: &Ground, process: &Process, token: &str) {
    let identity = Some(&ground.here.identity);
    let authority = &ground.connection.authority_pem;
    let mut line = bare::connect(authority, &process.exchange_url, identity).await.unwrap();
    let request = format!(
        "GET /v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         traceparent: 00-{FOREIGN_TRACE}-00f067aa0ba902b7-01\r\n\r\n"
    );
    line.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A server that closes without a last word of TLS has answered all the same.
    let _ = line.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

const FOREIGN_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Asks again until the collector has what is looked for.
async fn until<T>(received: &Received, found: impl Fn(&[Span]) -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let spans = spans(received);
        if let Some(found) = found(&spans) {
            return found;
        }
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        assert!(Instant::now() < end, "among {names:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn named(spans: &[Span], name: &str) -> Option<Span> {
    spans.iter().find(|span| span.name == name).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_sees_what_a_send_was_made_of_and_nobody_in_it() {
    let (url, received) = collector(StatusCode::OK).await;
    let ground = Ground::new().await;
    let process = serve(&ground, &url, &[], Stdio::null());
    let sender = ground.sender(&process).await;
    let receiver = ground.receiver(&process).await;
    let id = ground.send(&sender).await.unwrap();
    fetch(&receiver, id).await;

    let send = until(&received, |spans| named(spans, "PUT /v1/deliveries/{id}")).await;
    assert_eq!(send.kind(), SpanKind::Server);
    assert!(send.parent_span_id.is_empty());
    let said = attributes(&send);
    assert_eq!(said["http.request.method"], "PUT");
    assert_eq!(said["http.route"], "/v1/deliveries/{id}");
    assert_eq!(said["http.response.status_code"], "200");
    assert_eq!(said["request.id"].len(), 32);
    let of_send = |spans: &[Span], name: &str| {
        let found = spans
            .iter()
            .find(|span| span.name == name && span.trace_id == send.trace_id);
        found.cloned()
    };
    let act = until(&received, |spans| of_send(spans, "storage.act")).await;
    assert_eq!(act.parent_span_id, send.span_id);
    // The commit belongs to all whose acts it stored.
    let stored = |spans: &[Span]| {
        let commits = spans.iter().filter(|span| span.name == "storage.commit");
        let mut of_act = commits.filter(|commit| commit.links.iter().any(|link| link.span_id == act.span_id));
        of_act.next().cloned()
    };
    let commit = until(&received, stored).await;
    assert_ne!(commit.trace_id, send.trace_id);
    let said = attributes(&commit);
    assert_eq!(said["stored"], "true");
    assert!(said["acts"].parse::<u32>().unwrap() >= 1);
    // Signing in tries a password, of which only the time is known.
    let sign_in = until(&received, |spans| named(spans, "POST /v1/sign-in/person")).await;
    for name in ["password.turn", "password.hash"] {
        let of_sign_in = |spans: &[Span]| {
            let mut found = spans
                .iter()
                .filter(|span| span.name == name && span.trace_id == sign_in.trace_id);
            found.next().cloned()
        };
        assert_eq!(until(&received, of_sign_in).await.attributes, []);
    }
    until(&received, |spans| named(spans, "POST /v1/inbox/{id}/confirm")).await;

    // What a person typed, what an office is called, what was sent: nothing of it left, in no form.
    let everything: Vec<u8> = received.lock().unwrap().iter().flat_map(|body| body.to_vec()).collect();
    let text = String::from_utf8_lossy(&everything).into_owned();
    let (planner, helper) = (&ground.planner, &ground.helper);
    let id = id.to_string();
    for canary in [
        planner.party.office.as_str(),
        helper.party.office.as_str(),
        planner.person.person_id.as_str(),
        planner.made.office_id.as_str(),
        planner.made.password.as_str(),
        id.as_str(),
        &id.replace('-', ""),
        "A.CSV",
        "one two three",
        "127.0.0.1",
        "localhost",
        "Bearer",
    ] {
        assert!(!text.contains(canary), "{canary} left the exchange");
    }
    for span in spans(&received) {
        assert!(span.events.is_empty(), "{span:?}");
        for key in attributes(&span).keys() {
            assert!(KEYS.contains(key), "{key}");
        }
    }
}

/// Everything that a span may say.
const KEYS: &[&str] = &[
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "request.id",
    "problem.code",
    "acts",
    "stored",
    "bytes",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_begins_at_the_exchange_whatever_a_client_says() {
    let (url, received) = collector(StatusCode::OK).await;
    let ground = Ground::new().await;
    let process = serve(&ground, &url, &[], Stdio::null());
    let (person, made) = (&ground.planner.person, &ground.planner.made);
    let mut connection = ground.connection.clone();
    connection.exchange_url.clone_from(&process.exchange_url);
    let client = exchange_client::ExchangeClient::new(&connection, Some(&ground.here.identity)).unwrap();
    let (person_password, office_password) = (person.password.clone().into(), made.password.clone().into());
    let step = client
        .sign_in_person(&person.person_id, &person_password)
        .await
        .unwrap();
    let tokens = client
        .sign_in_office(&step, &made.office_id, &office_password)
        .await
        .unwrap();
    send_with_a_trace_of_its_own(&ground, &process, tokens.access.text().expose_secret()).await;
    let me = until(&received, |spans| named(spans, "GET /v1/me")).await;
    let trace: String = me.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_ne!(trace, FOREIGN_TRACE);
    assert!(me.parent_span_id.is_empty());
}

/// So many sends, the time that they took, and the end of the server in order.
async fn sends(ground: &Ground, process: Process, sender: &SignedIn) -> (Duration, Duration) {
    let begun = Instant::now();
    for _ in 0..SENDS {
        let header = header(&ground.planner, &ground.helper, PARTS);
        sender
            .send_small(header.id, &json(&header), &bytes(PARTS))
            .await
            .unwrap();
    }
    let took = begun.elapsed();
    let begun = Instant::now();
    process.terminate();
    assert!(process.ended().await);
    (took, begun.elapsed())
}

const SENDS: usize = 100;
/// Each collector below would take longer for a single answer.
const SENDS_MAX: Duration = Duration::from_secs(60);
const END_MAX: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_slow_or_refuses_hinders_nobody_and_is_said_once() {
    let (refusing, asked) = collector(StatusCode::INTERNAL_SERVER_ERROR).await;
    // Takes the connection, and never answers.
    let silent = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let slow = format!("http://{}", silent.local_addr().unwrap());
    // Nobody has this port any more.
    let gone = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let away = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    for (url, words) in [(&refusing, 1), (&slow, 0), (&away, 1)] {
        let ground = Ground::new().await;
        let path = ground.folder.path().join("log");
        let mut server = program();
        // A queue that is full at once, and a collector that is asked all the time.
        server
            .env("OTEL_BSP_SCHEDULE_DELAY", "20")
            .env("OTEL_BSP_MAX_QUEUE_SIZE", "8")
            .env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8");
        let log = File::create(&path).unwrap();
        let process = Process::start_as(server, &ground.settings, &["--traces-endpoint", url], log.into());
        let sender = ground.sender(&process).await;
        let (took, ended) = sends(&ground, process, &sender).await;
        assert!(took < SENDS_MAX, "{url}: {took:?}");
        assert!(ended < END_MAX, "{url}: {ended:?}");
        let log = fs::read_to_string(&path).unwrap();
        let said = log.matches("traces cannot be delivered").count();
        // What never answers is noticed later than this lasts.
        assert!(said <= 1 && said >= words, "{url}: {log}");
    }
    assert!(!asked.lock().unwrap().is_empty());
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_collector_is_asked_unless_it_is_set_and_one_of_a_hundred_is_few() {
    let (url, received) = collector(StatusCode::OK).await;
    let ground = Ground::new().await;
    let process = serve(&ground, &url, &["--traces-percent", "1"], Stdio::null());
    let sender = ground.sender(&process).await;
    sends(&ground, process, &sender).await;
    // Roots are chosen one by one; with them goes what belongs to them.
    let spans = spans(&received);
    let roots = spans.iter().filter(|span| span.name.starts_with("PUT ")).count();
    assert!(roots < SENDS / 5, "{roots}");
}
