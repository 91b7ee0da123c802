//! How much one party may ask for, and how slowly (ADR 0034): requests a minute for each terminal, and for each network of
//! those that are none; a floor under the speed of a body; and how many sends are accepted at the same time (ADR 0046).

use std::{
    future::Future as _,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
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
use exchange_protocol::Problem;
use governor::{Quota, RateLimiter, clock::DefaultClock, state::keyed::HashMapStateStore};
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, Sleep, sleep, timeout},
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
    /// In each such time something of an answer has to be taken.
    pub answer_window: Duration,
}

impl Default for PaceSettings {
    /// Far above what a busy office does: a bulk of 100 and its answers are a few hundred requests.
    fn default() -> Self {
        Self {
            requests_a_minute_terminal: NonZeroU32::new(6_000),
            requests_a_minute_source: NonZeroU32::new(3_000),
            connections_a_source: NonZeroU32::new(256),
            body_window: Duration::from_secs(30),
            answer_window: Duration::from_secs(60),
        }
    }
}

/// The lowest limit that can be set: with it one request a second is let through, which is what a refusal asks to wait.
pub(crate) const REQUESTS_A_MINUTE_MIN: u32 = 60;
/// Seconds after which a party that asked too often is let through again.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;
/// Bytes a second below which a body is cut.
const BODY_BYTES_A_SECOND_MIN: u128 = 256;
/// Parties remembered at once.
const REMEMBERED_MAX: usize = 50_000;

/// Sends that are being accepted at the same time, from the last byte of their body to the answer: as many as the storage
/// takes in one commit or two without being slower for each.
pub(crate) const SENDS_AT_ONCE_MAX: usize = 128;
/// Sends whose body is there and that wait for a place: what comes in one burst while a commit is being synced.
pub(crate) const SENDS_WAITING_MAX: usize = 128;
/// How long each of them waits at most. With what the places before it take it is answered within a tenth of a second.
pub(crate) const SENDS_WAIT: Duration = Duration::from_millis(15);

/// Places of those who are served at the same time, and a short queue before them. Whoever finds no place in it, or none
/// of the others in time, is told to come again: in a long queue it would be given up by the other side.
pub(crate) struct Places {
    served: Semaphore,
    waiting: Semaphore,
    wait: Duration,
    put_off: Mutex<PutOff>,
}

impl Places {
    pub(crate) fn new(served_max: usize, waiting_max: usize, wait: Duration) -> Self {
        Self {
            served: Semaphore::new(served_max),
            waiting: Semaphore::new(waiting_max),
            wait,
            put_off: Mutex::new(PutOff::from(Instant::now())),
        }
    }

    /// A place, which ends with the value.
    pub(crate) async fn place(&self) -> Answer<SemaphorePermit<'_>> {
        let place = self.find().await;
        let mut put_off = self.put_off.lock().unwrap_or_else(PoisonError::into_inner);
        put_off.count(place.is_some(), Instant::now());
        place.ok_or_else(|| {
            let mut problem = Problem::new(ProblemCode::ServerBusy);
            problem.retry_after_seconds = Some(put_off.told());
            problem.into()
        })
    }

    async fn find(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(place) = self.served.try_acquire() {
            return Some(place);
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        timeout(self.wait, self.served.acquire()).await.ok()?.ok()
    }
}

/// For how long those are put off who find no place (ADR 0068): so long that as many come again as there is time for, not
/// so many more that refusing them takes the time of the others, and each at another time.
struct PutOff {
    /// How long they wait on average.
    seconds: f64,
    since: Instant,
    served: u32,
    refused: u32,
    /// Which of the seconds around the average is told next.
    turn: u32,
}

/// How often it is judged anew.
const PUT_OFF_JUDGED: Duration = Duration::from_secs(1);
/// For each that is served so many may be refused: fewer, and places would stand empty after a burst.
const REFUSED_FOR_EACH: f64 = 0.2;
/// The least, so that there are three seconds to spread them over.
const PUT_OFF_SECONDS_MIN: f64 = 2.0;
const PUT_OFF_SECONDS_MAX: f64 = 60.0;
/// After so long without anybody nothing of it holds any more.
const PUT_OFF_FORGOTTEN: Duration = Duration::from_secs(60);

impl PutOff {
    fn from(since: Instant) -> Self {
        Self {
            seconds: PUT_OFF_SECONDS_MIN,
            since,
            served: 0,
            refused: 0,
            turn: 0,
        }
    }

    /// Counts one who found a place or did not.
    fn count(&mut self, is_served: bool, now: Instant) {
        match is_served {
            true => self.served += 1,
            false => self.refused += 1,
        }
        if now - self.since >= PUT_OFF_FORGOTTEN {
            *self = Self::from(now);
        } else if now - self.since >= PUT_OFF_JUDGED {
            // Those who wait come again the more seldom, the longer they were told to: at most twice or half as long, for
            // what was said a moment ago still has to show.
            let times = f64::from(self.refused) / (f64::from(self.served) * REFUSED_FOR_EACH);
            let seconds = (self.seconds * times.clamp(0.5, 2.0)).clamp(PUT_OFF_SECONDS_MIN, PUT_OFF_SECONDS_MAX);
            *self = Self {
                seconds,
                turn: self.turn,
                ..Self::from(now)
            };
        }
    }

