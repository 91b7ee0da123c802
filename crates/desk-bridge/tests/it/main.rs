//! The bridge behind its guard, over a real desk with a throw-away profile.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod kills;

use std::{fs, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use desk::{
    Desk, DeskSettings,
    ports::{KeySource, SessionKeeping, SystemClock},
};
use desk_bridge::{Bridge, CONTENT_SECURITY_POLICY, Pages, ScriptedSurface, Token, claim_profile};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

const ADDRESS: &str = "127.0.0.1:4321";

struct Harness {
    router: Router,
    token: String,
    desk: Arc<Desk>,
    _folder: TempDir,
}

impl Harness {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (profile, ui) = (folder.path().join("profile"), folder.path().join("ui"));
        claim_profile(&profile).unwrap();
        fs::create_dir(&ui).unwrap();
        fs::write(ui.join("index.html"), "<!doctype html><title>page</title>").unwrap();
        let surface = Arc::new(ScriptedSurface::default());
        let desk = Desk::open(DeskSettings {
            profiles_dir: None,
            profile_dir: profile,
            key: KeySource::File,
            session: SessionKeeping::WhileOpen,
            surface: surface.clone(),
            clock: Arc::new(SystemClock),
        })
        .await
        .unwrap();
        let token = Token::generate().unwrap();
        let text = token.reveal().to_owned();
        let bridge = Arc::new(Bridge {
            desk: Arc::clone(&desk),
            surface,
            pages: Pages::read(&ui).unwrap(),
            token,
            address: ADDRESS.parse::<SocketAddr>().unwrap(),
        });
        Self {
            router: bridge.router(),
            token: text,
            desk,
            _folder: folder,
        }
    }

    /// A request as the page of this run makes it.
    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, ADDRESS)
            .header(header::ORIGIN, format!("http://{ADDRESS}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
    }

    async fn post(&self, path: &str, body: &str) -> (StatusCode, Value) {
        self.send(self.request("POST", path).body(Body::from(body.to_owned())).unwrap())
            .await
    }
}

#[tokio::test]
async fn a_request_without_the_token_of_this_run_does_nothing() {
    let bridge = Harness::start().await;
    for (path, method) in [
        ("/ipc/start", "POST"),
        ("/ipc/no_such_command", "POST"),
        ("/events", "GET"),
        ("/script/drop", "POST"),
        ("/script/surface", "GET"),
    ] {
        for authorization in [None, Some("Bearer "), Some("Bearer 00"), Some(bridge.token.as_str())] {
            let mut request = bridge.request(method, path).body(Body::from("null")).unwrap();
            request.headers_mut().remove(header::AUTHORIZATION);
            if let Some(value) = authorization {
                request
                    .headers_mut()
                    .insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            let (status, body) = bridge.send(request).await;
            assert_eq!(
                (status, body),
                (StatusCode::UNAUTHORIZED, json!("token")),
                "{path} {authorization:?}"
            );
        }
    }
}

#[tokio::test]
async fn another_host_or_origin_is_refused_even_with_the_token() {
    let bridge = Harness::start().await;
    for (name, value, expected) in [
        (header::HOST, "localhost:4321", StatusCode::MISDIRECTED_REQUEST),
        (header::HOST, "evil.example:4321", StatusCode::MISDIRECTED_REQUEST),
        (header::HOST, "127.0.0.1", StatusCode::MISDIRECTED_REQUEST),
        (header::ORIGIN, "http://evil.example", StatusCode::FORBIDDEN),
        (header::ORIGIN, "null", StatusCode::FORBIDDEN),
        (header::ORIGIN, "https://127.0.0.1:4321", StatusCode::FORBIDDEN),
        (
            header::HeaderName::from_static("sec-fetch-site"),
            "cross-site",
            StatusCode::FORBIDDEN,
        ),
    ] {
        for path in ["/ipc/start", "/"] {
            let mut request = bridge.request("POST", path).body(Body::from("null")).unwrap();
            request.headers_mut().insert(name.clone(), value.parse().unwrap());
            assert_eq!(bridge.send(request).await.0, expected, "{name}: {value} at {path}");
        }
    }
    let mut request = bridge.request("POST", "/ipc/start").body(Body::from("null")).unwrap();
    request.headers_mut().remove(header::HOST);
    assert_eq!(bridge.send(request).await.0, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_command_goes_through_and_its_refusal_too() {
    let bridge = Harness::start().await;
    let (status, start) = bridge.post("/ipc/start", "null").await;
    assert_eq!(status, StatusCode::OK, "{start}");
    assert_eq!(start["stage"]["stage"], "set_up", "{start}");
    assert_eq!(start["demo_profile"], true, "{start}");

    let (status, refusal) = bridge.post("/ipc/home", "").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refusal}");
    assert!(
        refusal["code"].is_string() && refusal["params"].is_object(),
        "{refusal}"
    );
}

#[tokio::test]
async fn unknown_commands_and_foreign_requests_are_named() {
    let bridge = Harness::start().await;
    assert_eq!(
        bridge.post("/ipc/no_such_command", "null").await,
        (StatusCode::NOT_FOUND, json!("no such command"))
    );
    let (status, text) = bridge
        .post("/ipc/sign_in_person", "{\"person_id\":\"c1\",\"password\":7}")
        .await;
    assert_eq!(
        (status, text),
        (StatusCode::BAD_REQUEST, json!("not the request of this command"))
    );
}

#[tokio::test]
async fn dialogs_drops_and_events_are_scripted() {
    let bridge = Harness::start().await;
    let mut events = bridge.desk.events();
    for (path, body) in [
        ("/script/choose-files", json!({"paths": null})),
        ("/script/choose-folder", json!({"path": "/nowhere"})),
        ("/script/choose-connection-file", json!({"path": null})),
        ("/script/save-file", json!({"path": "/nowhere/list.csv"})),
        ("/script/drag-over", json!({"over": true})),
    ] {
        assert_eq!(
            bridge.post(path, &body.to_string()).await.0,
            StatusCode::NO_CONTENT,
            "{path}"
        );
    }
    assert_eq!(
        serde_json::to_value(events.recv().await.unwrap()).unwrap(),
        json!({"event": "drag_over", "over": true})
    );

    // The cancelled dialog of the script is answered as nothing chosen.
    assert_eq!(
        bridge.post("/ipc/choose_connection_file", "null").await,
        (StatusCode::OK, Value::Null)
    );

    let file = bridge._folder.path().join("memo.txt");
    fs::write(&file, "memo").unwrap();
    let (status, dropped) = bridge.post("/script/drop", &json!({"paths": [file]}).to_string()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(dropped["files"][0], json!({"name": "memo.txt", "size_bytes": 4}));
    assert_eq!(
        serde_json::to_value(events.recv().await.unwrap()).unwrap(),
        json!({"event": "files_dropped", "drop": dropped})
    );

    let request = bridge.request("GET", "/script/surface").body(Body::empty()).unwrap();
    let (status, record) = bridge.send(request).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(record["cancelled_dialogs"], 0, "{record}");
}

#[tokio::test]
async fn the_page_is_served_under_a_strict_policy() {
    let bridge = Harness::start().await;
    let mut request = bridge.request("GET", "/").body(Body::empty()).unwrap();
    request.headers_mut().remove(header::AUTHORIZATION);
    let response = bridge.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()[header::CONTENT_SECURITY_POLICY],
        CONTENT_SECURITY_POLICY
    );
    assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));

    let request = bridge.request("GET", "/missing.js").body(Body::empty()).unwrap();
    assert_eq!(bridge.send(request).await.0, StatusCode::NOT_FOUND);
}
