//! One way for every request to go out and every answer to come in.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use backon::{ExponentialBuilder, Retryable};
use bytes::{Bytes, BytesMut};
use exchange_protocol::{EPOCH_HEADER, PROBLEM_MEDIA_TYPE, PROTOCOL_VERSION, Problem, VERSION_HEADER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::{Body, RequestBuilder, Response, Url};
use rustls::{ClientConfig, RootCertStore};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    ClientError, ClientIdentity, Connection, ConnectionError, IdentityError, Proxy,
    error::{Cause, classify, was_never_taken},
    sign_in::AccessToken,
};

/// Largest answer in JSON: a full page of rows whose headers are as long as allowed.
const ANSWER_BYTES_MAX: usize = 64 * 1_024 * 1_024;
/// Largest refusal.
const PROBLEM_BYTES_MAX: usize = 64 * 1_024;
/// Connections that a request is offered to, each ending before it took the request, before that is a broken line.
const CONNECTIONS_TRIED: u32 = 4;
/// Idle connections are left before a server or a router between gives them up.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection with its handshake.
    pub connect: Duration,
    /// Without a byte moving either way.
    pub idle: Duration,
    /// Without a sign of life on the event stream; the server gives one every 15 seconds.
    pub events_idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            events_idle: Duration::from_secs(45),
        }
    }
}

/// Why a client could not be made.
#[derive(Debug, Error)]
pub enum SetupError {
    /// By fault of the connection file.
    #[error("the connection file cannot be used")]
    Connection(#[from] ConnectionError),
    /// By fault of the terminal's certificate or key.
    #[error("the terminal's identity cannot be used")]
    Identity(#[from] IdentityError),
    /// Certificate and key are not a pair, or the authority is not one.
    #[error("the certificates cannot be used")]
    Tls(#[from] rustls::Error),
    /// The HTTP client refused its settings.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] Cause),
}

/// A terminal's line to its exchange. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct ExchangeClient {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    exchange_url: Url,
    enrolment_url: Url,
    timeouts: Timeouts,
    epoch: watch::Sender<Option<u64>>,
}

impl ExchangeClient {
    /// A client for the exchange of this connection file; without an identity only enrolment works.
    /// Nothing is sent yet.
    pub fn new(connection: &Connection, identity: Option<&ClientIdentity>) -> Result<Self, SetupError> {
        Self::with_timeouts(connection, identity, Timeouts::default())
    }

    /// The same by another way than the system's.
    pub fn through(
        proxy: &Proxy,
        connection: &Connection,
        identity: Option<&ClientIdentity>,
    ) -> Result<Self, SetupError> {
        Self::build(proxy, connection, identity, Timeouts::default())
    }

    /// The same with other waiting times.
    pub fn with_timeouts(
        connection: &Connection,
        identity: Option<&ClientIdentity>,
        timeouts: Timeouts,
    ) -> Result<Self, SetupError> {
        Self::build(&Proxy::System, connection, identity, timeouts)
    }

    fn build(
        proxy: &Proxy,
        connection: &Connection,
        identity: Option<&ClientIdentity>,
        timeouts: Timeouts,
    ) -> Result<Self, SetupError> {
        let (exchange_url, enrolment_url) = connection.addresses()?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config(connection, identity)?)
            .https_only(true)
            // One connection for each request under way: a large part holds up nothing else, and a broken
            // line takes one request with it.
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(timeouts.connect)
            .pool_idle_timeout(POOL_IDLE)
            .default_headers(HeaderMap::from_iter([(
                HeaderName::from_static(VERSION_HEADER),
                HeaderValue::from(PROTOCOL_VERSION),
            )]));
        let builder = proxy.lead(builder, is_this_machine(&exchange_url))?;
        let http = builder.build().map_err(|error| SetupError::Http(Cause::of(error)))?;
        Ok(Self {
            inner: Arc::new(Inner {
                http,
                exchange_url,
                enrolment_url,
                timeouts,
                epoch: watch::Sender::new(None),
            }),
        })
    }

    /// The server's epoch as the last answer gave it, and its changes: a higher one means that the server was
    /// restored from a backup, and that what was sent and confirmed should be offered again (D8).
    pub fn epoch(&self) -> watch::Receiver<Option<u64>> {
        self.inner.epoch.subscribe()
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.inner.timeouts
    }

    /// Begins a request to the exchange listener.
    pub(crate) fn request(&self, method: Method, path: &str, token: Option<&AccessToken>) -> RequestBuilder {
        let request = self.inner.http.request(method, address(&self.inner.exchange_url, path));
        match token {
            Some(token) => request.header(header::AUTHORIZATION, token.header()),
            None => request,
        }
    }

    /// Begins a request to the enrolment listener.
    pub(crate) fn enrolment_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.inner
            .http
            .request(method, address(&self.inner.enrolment_url, path))
    }