    /// After how many seconds one who found none should come again. Those who were refused in one moment must not come
    /// again in one moment: each is told another second around the average, as far before it as beyond it.
    fn told(&mut self) -> u32 {
        let latest = (2.0 * self.seconds - 1.0).round().min(PUT_OFF_SECONDS_MAX);
        let earliest = (2.0 * self.seconds - latest).round();
        self.turn = self.turn.wrapping_add(1);
        earliest as u32 + self.turn % (latest - earliest + 1.0) as u32
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
    use futures::FutureExt as _;

    use super::*;

    fn is_refused(place: &Answer<SemaphorePermit<'_>>) -> bool {
        place
            .as_ref()
            .is_err_and(|refusal| refusal.problem().code == ProblemCode::ServerBusy)
    }

    #[tokio::test]
    async fn who_finds_no_place_waits_for_one_and_is_refused_after_a_while() {
        let wait = Duration::from_millis(20);
        let places = Places::new(1, 1, wait);
        let taken = places.place().await.unwrap();
        let begun = Instant::now();
        assert!(is_refused(&places.place().await) && begun.elapsed() >= wait);

        let places = Places::new(1, 1, Duration::from_secs(3_600));
        let taken_there = places.place().await.unwrap();
        let (waited, ()) = tokio::join!(places.place(), async { drop(taken_there) });
        assert!(waited.is_ok(), "a place that comes free in time is theirs");
        drop(taken);
    }

    #[tokio::test]
    async fn one_more_than_may_wait_is_refused_at_once() {
        let places = Places::new(SENDS_AT_ONCE_MAX, SENDS_WAITING_MAX, Duration::from_secs(3_600));
        let taken: Vec<_> = (0..SENDS_AT_ONCE_MAX)
            .map(|_| places.place().now_or_never().unwrap())
            .collect();
        assert!(taken.iter().all(Result::is_ok));
        let mut waiting: Vec<_> = (0..SENDS_WAITING_MAX).map(|_| Box::pin(places.place())).collect();
        for one in &mut waiting {
            assert!(one.now_or_never().is_none(), "this one waits");
        }
        assert!(is_refused(&places.place().now_or_never().unwrap()));
        waiting.pop();
        assert!(
            places.place().now_or_never().is_none(),
            "the place of one who went is another's"
        );
    }

    /// What so many are told who are refused one after the other, in order.
    fn told(put_off: &mut PutOff, count: usize) -> Vec<u32> {
        let mut told: Vec<u32> = (0..count).map(|_| put_off.told()).collect();
        told.sort_unstable();
        told
    }

    /// How long those wait on average who are put off, each second the share of them that comes again.
    fn asked_for_after(seconds: u64, served: u32, waiting: f64) -> f64 {
        let mut now = Instant::now();
        let mut put_off = PutOff::from(now);
        for _ in 0..seconds {
            now += PUT_OFF_JUDGED;
            let refused = (waiting / put_off.seconds) as u32;
            for one in 0..served + refused {
                put_off.count(one < served, now - PUT_OFF_JUDGED / 2);
            }
            put_off.count(true, now);
        }
        put_off.seconds
    }

    #[test]
    fn the_more_wait_the_longer_are_they_put_off_and_never_beyond_a_minute() {
        assert_eq!(asked_for_after(30, 1_000, 0.0), PUT_OFF_SECONDS_MIN);
        assert_eq!(asked_for_after(30, 1_000, 300.0), PUT_OFF_SECONDS_MIN);
        // With so many, as many come again each second as may be refused.
        assert_eq!(asked_for_after(30, 1_000, 2_000.0).round(), 10.0);
        assert_eq!(asked_for_after(30, 1_000, 6_000_000.0), PUT_OFF_SECONDS_MAX);
    }

    #[test]
    fn who_is_put_off_in_one_moment_is_told_one_second_each_around_the_average() {
        let mut put_off = PutOff::from(Instant::now());
        assert_eq!(told(&mut put_off, 6), [1, 1, 2, 2, 3, 3]);
        put_off.seconds = 20.0;
        assert_eq!(told(&mut put_off, 39), (1..=39).collect::<Vec<u32>>());
        // Nobody is told more than a minute: the average stays.
        put_off.seconds = 45.0;
        assert_eq!(told(&mut put_off, 31), (30..=60).collect::<Vec<u32>>());
        put_off.seconds = PUT_OFF_SECONDS_MAX;
        assert_eq!(told(&mut put_off, 2), [60, 60]);
        put_off.turn = u32::MAX;
        assert_eq!(told(&mut put_off, 1), [60]);
    }

    #[test]
    fn who_is_put_off_while_nobody_is_served_waits_longer_each_second() {
        let mut now = Instant::now();
        let mut put_off = PutOff::from(now);
        let mut average = Vec::new();
        for _ in 0..7 {
            now += PUT_OFF_JUDGED;
            put_off.count(false, now);
            average.push(put_off.seconds);
        }
        assert_eq!(average, [4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]);
        // And it is over once they are served, or after a quiet minute.
        let mut later = PutOff { ..put_off };
        later.count(false, now + PUT_OFF_FORGOTTEN);
        assert_eq!(later.seconds, PUT_OFF_SECONDS_MIN);
        for _ in 0..6 {
            now += PUT_OFF_JUDGED;
            put_off.count(true, now);
        }
        assert_eq!(put_off.seconds, PUT_OFF_SECONDS_MIN);
    }
}
