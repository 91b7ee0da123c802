//! Taking connections: TLS handshake off the accept loop, bounds on everything, an end in order.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use http::Extensions;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics::Gauge;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::{
    extract::{Peer, Source},
    operations::Open,
    tls::PeerCertificate,
};

/// Connections of one listener at once.
const CONNECTIONS_MAX: usize = 16_384;
/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the other side has to read why a handshake failed.
const ALERT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the head of a request may take, and a connection may be idle between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// Bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
/// How long requests under way may take to end when the server does.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves a listener until the server ends.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    open: Gauge,
    sources: Sources,
    answer_window: Duration,
    mut ending: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            // The end first: what comes after it waits in the socket for whoever takes connections next.
            biased;
            () = is_ending(&mut ending) => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let (stream, source) = match accepted {
            Ok((stream, from)) => (stream, Source(from.ip())),
            Err(error) => {
                // No file handles, most often: what is open now must end first.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let Some(of_source) = sources.take(source) else {
            continue;
        };
        let (acceptor, router, ending) = (acceptor.clone(), router.clone(), ending.clone());
        let open = Open::one(&open);
        connections.spawn(async move {
            connection(stream, source, acceptor, router, answer_window, ending).await;
            drop((place, of_source, open));
        });
    }
    drop(listener);
    let drained = timeout(END_TIMEOUT, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!("connections were cut because they did not end in time");
        connections.shutdown().await;
    }
}

/// Connections by where they come from, where one source may have so many at once.
#[derive(Clone)]
pub(crate) struct Sources {
    max: Option<NonZeroU32>,
    taken: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

/// One connection of a source; it ends with this value.
struct OfSource(Option<(IpAddr, Sources)>);

impl Sources {
    pub(crate) fn new(max: Option<NonZeroU32>) -> Self {
        Self {
            max,
            taken: Arc::default(),
        }
    }

    /// A place for one more; none if the source has as many as it may.
    fn take(&self, source: Source) -> Option<OfSource> {
        let Some(max) = self.max else {
            return Some(OfSource(None));
        };
        let network = source.network();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(network).or_default();
        if *count >= max.get() {
            return None;
        }
        *count += 1;
        Some(OfSource(Some((network, self.clone()))))
    }
}

impl Drop for OfSource {
    fn drop(&mut self) {
        if let Some((network, sources)) = &self.0 {
            let mut taken = sources.taken.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = taken.get_mut(network) {
                *count -= 1;
                if *count == 0 {
                    taken.remove(network);
                }
            }
        }
    }
}

/// Waits until the server ends.
pub(crate) async fn is_ending(ending: &mut watch::Receiver<bool>) {
    // An error means that whoever would say so is gone, which is an end as well.
    let _ = ending.wait_for(|ending| *ending).await;
}

/// Closes so that the other side can read why: over bytes that nobody read, its system would throw the alert away. In
/// TLS 1.3 a client sends its request before it hears that its certificate is refused.
async fn let_go(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut unread = [0; 4_096];
    let mut left = HEAD_BYTES_MAX;
    while let Ok(count @ 1..) = stream.read(&mut unread).await {
        left = left.saturating_sub(count);
        if left == 0 {
            return;
        }
    }
}

async fn connection(
    stream: TcpStream,
    source: Source,
    acceptor: TlsAcceptor,
    router: Router,
    answer_window: Duration,
    ending: watch::Receiver<bool>,
) {
    // An answer is one small write: waiting for more to send would only delay it.
    let _ = stream.set_nodelay(true);
    let stream = match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream).into_fallible()).await {
        Ok(Ok(stream)) => stream,
        Ok(Err((error, stream))) => {
            tracing::debug!(%error, "a handshake failed");
            let _ = timeout(ALERT_TIMEOUT, let_go(stream)).await;
            return;
        }
        Err(_) => return,
    };
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let peer = shown.map(|certificate| Peer(PeerCertificate::read(certificate).map(Arc::new)));
    let known = move |extensions: &mut Extensions| {
        extensions.insert(source);
        if let Some(peer) = &peer {
            extensions.insert(peer.clone());
        }
    };
    // Whoever takes nothing of an answer holds a content open for it.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(answer_window));
    speak(Box::pin(stream), known, router, ending).await;
}

/// Answers requests over a connection, each with what is known of the connection, until the server ends.
pub(crate) async fn speak<S>(
    stream: S,
    known: impl Fn(&mut Extensions),
    router: Router,
    mut ending: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        known(request.extensions_mut());
        router.clone().oneshot(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX.max(64 * 1_024))
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = is_ending(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