    /// Sends a request and takes the head of the answer; a refusal is an error already.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        self.send_watched(request, None).await
    }

    /// The same for a body that moves piece by piece: as long as `moved` grows, the line is not idle.
    pub(crate) async fn send_watched(
        &self,
        request: RequestBuilder,
        moved: Option<Arc<AtomicU64>>,
    ) -> Result<Response, ClientError> {
        let idle = self.inner.timeouts.idle;
        let answer = send_until_taken(request);
        tokio::pin!(answer);
        let moved = || moved.as_ref().map_or(0, |moved| moved.load(Ordering::Relaxed));
        let mut seen = moved();
        let mut deadline = Instant::now() + self.inner.timeouts.connect + idle;
        let response = loop {
            tokio::select! {
                answer = &mut answer => break answer.map_err(classify)?,
                () = sleep_until(deadline) => {
                    if moved() == seen {
                        return Err(ClientError::Interrupted(Cause::of("no answer came in time")));
                    }
                    seen = moved();
                    deadline = Instant::now() + idle;
                }
            }
        };
        self.note_epoch(response.headers());
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(self.refusal(response).await)
        }
    }

    /// Sends a request and reads its answer from JSON.
    pub(crate) async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let response = self.send(request).await?;
        self.read_json(response).await
    }

    pub(crate) async fn read_json<T: DeserializeOwned>(&self, response: Response) -> Result<T, ClientError> {
        let body = self.read_body(response, ANSWER_BYTES_MAX).await?;
        // The error of the JSON reader may quote what was read, and that may come from a list: it is left out.
        serde_json::from_slice(&body).map_err(|_| ClientError::malformed("the JSON is not what was asked for"))
    }

    /// Reads by GET, which may be tried again when the line broke.
    pub(crate) async fn read_again<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, ClientError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        attempt
            .retry(reading_delays())
            .when(|error: &ClientError| matches!(error, ClientError::Interrupted(_)))
            .await
    }

    /// Reads a whole body of at most `bytes_max`.
    pub(crate) async fn read_body(&self, mut response: Response, bytes_max: usize) -> Result<Bytes, ClientError> {
        let announced = response.content_length().unwrap_or(0);
        if announced > bytes_max as u64 {
            return Err(ClientError::malformed("the answer is longer than allowed"));
        }
        let Some(first) = self.next_bytes(&mut response).await? else {
            return Ok(Bytes::new());
        };
        if first.len() as u64 == announced {
            return Ok(first);
        }
        let mut body = BytesMut::from(first);
        while let Some(bytes) = self.next_bytes(&mut response).await? {
            if body.len() + bytes.len() > bytes_max {
                return Err(ClientError::malformed("the answer is longer than allowed"));
            }
            body.extend_from_slice(&bytes);
        }
        Ok(body.freeze())
    }

    /// The next bytes of a body; none at its end.
    pub(crate) async fn next_bytes(&self, response: &mut Response) -> Result<Option<Bytes>, ClientError> {
        next_bytes_within(response, self.inner.timeouts.idle).await
    }

    fn note_epoch(&self, headers: &HeaderMap) {
        let epoch = headers
            .get(EPOCH_HEADER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse().ok());
        if let Some(epoch) = epoch {
            self.inner.epoch.send_if_modified(|known| {
                let changed = *known != Some(epoch);
                *known = Some(epoch);
                changed
            });
        }
    }

    /// Tells a refusal by the exchange from what something between here and there says.
    async fn refusal(&self, response: Response) -> ClientError {
        let status = response.status();
        let is_problem = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|media| media.as_bytes().starts_with(PROBLEM_MEDIA_TYPE.as_bytes()));
        // The exchange writes seconds; a date, which a proxy may write, is no problem's.
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after_seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        if !is_problem {
            return match status {
                StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                    ClientError::Interrupted(Cause::of("a gateway did not reach the exchange"))
                }
                _ => ClientError::malformed("a refusal that is not a problem of the exchange"),
            };
        }
        match self.read_body(response, PROBLEM_BYTES_MAX).await {
            Ok(body) => match serde_json::from_slice::<Problem>(&body) {
                Ok(problem) => ClientError::Refused(Problem {
                    retry_after_seconds,
                    ..problem
                }),
                Err(_) => ClientError::malformed("a problem with a code that this client does not know"),
            },
            Err(error) => error,
        }
    }
}

