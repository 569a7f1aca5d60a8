//! What an app sets, checked once.

use crate::errors::{CallbackError, TelemetryError};
use crate::seconds::Seconds;
use delistening_schema::ledger::{LogKey, Policy};
use delistening_sdk_core::Config;
use http::uri::{InvalidUri, Uri};

/// How telemetry is set up.
#[derive(Clone, Debug, uniffi::Record)]
pub struct TelemetryOptions {
    /// Base URL of the ingest server.
    pub endpoint: String,
    /// A folder for telemetry alone, made if it is missing. It holds the device's key and everything that no
    /// verified receipt covers yet: keep it out of backups, which would make two devices of one.
    pub folder: String,
    /// Pseudonymous id of the listener; learned from the token otherwise.
    #[uniffi(default = None)]
    pub listener: Option<String>,
    /// Pinned log verifier keys; otherwise the first that is seen is trusted from then on.
    #[uniffi(default = [])]
    pub log_keys: Vec<String>,
    /// How often this device asks the server's log by itself for what proves that it only grew: once a day if not
    /// given; zero: only where an answer leaves a doubt.
    #[uniffi(default = None)]
    pub audit_every: Option<Seconds>,
    /// A policy (C2SP tlog-policy): each time the log is asked, enough of its witnesses must have cosigned what it was
    /// the time before.
    #[uniffi(default = None)]
    pub witness_policy: Option<String>,
    /// What may wait on this device.
    #[uniffi(default = None)]
    pub queue: Option<QueueLimits>,
}

impl TelemetryOptions {
    /// Those for this endpoint and this folder, with everything else as it is when it is not given.
    pub fn new(endpoint: &str, folder: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            folder: folder.to_owned(),
            listener: None,
            log_keys: Vec::new(),
            audit_every: None,
            witness_policy: None,
            queue: None,
        }
    }
}

/// How much may wait on a device. Beyond that the oldest is given up: told in a `Dropped` event, and to the server in the
/// next batch.
#[derive(Clone, Debug, Default, PartialEq, uniffi::Record)]
pub struct QueueLimits {
    /// Most events, sealed or not: 500,000 if not given, which is months of listening.
    #[uniffi(default = None)]
    pub max_events: Option<i64>,
    /// Most bytes of events and batches: 256 MiB if not given.
    #[uniffi(default = None)]
    pub max_bytes: Option<i64>,
    /// How long an event may wait by the device's own clock. A clock that jumps years ahead makes everything old, so it
    /// is for ever unless given.
    #[uniffi(default = None)]
    pub max_age: Option<Seconds>,
}

/// What is played. Only `id` is needed.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Track {
    /// The platform's identifier of the track.
    pub id: String,
    /// The platform's identifier of the artist.
    #[uniffi(default = None)]
    pub artist: Option<String>,
    /// The platform's identifier of the release.
    #[uniffi(default = None)]
    pub release: Option<String>,
    /// Length in milliseconds; absent for a live stream. One that is not above 0 counts as absent.
    #[uniffi(default = None)]
    pub duration_ms: Option<i64>,
    /// What led to the play: album, playlist, search, radio …
    #[uniffi(default = None)]
    pub source: Option<String>,
    /// Whether the media comes from the device's own storage.
    #[uniffi(default = false)]
    pub offline: bool,
}

/// Whom an access token is needed for.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TokenRequest {
    /// The device that the token must be bound to.
    pub device: String,
    /// The listener, where the options name one.
    pub listener: Option<String>,
}

/// Asks the platform's backend for access tokens.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait TokenProvider: Send + Sync {
    /// A token bound to the device. It is asked for again when the last one has expired or was refused, and
    /// given up after 30 s.
    async fn token(&self, request: TokenRequest) -> Result<String, CallbackError>;
}

/// Options that can be used.
pub struct Settings {
    pub endpoint: Uri,
    pub folder: String,
    pub config: Config,
}

