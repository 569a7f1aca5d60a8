//! Prometheus metrics: are we losing, lagging, refusing, slowing?

mod process;

use delistening_schema::Dropped;
use delistening_schema::batch::DropReason;
use delistening_schema::problem::Code;
use process::Process;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::LazyLock;
use std::time::Duration;
use tracing::Level;

/// A batch's end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// A refusal's code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    code: &'static str,
}

/// Why a connection was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Closed {
    reason: &'static str,
}

/// Why a device gave events up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// How bad it is what was logged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Severity {
    level: &'static str,
}

/// A group of endpoints, and how it answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    endpoint: &'static str,
    status: u16,
}

/// A group of endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    endpoint: &'static str,
}

/// What was logged in this process, whichever part of it did.
static LOGGED: LazyLock<Family<Severity, Counter>> = LazyLock::new(|| {
    let logged = Family::<Severity, Counter>::default();
    // From the begin on, so that the first one is an increase.
    for level in ["warn", "error"] {
        drop(logged.get_or_create(&Severity { level }));
    }
    logged
});

/// Counts a warning or an error that is logged.
pub fn logged(level: Level) {
    let level = if level == Level::ERROR { "error" } else { "warn" };
    LOGGED.get_or_create(&Severity { level }).inc();
}

/// What is looked up when somebody asks for the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub struct Present {
    /// Entries in the signed log.
    pub log_size: u64,
    /// Those that the store has taken in.
    pub projected: u64,
    /// Those that counts know of.
    pub loaded: u64,
    /// Those in the newest checkpoint that enough witnesses have cosigned; `None` where there are no witnesses.
    pub witnessed: Option<u64>,
    /// Bytes of the bodies of all requests under way.
    pub body_bytes: usize,
    /// Whether intake is closed until a restart.
    pub stopped: bool,
    /// Bytes of the data folder's disk that are free, and all of them.
    pub disk: Option<(u64, u64)>,
}

/// The server's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    process: Registry,
    requests: Family<Answered, Counter>,
    request_seconds: Family<Endpoint, Histogram>,
    witnessed: Gauge,
    disk_free: Gauge,
    disk: Gauge,
    batches: Family<Outcome, Counter>,
    refusals: Family<Refusal, Counter>,
    issuer_keys: Family<Outcome, Counter>,
    given_up: Family<Reason, Counter>,
    ack_seconds: Histogram,
    log_size: Gauge,
    projected: Gauge,
    loaded: Gauge,
    live_readers: Gauge,
    connections: Gauge,
    closed: Family<Closed, Counter>,
    body_bytes: Gauge,
    stopped: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("delistening");
        let batches = Family::default();
        registry.register("batches", "Batches by what became of them", batches.clone());
        let refusals = Family::default();
        registry.register("refusals", "Refused requests, batches and events by code", refusals.clone());
        let issuer_keys = Family::default();
        registry.register(
            "issuer_keys",
            "Looks at issuers' keys by whether they could be used",
            issuer_keys.clone(),
        );
        let given_up = Family::default();
        registry.register("given_up_events", "Events that devices say they gave up", given_up.clone());
        let ack_seconds = Histogram::new(exponential_buckets(0.000_5, 2.0, 14));
        registry.register("ack_seconds", "From a request's arrival to its answer", ack_seconds.clone());
        let closed = Family::default();
        registry.register("connections_closed", "Connections that were cut off, by reason", closed.clone());
        registry.register("logged", "Warnings and errors that were logged", LOGGED.clone());
        let requests = Family::default();
        registry.register("requests", "Requests by endpoint and status", requests.clone());
        let request_seconds: Family<Endpoint, Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 4.0, 8)));
        let help = "From a request's head to the begin of its answer";
        registry.register("request_seconds", help, request_seconds.clone());
        registry.register("build", "What is running", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        let mut process = Registry::default();
        process.register_collector(Box::new(Process::new()));
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let log_size = gauge("log_size", "Entries in the signed log");
        let projected = gauge("projected", "Entries of the log that the store has taken in");
        let loaded =
            gauge("loaded", "Entries of the log that counts know of; behind projected while ClickHouse is");
        let live_readers = gauge("live_readers", "Open live connections");
        let connections = gauge("connections", "Open connections");
        let body_bytes = gauge("body_bytes", "Bytes of the bodies of all requests under way");
        let stopped = gauge("intake_stopped", "1 when intake is closed until a restart");
        let witnessed = gauge("witnessed", "Entries of the log that enough witnesses have cosigned");
        let disk_free = gauge("disk_free_bytes", "Bytes of the data folder's disk that are free");
        let disk = gauge("disk_bytes", "Bytes of the data folder's disk");
        Self {
            registry,
            process,
            requests,
            request_seconds,
            witnessed,
            disk_free,
            disk,
            batches,
            refusals,
            issuer_keys,
            given_up,
            ack_seconds,
            log_size,
            projected,
            loaded,
            live_readers,
            connections,
            closed,
            body_bytes,
            stopped,
        }
        .begin()
    }
}