/// Sends a request; on another connection where the first one ended before it took the request. Nothing had left
/// then, so that nothing can happen twice; and a server that refuses our certificate says so on each connection, while
/// a connection that ends between its handshake and the request takes its reason along.
async fn send_until_taken(mut request: RequestBuilder) -> Result<Response, reqwest::Error> {
    for _ in 1..CONNECTIONS_TRIED {
        // None for a body that is read as it goes: whoever sends one resumes it.
        let Some(again) = request.try_clone() else {
            break;
        };
        match request.send().await {
            Err(error) if was_never_taken(&error) => request = again,
            answer => return answer,
        }
    }
    request.send().await
}

/// The next bytes of a body, or an interruption when none come in time.
pub(crate) async fn next_bytes_within(response: &mut Response, idle: Duration) -> Result<Option<Bytes>, ClientError> {
    match timeout(idle, response.chunk()).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(ClientError::Interrupted(Cause::of(error.without_url()))),
        Err(_) => Err(ClientError::Interrupted(Cause::of("the answer stopped half-way"))),
    }
}

/// Waits between two attempts to read: short, few, and not in step with other terminals.
pub(crate) fn reading_delays() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(2))
        .with_max_times(3)
        .with_jitter()
}

/// The address of a call: the listener's, with this path and query.
fn address(listener: &Url, path_and_query: &str) -> Url {
    let mut url = listener.clone();
    match path_and_query.split_once('?') {
        Some((path, query)) => {
            url.set_path(path);
            url.set_query(Some(query));
        }
        None => url.set_path(path_and_query),
    }
    url
}

/// A body in JSON.
pub(crate) fn json_body(request: RequestBuilder, value: &impl Serialize) -> Result<RequestBuilder, ClientError> {
    let json = serde_json::to_vec(value).map_err(|error| ClientError::Malformed(Cause::of(error)))?;
    Ok(request
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(Body::from(json)))
}

fn tls_config(connection: &Connection, identity: Option<&ClientIdentity>) -> Result<ClientConfig, SetupError> {
    let mut roots = RootCertStore::empty();
    for authority in connection.authorities()? {
        roots.add(authority)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots);
    let mut config = match identity {
        Some(identity) => {
            let (chain, key) = identity.parts()?;
            config.with_client_auth_cert(chain, key)?
        }
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Whether the address is this machine's own, to which no office proxy leads.
fn is_this_machine(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}
