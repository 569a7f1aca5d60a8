//! What an app is told, with the names that the web SDK's events have.

use crate::errors::CallbackError;
use delistening_schema::problem;
use delistening_sdk_core::{Notice, Status as CoreStatus};

/// Told of everything that happens, on telemetry's own thread: return soon, and hand on what takes longer.
#[uniffi::export(foreign)]
pub trait TelemetryObserver: Send + Sync {
    /// Something happened. What this throws is ignored.
    fn on_event(&self, event: TelemetryEvent) -> Result<(), CallbackError>;
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TelemetryEvent {
    /// A playback event was recorded.
    Event {
        /// The event as it will be signed: JSON, as the schema describes it.
        json: String,
    },
    /// A session is over: what it is worth by the play rule, from all that was recorded of it. The server says the same,
    /// unless the signed times or what looks like fraud speak against it.
    Verdict {
        /// The session's id, as in its events.
        session: String,
        /// The version of the rule.
        rule: i64,
        /// `valid`, `short`, `muted` or `invalid`.
        status: String,
        /// Why.
        reasons: Vec<String>,
        /// Media time heard, each instant once, in milliseconds, at a rate that counts.
        heard_ms: i64,
        /// Media time heard, repeats included, in milliseconds.
        played_ms: i64,
    },
    /// A batch was sealed (numbered, chained and signed) and is durable.
    Batch {
        /// Its sequence number.
        seq: i64,
        /// Its size.
        bytes: i64,
        /// How many events it holds.
        events: i64,
    },
    /// The server holds a batch.
    Ack {
        /// Its sequence number.
        seq: i64,
        /// Whether the server saw it for the first time.
        status: AckStatus,
    },
    /// A batch's receipt was verified: the batch is in the log, and the log continues the one known before.
    Receipt {
        /// The batch.
        seq: i64,
        /// Its place in the log.
        index: i64,
        /// The size of the log that the receipt proves it in.
        size: i64,
        /// The log.
        origin: String,
        /// The signed checkpoint (a C2SP signed note).
        checkpoint: String,
        /// When the server received the batch, milliseconds since 1970.
        received_ms: i64,
    },
    /// A batch or events were given up.
    Dropped {
        /// The batch, where it was one.
        seq: Option<i64>,
        /// How many events are lost.
        events: i64,
        /// Why: `queue_full`, `too_old`, `corrupted`, `refused` or `key_lost`.
        reason: String,
        /// The server's code, where the server refused them.
        code: Option<String>,
    },
    /// Something is wrong. Playback is never disturbed by it.
    Error {
        /// Stable, for programs.
        code: String,
        /// What happened, in a sentence.
        message: String,
        /// What happens next.
        action: Action,
    },
    /// What is waiting has changed.
    Status {
        /// What is waiting now.
        status: Status,
    },
}

/// How the server answered a batch that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum AckStatus {
    /// It is new.
    Accepted,
    /// It was there already: an earlier answer was lost.
    Duplicate,
}

/// What is done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Action {
    /// Tried again later.
    Retry,
    /// Another token is asked for.
    Refresh,
    /// What was refused is given up.
    Drop,
    /// Sending stops until a person looks; everything is kept.
    Stop,
}

/// What is stored, sent and acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Status {
    /// Events recorded that are in no batch yet.
    pub events: i64,
    /// Batches sealed that no verified receipt covers yet.
    pub batches: i64,
    /// Batches acknowledged since this object was made.
    pub acked: i64,
}

impl Status {
    /// Whether everything that was recorded is covered by a verified receipt.
    pub(crate) fn nothing_waits(self) -> bool {
        self.events == 0 && self.batches == 0
    }
}

impl From<CoreStatus> for Status {
    fn from(CoreStatus { events, batches, acked, .. }: CoreStatus) -> Self {
        Self { events: count(events), batches: count(batches), acked: whole(acked) }
    }
}

impl TelemetryEvent {
    pub(crate) fn error(code: &str, message: impl Into<String>, action: Action) -> Self {
        Self::Error { code: code.to_owned(), message: message.into(), action }
    }

    /// A method was called with something it cannot use; the call did nothing.
    pub(crate) fn invalid(what: &str) -> Self {
        Self::error("invalid-argument", what, Action::Drop)
    }

    /// What the core tells the app; `None` is for the host alone.
    pub(crate) fn of(notice: Notice) -> Option<Self> {
        Some(match notice {
            Notice::Event { event } => Self::Event { json: event },
            Notice::Verdict { session, verdict } => Self::Verdict {
                session: session.to_string(),
                rule: i64::from(verdict.rule),
                status: verdict.status.as_str().to_owned(),
                reasons: verdict.reasons.iter().map(|reason| reason.as_str().to_owned()).collect(),
                heard_ms: whole(verdict.heard_ms),
                played_ms: whole(verdict.played_ms),
            },
            Notice::Sealed { seq, bytes, events } => {
                Self::Batch { seq: whole(seq), bytes: count(bytes), events: count(events) }
            }
            Notice::Acked { seq, status } => {
                let status = if status == "duplicate" { AckStatus::Duplicate } else { AckStatus::Accepted };
                Self::Ack { seq: whole(seq), status }
            }
            Notice::Receipt { seq, index, size, origin, checkpoint, received, verified: _ } => {
                Self::Receipt {
                    seq: whole(seq),
                    index: whole(index),
                    size: whole(size),
                    origin,
                    checkpoint,
                    received_ms: whole(received),
                }
            }
            Notice::Dropped { seq, events, reason, problem } => Self::Dropped {
                reason: reason.as_str().to_owned(),
                seq: seq.map(whole),
                events: count(events),
                code: problem.map(|problem| problem.code.to_string()),
            },
            Notice::Error(error) => Self::error(&error.code, error.detail, error.action.into()),
            Notice::Idle => return None,
        })
    }
}

impl From<problem::Action> for Action {
    fn from(action: problem::Action) -> Self {
        match action {
            problem::Action::Retry => Self::Retry,
            problem::Action::Refresh => Self::Refresh,
            problem::Action::Drop => Self::Drop,
            problem::Action::Stop => Self::Stop,
        }
    }
}

/// Numbers of the contract stay below 2^53.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
