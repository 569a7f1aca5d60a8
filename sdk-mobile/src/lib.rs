//! `sdk-core` for Swift and Kotlin, through `UniFFI`.
//!
//! A [`Telemetry`] keeps one thread of its own on which the core runs; apps hand it what players do through
//! [`PlaySession`]s, which never wait and never fail. The rooms: `host` runs the core and does what it asks
//! for, `folder` opens what is stored (`storage` the records, `key` the device's key), `transport` carries
//! requests, `consent` is what may be told beside plays, `sync` says when everything that could be sent was answered. Start with [`Telemetry::new`].
//!
//! Whole numbers are `i64` where other crates have `u64`: `Long` and `Int64` are what players of both
//! platforms give positions in.

mod clock;
mod consent;
mod entropy;
mod errors;
mod events;
mod folder;
mod host;
mod inbox;
mod key;
mod options;
mod seconds;
mod session;
mod storage;
mod sync;
mod telemetry;
mod transport;

#[cfg(feature = "conformance")]
mod conformance;

#[cfg(feature = "simulation")]
pub use clock::{simulate_passing, simulate_past};
pub use consent::{Activity, Consent, LocationPrecision};
pub use errors::{CallbackError, TelemetryError};
pub use events::{AckStatus, Action, Status, TelemetryEvent, TelemetryObserver};
pub use key::KeyStore;
pub use options::{QueueLimits, TelemetryOptions, TokenProvider, TokenRequest, Track};
pub use seconds::Seconds;
pub use session::{EndReason, PlaySession};
pub use sync::SyncOutcome;
pub use telemetry::Telemetry;
pub use transport::{HttpRequest, HttpResponse, HttpTransport};

#[cfg(feature = "conformance")]
pub use conformance::{conformance, conformance_panic, conformance_panic_later};

/// The version of this library, as in the `sdk` of what it sends.
#[uniffi::export]
pub fn sdk_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

uniffi::setup_scaffolding!();
