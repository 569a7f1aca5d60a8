//! Prometheus metrics: are we losing, lagging, refusing, slowing?

use delistening_schema::Dropped;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

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

/// The server's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
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
        Self {
            registry,
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
    }
}

impl Metrics {
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

    /// Everything in the Prometheus text format.
    pub fn encode(
        &self,
        log_size: u64,
        projected: u64,
        loaded: u64,
        body_bytes: usize,
        stopped: bool,
    ) -> String {
        self.body_bytes.set(i64::try_from(body_bytes).unwrap_or(i64::MAX));
        self.log_size.set(i64::try_from(log_size).unwrap_or(i64::MAX));
        self.projected.set(i64::try_from(projected).unwrap_or(i64::MAX));
        self.loaded.set(i64::try_from(loaded).unwrap_or(i64::MAX));
        self.stopped.set(i64::from(stopped));
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut out, &self.registry);
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
