//! What is counted and measured, each registered once. A label is one of our own words: a route as the table writes it,
//! a class of status, a code, an act; never anything of an office or a person.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use care_model::ProblemCode;
use exchange_store::Act;
use http::Method;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, NoopRecorder, Recorder};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{
    mail::Counted,
    portal::PAGES,
    router::{ENDPOINTS, SANDBOX_ENDPOINTS},
};

/// Seconds that requests and commits are sorted into: from a read out of memory to a chunk over a slow line.
const SECONDS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Acts of a commit.
const ACTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// Classes of a status, by its hundreds.
const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// The route of what is in no table.
const ELSEWHERE: &str = "other";

const REQUESTS: &str = "careplan_requests_total";
const REQUEST_SECONDS: &str = "careplan_request_seconds";
const REFUSALS: &str = "careplan_refusals_total";
const ACTS_STORED: &str = "careplan_acts_total";
const COMMIT_ACTS: &str = "careplan_commit_acts";
const COMMIT_SECONDS: &str = "careplan_commit_seconds";
const COMMITS_FAILED: &str = "careplan_commits_failed_total";
const MAILS: &str = "careplan_mails_total";
const CONNECTIONS: &str = "careplan_connections";

/// Every counter and histogram with what it says; gauges are in [`gauges`].
const DESCRIBED: &[(&str, Kind, &str)] = &[
    (
        REQUESTS,
        Kind::Counter,
        "Answered requests by route and class of status.",
    ),
    (
        REQUEST_SECONDS,
        Kind::Histogram,
        "Seconds from the head of a request to the head of its answer.",
    ),
    (REFUSALS, Kind::Counter, "Refused requests by code."),
    (
        ACTS_STORED,
        Kind::Counter,
        "Acts that were stored durably, by their word in the audit.",
    ),
    (COMMIT_ACTS, Kind::Histogram, "Acts in a commit."),
    (COMMIT_SECONDS, Kind::Histogram, "Seconds of a commit with its sync."),
    (COMMITS_FAILED, Kind::Counter, "Commits of which nothing was stored."),
    (MAILS, Kind::Counter, "Mails to offices by what came of them."),
];

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Histogram,
}

macro_rules! gauges {
    ($($field:ident $name:literal $about:literal;)+) => {
        /// What is looked up when somebody asks.
        pub(super) struct Gauges {
            $(pub(super) $field: Gauge,)+
        }

        impl Gauges {
            fn register(recorder: &dyn Recorder) -> Self {
                $(recorder.describe_gauge(KeyName::from_const_str($name), None, $about.into());)+
                Self { $($field: recorder.register_gauge(&key($name, &[]), &METADATA),)+ }
            }
        }
    };
}

gauges! {
    epoch "careplan_epoch" "The epoch; a restore raises it.";
    ready "careplan_ready" "1 if /ready answers 200, else 0.";
    storage_writes "careplan_storage_writes" "1 if the last trial write was stored in time, else 0.";
    waiting_acts "careplan_writer_queue_acts" "Acts that wait for the writer.";
    waiting_deliveries "careplan_waiting_deliveries" "Deliveries that nobody has fetched yet.";
    waiting_bytes "careplan_waiting_content_bytes" "Bytes of the contents of these.";
    uploads "careplan_open_uploads" "Uploads that were begun and not committed.";
    erasures "careplan_erasure_backlog" "Contents whose key is destroyed and whose bytes are still to be deleted.";
    contents_missing "careplan_contents_missing" "Contents that rows name and that were not found where contents lie.";
    mails "careplan_mails_queued" "Mails to offices that are to be sent.";
    unsealed_lines "careplan_audit_unsealed_lines" "Lines of the audit that no chain has yet.";
    audit_sealed_seconds "careplan_audit_sealed_age_seconds" "Seconds since the audit was last sealed.";
    swept_seconds "careplan_sweep_age_seconds" "Seconds since the last sweep that did all it had to.";
    database_bytes "careplan_database_bytes" "Bytes of the database file.";
    disk_free_bytes "careplan_disk_free_bytes" "Bytes that are free where the data lie.";
    resident_bytes "process_resident_memory_bytes" "Bytes of memory that the process takes.";
    open_files "process_open_fds" "Files and sockets that the process has open.";
    start_time "process_start_time_seconds" "When the server started, in seconds since 1970.";
}

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

fn key(name: &'static str, labels: &[(&'static str, &'static str)]) -> Key {
    let labels: Vec<Label> = labels
        .iter()
        .map(|(name, value)| Label::from_static_parts(name, value))
        .collect();
    Key::from_parts(name, labels)
}

/// What is counted of one route, registered when it is first asked for: most pages are not, for days.
struct Route {
    method: &'static str,
    path: &'static str,
    statuses: [OnceLock<Counter>; STATUS_CLASSES.len()],
    seconds: OnceLock<Histogram>,
}

impl Route {
    fn new(method: &'static str, path: &'static str) -> Self {
        Self {
            method,
            path,
            statuses: Default::default(),
            seconds: OnceLock::new(),
        }
    }

    fn answered(&self, recorder: &dyn Recorder, status: u16, took: Duration) {
        let class = usize::from(status / 100).saturating_sub(1);
        if let (Some(counter), Some(class)) = (self.statuses.get(class), STATUS_CLASSES.get(class)) {
            let labels = [("method", self.method), ("route", self.path), ("status", *class)];
            counter
                .get_or_init(|| recorder.register_counter(&key(REQUESTS, &labels), &METADATA))
                .increment(1);
        }
        let labels = [("method", self.method), ("route", self.path)];
        self.seconds
            .get_or_init(|| recorder.register_histogram(&key(REQUEST_SECONDS, &labels), &METADATA))
            .record(took);
    }
}

