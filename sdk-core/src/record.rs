//! What is stored, and how it is read back. A record that cannot be read is set aside, never fatal.

use crate::io::Record;
use crate::prelude::*;
use crate::sorted::Map;
use delistening_schema::json::{self, FromJson, Json, Raw, ToJson};
use delistening_schema::ledger::{Checkpoint, LogKey};
use delistening_schema::object;
use delistening_schema::{DeviceId, DropReason, Dropped, Hash, Intervals};
use uuid::Uuid;

pub const STATE: &str = "state";
pub const EVENT: &str = "event/";
pub const BATCH: &str = "batch/";
pub const SESSION: &str = "session/";
pub const ALARM: &str = "alarm";

/// The version written into every record.
const VERSION: u32 = 1;

/// The chain, and what was learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Whose chain it is; absent where an older version of the SDK wrote it.
    pub device: Option<DeviceId>,
    /// Sequence number of the newest batch.
    pub seq: u64,
    /// Its hash.
    pub prev: Option<Hash>,
    /// The service that batches are for.
    pub audience: Option<String>,
    /// The listener last seen.
    pub listener: Option<String>,
    /// Logs by origin.
    pub logs: Map<String, LogState>,
    /// The log of the newest verified receipt.
    pub newest: Option<String>,
    /// Events given up that no batch has told of yet.
    pub dropped: Map<DropReason, u64>,
}

object!(State {
    [device], seq, prev, audience, listener, [logs], [newest], [dropped]
});

/// What is known of one log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogState {
    /// Its key (vkey).
    pub key: String,
    /// The newest checkpoint that was verified and proved to continue the one before: a signed note.
    pub checkpoint: Option<String>,
    /// When this device last asked the log itself, or first knew of it: wall clock, milliseconds since 1970.
    pub audited: Option<u64>,
    /// The size of the newest checkpoint at that time.
    pub audited_size: u64,
    /// The key that signed the checkpoint, if that is not the log's present one.
    pub checkpoint_key: Option<String>,
    /// What led to the log's present key, if it is not the first that was believed.
    pub led: Option<Led>,
}

object!(LogState { key, checkpoint, [audited], [audited_size], [checkpoint_key], [led] });

/// How a log was handed over.
#[derive(Clone, Debug, PartialEq)]
pub struct Led {
    /// The first key that was believed (vkey).
    pub from: String,
    /// The proofs of the announcements.
    pub handovers: Vec<String>,
}

object!(Led { from, handovers });

impl LogState {
    /// A log of which nothing is known but its key.
    pub fn new(key: &LogKey) -> Self {
        Self {
            key: key.to_vkey(),
            checkpoint: None,
            audited: None,
            audited_size: 0,
            checkpoint_key: None,
            led: None,
        }
    }

    /// Remembers a checkpoint that was verified and is of one history with the newest one, if it is larger.
    pub fn advance(&mut self, note: &str) {
        let size = |note: &str| Checkpoint::unverified(note).map_or(0, |checkpoint| checkpoint.size);
        if self.checkpoint.as_deref().is_none_or(|known| size(known) < size(note)) {
            self.checkpoint = Some(note.to_owned());
            self.checkpoint_key = None;
        }
    }

    /// Believes the key that the log was handed over to.
    pub fn hand_over(&mut self, key: &LogKey, handovers: Vec<String>) {
        let before = core::mem::replace(&mut self.key, key.to_vkey());
        if self.checkpoint.is_some() {
            self.checkpoint_key.get_or_insert_with(|| before.clone());
        }
        let from = self.led.take().map_or(before, |led| led.from);
        self.led = Some(Led { from, handovers });
    }
}

/// The log was found to be rewritten.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmRecord {
    /// Whether the app has said that a person knows.
    pub acknowledged: bool,
    /// In a sentence.
    pub detail: String,
    pub origin: String,
    /// JSON of `delistening_schema::ledger::Evidence`, which nobody here has to read again.
    pub evidence: String,
}

object!(AlarmRecord { acknowledged, detail, origin, evidence });

/// An event that waits to be sealed.
#[derive(Clone, Debug)]
pub struct EventRecord {
    /// Whose it is, if that was known.
    pub listener: Option<String>,
    /// The event.
    pub event: Raw,
}

object!(EventRecord { [listener], event });

/// A sealed batch that waits for its receipt.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchRecord {
    pub seq: u64,
    pub listener: String,
    pub events: usize,
    /// When its oldest event was recorded, by the device's clock; absent where an older version wrote it.
    pub since: Option<u64>,
    /// What it tells of having been given up: told again by a later one if this one is given up itself.
    pub dropped: Vec<Dropped>,
    pub jws: String,
}

object!(BatchRecord { seq, listener, events, [since], [dropped], jws });

/// A session that is open: what is needed to end it if its owner is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRecord {
    pub owner: String,
    pub session: Uuid,
    pub track: String,
    pub listener: Option<String>,
    /// The device that tells of it, where its key was known.
    pub device: Option<DeviceId>,
    /// When it was last known to be open: wall clock, and milliseconds since it began.
    pub at: u64,
    pub mono: u64,
    pub position_ms: u64,
    pub heard: Intervals,
    pub played_ms: u64,
    pub pauses: u32,
    pub seeks: u32,
    pub stalls: u32,
}

object!(SessionRecord {
    owner, session, track, [listener], [device], at, mono, position_ms, heard, played_ms, pauses, seeks, stalls
});

/// When an event was recorded, by the device's clock: its id, a `UUIDv7`, begins with the time.
pub fn event_time(key: &str) -> Option<u64> {
    let id = Uuid::try_parse(key.strip_prefix(EVENT)?).ok()?;
    let mut time = [0; 8];
    time[2..].copy_from_slice(&id.as_bytes()[..6]);
    Some(u64::from_be_bytes(time))
}

pub fn event_key(id: Uuid) -> String {
    format!("{EVENT}{id}")
}

/// Padded, so that keys sort by sequence number.
pub fn batch_key(seq: u64) -> String {
    format!("{BATCH}{seq:016}")
}

pub fn session_key(session: Uuid) -> String {
    format!("{SESSION}{session}")
}

pub fn write(key: String, value: &impl ToJson) -> Record {
    let json = json::to_string(value);
    // Every record is an object with members; the version goes in front of them.
    let members = json.strip_prefix('{').unwrap_or_default();
    Record { key, value: format!("{{\"v\":{VERSION},{members}") }
}

/// Why a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// A later version of the SDK wrote it: it is left alone for that version.
    Later,
    /// It is damaged.
    Corrupted,
}

pub fn read<T: FromJson>(record: &Record) -> Result<T, Unreadable> {
    let json = Json::parse(&record.value).ok_or(Unreadable::Corrupted)?;
    match json.required::<u32>("v") {
        Some(v) if v > VERSION => Err(Unreadable::Later),
        Some(_) => T::from_json(json).ok_or(Unreadable::Corrupted),
        None => Err(Unreadable::Corrupted),
    }
}
