//! What an app asks of telemetry's thread.

use crate::clock;
use crate::consent::Consent;
use crate::errors::TelemetryError;
use crate::events::TelemetryEvent;
use crate::sync::SyncOutcome;
use delistening_schema::event::Motion;
use delistening_sdk_core::{Now, Signal, Track};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// What an app asks for.
pub enum Message {
    Open {
        handle: u32,
        id: Uuid,
        track: Track,
        engine: String,
        autoplay: bool,
    },
    Signal {
        handle: u32,
        signal: Signal,
    },
    /// Nobody can tell anything about this session any more.
    Abandoned {
        handle: u32,
    },
    Report(TelemetryEvent),
    Online(bool),
    Hidden,
    Consent(Consent),
    Moved(Motion),
    Located {
        latitude: f64,
        longitude: f64,
    },
    Evidence(oneshot::Sender<Option<String>>),
    AcknowledgeAlarm,
    Sync {
        deadline: Instant,
        last: bool,
        answer: oneshot::Sender<SyncOutcome>,
    },
    Forget(oneshot::Sender<Result<(), TelemetryError>>),
    Leave,
    #[cfg(feature = "conformance")]
    Panic(String),
}

/// Where messages are put, with the time at which they were; it never waits, and what comes too late is gone.
#[derive(Clone, Debug)]
pub struct Inbox(mpsc::UnboundedSender<(Now, Message)>);

pub type Messages = mpsc::UnboundedReceiver<(Now, Message)>;

impl Inbox {
    pub fn new() -> (Self, Messages) {
        let (sender, messages) = mpsc::unbounded_channel();
        (Self(sender), messages)
    }

    pub fn put(&self, message: Message) {
        let _ = self.0.send((clock::now(), message));
    }
}
