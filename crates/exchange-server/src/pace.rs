//! How much one party may ask for, and how slowly (ADR 0034): requests a minute for each terminal, and for each network of
//! those that are none; a floor under the speed of a body; and how many sends are accepted at the same time (ADR 0046).

use std::{
    future::Future as _,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use care_model::{ProblemCode, TerminalId};
use governor::{Quota, RateLimiter, clock::DefaultClock, state::keyed::HashMapStateStore};
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, Sleep, sleep},
};

use crate::{
    app::App,
    extract::{Peer, Source},
    refusal::{Answer, Refusal},
};

/// How much one party may ask for. Where there is no number there is no limit.
#[derive(Debug, Clone)]
pub struct PaceSettings {
    /// Requests a minute of one terminal.
    pub requests_a_minute_terminal: Option<NonZeroU32>,
    /// Requests a minute of one network that shows no terminal's certificate.
    pub requests_a_minute_source: Option<NonZeroU32>,
    /// Connections at once of one network where no certificate is required.
    pub connections_a_source: Option<NonZeroU32>,
    /// In each such time a body has to come on by 256 bytes a second.
    pub body_window: Duration,
}

impl Default for PaceSettings {
    /// Far above what a busy office does: a bulk of 100 and its answers are a few hundred requests.
    fn default() -> Self {
        Self {
            requests_a_minute_terminal: NonZeroU32::new(6_000),
            requests_a_minute_source: NonZeroU32::new(3_000),
            connections_a_source: NonZeroU32::new(256),
            body_window: Duration::from_secs(30),
        }
    }
}

/// The lowest limit that can be set: with it one request a second is let through, which is what a refusal asks to wait.
pub(crate) const REQUESTS_A_MINUTE_MIN: u32 = 60;
/// Seconds after which a party that asked too often is let through again.
pub(crate) const RETRY_AFTER_SECONDS: u64 = 1;
/// Bytes a second below which a body is cut.
const BODY_BYTES_A_SECOND_MIN: u128 = 256;
/// Parties remembered at once.
const REMEMBERED_MAX: usize = 50_000;

/// Sends that are being accepted at the same time, from the last byte of their body to the answer: half of what one
/// commit takes, for while one is being synced the next one gathers.
pub(crate) const SENDS_AT_ONCE_MAX: usize = 128;

/// Places of those who are served at the same time. Whoever finds none is told at once to come again: in a queue it would
/// wait longer, and be given up by the other side.
pub(crate) struct Places(Semaphore);

impl Places {
    pub(crate) fn new(max: usize) -> Self {
        Self(Semaphore::new(max))
    }

    /// A place, which ends with the value.
    pub(crate) fn place(&self) -> Answer<SemaphorePermit<'_>> {
        self.0.try_acquire().map_err(|_| ProblemCode::ServerBusy.into())
    }
}

/// The limits with what is remembered of each party.
pub(crate) struct Pace {
    terminals: Option<Limit<TerminalId>>,
    sources: Option<Limit<IpAddr>>,
    body_window: Duration,
}

impl Pace {
    pub(crate) fn new(settings: &PaceSettings) -> Self {
        Self {
            terminals: settings.requests_a_minute_terminal.map(Limit::new),
            sources: settings.requests_a_minute_source.map(Limit::new),
            body_window: settings.body_window,
        }
    }
}

struct Limit<K: Hash + Eq + Clone>(RateLimiter<K, HashMapStateStore<K>, DefaultClock>);

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(a_minute: NonZeroU32) -> Self {
        Self(RateLimiter::hashmap(Quota::per_minute(a_minute)))
    }

    /// Whether one more is within the limit.
    fn admits(&self, key: &K) -> bool {
        if self.0.len() >= REMEMBERED_MAX {
            // Whoever asked for nothing in a while is as good as new.
            self.0.retain_recent();
        }
        // So many who ask without a pause are no longer one who asks too often: who is not known goes by.
        self.0.len() >= REMEMBERED_MAX || self.0.check_key(key).is_ok()
    }
}

/// Refuses who asks too often, and cuts a body that trickles.
pub(crate) async fn kept(State(app): State<App>, request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let within = match (extensions.get::<Peer>(), extensions.get::<Source>()) {
        (Some(Peer(Ok(certificate))), _) => {
            let limit = app.pace.terminals.as_ref();
            limit.is_none_or(|limit| limit.admits(&certificate.terminal))
        }
        (_, Some(source)) => {
            let limit = app.pace.sources.as_ref();
            limit.is_none_or(|limit| limit.admits(&source.network()))
        }
        (_, None) => true,
    };
    if !within {
        return Refusal::from(ProblemCode::TooManyRequests).into_response();
    }
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let slow = Arc::new(AtomicBool::new(false));
    let request = request.map(|body| {
        Body::new(Timed {
            body,
            window: app.pace.body_window,
            sleep: None,
            bytes: 0,
            slow: Arc::clone(&slow),
        })
    });
    let response = next.run(request).await;
    match slow.load(Ordering::Relaxed) {
        true => Refusal::from(ProblemCode::RequestTooSlow).into_response(),
        false => response,
    }
}

/// A body that fails when it does not come on.
struct Timed {
    body: Body,
    window: Duration,
    /// None until the first byte is waited for: what is there at once is not timed.
    sleep: Option<Pin<Box<Sleep>>>,
    /// What came since the window began.
    bytes: u128,
    slow: Arc<AtomicBool>,
}

/// A body came too slowly.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
struct TooSlow;

impl hyper::body::Body for Timed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let me = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut me.body).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                me.bytes += frame.data_ref().map_or(0, Bytes::len) as u128;
            }
            return Poll::Ready(frame);
        }
        let window = me.window;
        let sleep = me.sleep.get_or_insert_with(|| Box::pin(sleep(window)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if me.bytes < window.as_millis() * BODY_BYTES_A_SECOND_MIN / 1_000 {
                me.slow.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err(axum::Error::new(TooSlow))));
            }
            me.bytes = 0;
            sleep.as_mut().reset(Instant::now() + window);
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_there_are_places_for_is_refused_until_one_is_free() {
        let places = Places::new(SENDS_AT_ONCE_MAX);
        let mut taken: Vec<_> = (0..SENDS_AT_ONCE_MAX).map(|_| places.place().unwrap()).collect();
        let refused = places.place().unwrap_err();
        assert_eq!(refused.problem().code, ProblemCode::ServerBusy);
        taken.pop();
        assert!(places.place().is_ok());
    }
}