impl Metrics {
    /// Has every series that is known beforehand begin at zero, so that the first one counted is seen as an increase.
    fn begin(self) -> Self {
        use DropReason::{Corrupted, KeyLost, Other, QueueFull, Refused, TooOld};
        for outcome in ["accepted", "duplicate", "refused"] {
            drop(self.batches.get_or_create(&Outcome { outcome }));
        }
        for outcome in ["usable", "failed"] {
            drop(self.issuer_keys.get_or_create(&Outcome { outcome }));
        }
        for code in Code::ALL.iter().map(|code| code.as_str()) {
            drop(self.refusals.get_or_create(&Refusal { code }));
        }
        for reason in [QueueFull, TooOld, Corrupted, Refused, KeyLost, Other].map(DropReason::as_str) {
            drop(self.given_up.get_or_create(&Reason { reason }));
        }
        for reason in ["timeout", "room"] {
            drop(self.closed.get_or_create(&Closed { reason }));
        }
        self
    }

    /// Counts a batch that was `accepted`, a `duplicate` or `refused`.
    pub fn batch(&self, outcome: &'static str) {
        self.batches.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a refusal.
    pub fn refusal(&self, code: &'static str) {
        self.refusals.get_or_create(&Refusal { code }).inc();
    }

    /// Counts looks at an issuer's keys, by whether they could be read and used.
    pub fn issuer_keys(&self) -> impl Fn(bool) + Send + 'static {
        let looks = self.issuer_keys.clone();
        move |usable| {
            looks.get_or_create(&Outcome { outcome: if usable { "usable" } else { "failed" } }).inc();
        }
    }

    /// Counts what a device says it gave up.
    pub fn given_up(&self, dropped: &[Dropped]) {
        for Dropped { reason, events } in dropped {
            self.given_up.get_or_create(&Reason { reason: reason.as_str() }).inc_by(*events);
        }
    }

    /// Notes how long an ack took.
    pub fn ack(&self, time: Duration) {
        self.ack_seconds.observe(time.as_secs_f64());
    }

    /// The number of open live connections; keep what this gives for as long as one is open.
    pub fn live_reader(&self) -> Counted {
        self.live_readers.inc();
        Counted(self.live_readers.clone())
    }

    /// The number of open connections; keep what this gives for as long as one is open.
    pub fn connection(&self) -> Counted {
        self.connections.inc();
        Counted(self.connections.clone())
    }

    /// Counts a connection that was cut off: for a `timeout`, or to make `room` for others.
    pub fn closed(&self, reason: &'static str) {
        self.closed.get_or_create(&Closed { reason }).inc();
    }

    /// Counts a request for an `endpoint` that was answered with `status` after `time`.
    pub fn request(&self, endpoint: &'static str, status: u16, time: Duration) {
        self.requests.get_or_create(&Answered { endpoint, status }).inc();
        self.request_seconds.get_or_create(&Endpoint { endpoint }).observe(time.as_secs_f64());
    }

    /// Everything in the Prometheus text format.
    pub fn encode(&self, present: Present) -> String {
        let set = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set(&self.log_size, present.log_size);
        set(&self.projected, present.projected);
        set(&self.loaded, present.loaded);
        // Where nobody cosigns, nobody is behind.
        set(&self.witnessed, present.witnessed.unwrap_or(present.log_size));
        set(&self.body_bytes, present.body_bytes as u64);
        set(&self.stopped, present.stopped.into());
        let (free, all) = present.disk.unwrap_or_default();
        set(&self.disk_free, free);
        set(&self.disk, all);
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode_registry(&mut out, &self.registry)
            .and_then(|()| text::encode_registry(&mut out, &self.process))
            .and_then(|()| text::encode_eof(&mut out));
        out
    }
}

/// Counts down when dropped.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