pub fn read_options(options: TelemetryOptions) -> Result<Settings, TelemetryError> {
    let TelemetryOptions { endpoint, folder, listener, log_keys, audit_every, witness_policy, queue } =
        options;
    let invalid =
        |option: &str, reason: String| TelemetryError::InvalidOption { option: option.to_owned(), reason };
    if folder.is_empty() {
        return Err(invalid("folder", "it is empty".to_owned()));
    }
    if listener.as_deref() == Some("") {
        return Err(invalid("listener", "it is empty".to_owned()));
    }
    for key in &log_keys {
        LogKey::parse(key).map_err(|error| invalid("log_keys", format!("{key}: {error}")))?;
    }
    let sdk = concat!("delistening-mobile/", env!("CARGO_PKG_VERSION")).to_owned();
    if let Some(policy) = &witness_policy {
        Policy::parse(policy).map_err(|error| invalid("witness_policy", error.to_string()))?;
    }
    let mut config = Config { sdk, listener, log_keys, witness_policy, ..Config::default() };
    if let Some(every) = audit_every {
        let every = Some(every).filter(|every| *every >= Seconds(0.0));
        let every = every.ok_or_else(|| invalid("audit_every", "it must be 0 or above".to_owned()))?;
        config.audit_every_ms = every.whole_ms();
    }
    if let Some(queue) = queue {
        bound(&mut config, &queue)
            .map_err(|limit| invalid(&format!("queue.{limit}"), "it must be above 0".to_owned()))?;
    }
    Ok(Settings { endpoint: read_endpoint(&endpoint)?, folder, config })
}

/// Or the name of the limit that is none.
fn bound(config: &mut Config, queue: &QueueLimits) -> Result<(), &'static str> {
    let above_zero = |limit: i64| usize::try_from(limit).ok().filter(|&limit| limit > 0);
    if let Some(most) = queue.max_events {
        config.queue_events = above_zero(most).ok_or("max_events")?;
    }
    if let Some(most) = queue.max_bytes {
        config.queue_bytes = above_zero(most).ok_or("max_bytes")?;
    }
    if let Some(age) = queue.max_age {
        // In the core, 0 is for ever.
        config.queue_age_ms = Some(age.whole_ms()).filter(|&ms| ms > 0).ok_or("max_age")?;
    }
    Ok(())
}

fn read_endpoint(endpoint: &str) -> Result<Uri, TelemetryError> {
    let invalid = |reason: String| TelemetryError::InvalidEndpoint { endpoint: endpoint.to_owned(), reason };
    let uri: Uri = endpoint.parse().map_err(|error: InvalidUri| invalid(error.to_string()))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(invalid("it must begin with http:// or https://".to_owned()));
    }
    Ok(uri)
}

/// The track as the core reads it, or what is wrong with it.
pub fn read_track(track: Track) -> Result<delistening_sdk_core::Track, &'static str> {
    let Track { id, artist, release, duration_ms, source, offline } = track;
    if id.is_empty() {
        return Err("the track's id is empty");
    }
    let duration_ms = duration_ms.and_then(|ms| u64::try_from(ms).ok()).filter(|&ms| ms > 0);
    Ok(delistening_sdk_core::Track { id, artist, release, duration_ms, source, offline })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> TelemetryOptions {
        TelemetryOptions::new("https://plays.example.com/in", "/tmp/plays")
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        assert!(read_options(options()).is_ok());
        for endpoint in ["", "plays.example.com", "ftp://plays.example.com", "https://", "http://zoë.example"]
        {
            let refused = read_options(TelemetryOptions { endpoint: endpoint.to_owned(), ..options() });
            assert!(matches!(refused, Err(TelemetryError::InvalidEndpoint { .. })), "{endpoint}");
        }
        let refusals = [
            ("folder", TelemetryOptions { folder: String::new(), ..options() }),
            ("listener", TelemetryOptions { listener: Some(String::new()), ..options() }),
            ("log_keys", TelemetryOptions { log_keys: vec!["no key".to_owned()], ..options() }),
            ("audit_every", TelemetryOptions { audit_every: Some(Seconds(-1.0)), ..options() }),
            ("audit_every", TelemetryOptions { audit_every: Some(Seconds(f64::NAN)), ..options() }),
            (
                "witness_policy",
                TelemetryOptions { witness_policy: Some("no policy".to_owned()), ..options() },
            ),
        ];
        let limits = QueueLimits::default;
        let queues = [
            ("queue.max_events", QueueLimits { max_events: Some(0), ..limits() }),
            ("queue.max_bytes", QueueLimits { max_bytes: Some(-1), ..limits() }),
            ("queue.max_age", QueueLimits { max_age: Some(Seconds(0.0)), ..limits() }),
            ("queue.max_age", QueueLimits { max_age: Some(Seconds(f64::NAN)), ..limits() }),
        ];
        let queues = queues.map(|(name, queue)| (name, TelemetryOptions { queue: Some(queue), ..options() }));
        for (name, refused) in refusals.into_iter().chain(queues) {
            let Err(TelemetryError::InvalidOption { option, .. }) = read_options(refused) else {
                panic!("{name} was accepted");
            };
            assert_eq!(option, name);
        }
    }
}