/// Counters, gauges and histograms of one server. Where nobody may ask for them they count nothing.
pub(crate) struct Meters {
    recorder: Box<dyn Recorder + Send + Sync>,
    prometheus: Option<PrometheusHandle>,
    routes: HashMap<&'static str, Vec<Route>>,
    elsewhere: Route,
    refusals: Mutex<HashMap<ProblemCode, Counter>>,
    pub(crate) exchange_connections: Gauge,
    pub(crate) enrolment_connections: Gauge,
    pub(crate) streams: Gauge,
    mails: [Counter; Counted::ALL.len()],
    pub(super) gauges: Gauges,
}

impl Meters {
    /// Registers everything; with `asked` false for nobody.
    pub(crate) fn new(asked: bool) -> Result<Self, BuildError> {
        let (recorder, prometheus): (Box<dyn Recorder + Send + Sync>, _) = match asked {
            false => (Box::new(NoopRecorder), None),
            true => {
                let recorder = PrometheusBuilder::new()
                    .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
                    .set_buckets_for_metric(Matcher::Full(COMMIT_ACTS.to_owned()), ACTS)?
                    .build_recorder();
                let handle = recorder.handle();
                (Box::new(recorder), Some(handle))
            }
        };
        for (name, kind, about) in DESCRIBED {
            let name = KeyName::from_const_str(name);
            match kind {
                Kind::Counter => recorder.describe_counter(name, None, (*about).into()),
                Kind::Histogram => recorder.describe_histogram(name, None, (*about).into()),
            }
        }
        let described = |name: &'static str, about: &'static str| {
            recorder.describe_gauge(KeyName::from_const_str(name), None, about.into());
        };
        described(CONNECTIONS, "Connections that are open, by listener.");
        described("careplan_event_streams", "Event streams that are open.");
        described("careplan_build_info", "Always 1; the version stands in the label.");
        let gauge =
            |name, labels: &[(&'static str, &'static str)]| recorder.register_gauge(&key(name, labels), &METADATA);
        gauge("careplan_build_info", &[("version", env!("CARGO_PKG_VERSION"))]).set(1.0);
        let mut routes: HashMap<&'static str, Vec<Route>> = HashMap::new();
        let endpoints = ENDPOINTS.iter().chain(SANDBOX_ENDPOINTS);
        let served = endpoints
            .map(|endpoint| (endpoint.method, endpoint.path))
            .chain(PAGES.iter().map(|page| (page.method, page.path)));
        for (method, path) in served {
            routes.entry(path).or_default().push(Route::new(method, path));
        }
        Ok(Self {
            prometheus,
            routes,
            elsewhere: Route::new(ELSEWHERE, ELSEWHERE),
            refusals: Mutex::default(),
            exchange_connections: gauge(CONNECTIONS, &[("listener", "exchange")]),
            enrolment_connections: gauge(CONNECTIONS, &[("listener", "enrolment")]),
            streams: gauge("careplan_event_streams", &[]),
            mails: Counted::ALL.map(|counted| {
                let labels = [("result", counted.word())];
                recorder.register_counter(&key(MAILS, &labels), &METADATA)
            }),
            gauges: Gauges::register(recorder.as_ref()),
            recorder,
        })
    }

    /// What the store counts by itself.
    pub(crate) fn of_store(&self) -> exchange_store::Meters {
        let counter = |name, labels: &[(&'static str, &'static str)]| {
            self.recorder.register_counter(&key(name, labels), &METADATA)
        };
        exchange_store::Meters {
            acts: Act::ALL
                .iter()
                .map(|act| counter(ACTS_STORED, &[("act", act.word())]))
                .collect(),
            batch_acts: self.recorder.register_histogram(&key(COMMIT_ACTS, &[]), &METADATA),
            commit_seconds: self.recorder.register_histogram(&key(COMMIT_SECONDS, &[]), &METADATA),
            failed_commits: counter(COMMITS_FAILED, &[]),
        }
    }

    /// Counts a request by the route that it took, if any.
    pub(super) fn answered(&self, method: &Method, route: Option<&str>, status: u16, took: Duration) {
        let same = |known: &&Route| known.method.eq_ignore_ascii_case(method.as_str());
        let known = route.and_then(|path| self.routes.get(path)?.iter().find(same));
        let route = known.unwrap_or(&self.elsewhere);
        route.answered(self.recorder.as_ref(), status, took);
    }

    /// Counts a refusal.
    pub(super) fn refused(&self, code: ProblemCode) {
        if self.prometheus.is_none() {
            return;
        }
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals
            .entry(code)
            .or_insert_with(|| {
                let key = key(REFUSALS, &[("code", code.as_str())]);
                self.recorder.register_counter(&key, &METADATA)
            })
            .increment(1);
    }

    /// Counts a mail by what came of it.
    pub(crate) fn mail(&self, counted: Counted) {
        if let Some(counter) = self.mails.get(counted as usize) {
            counter.increment(1);
        }
    }

    /// Everything as Prometheus reads it; none if nobody may ask.
    pub(super) fn render(&self) -> Option<String> {
        self.prometheus.as_ref().map(PrometheusHandle::render)
    }

    /// Sorts what was measured, which otherwise would pile up until somebody asks.
    pub(super) fn tidy(&self) {
        if let Some(prometheus) = &self.prometheus {
            prometheus.run_upkeep();
        }
    }
}

/// One thing that is open; it ends with this value.
pub(crate) struct Open(Gauge);

impl Open {
    pub(crate) fn one(gauge: &Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
