//! Where judged sessions are kept and counted.
//!
//! A store is a projection of the journal: it may be dropped and filled again. It keeps the cursor up to
//! which it has been filled in the same transaction as what fills it.

mod sqlite;

pub use sqlite::SqliteStore;

use delistening_schema::play::{Evidence, Verdict};
use delistening_schema::{DeviceId, Event};
use serde::Serialize;
use uuid::Uuid;

/// Why a store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("the store cannot be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What is stored is not what was written.
    #[error("the store holds something that cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

/// The name of a session: session ids are the device's own, so that no device can touch another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    /// Whose.
    pub device: DeviceId,
    /// Which.
    pub session: Uuid,
}

/// The events of one session in one batch.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// The session.
    pub key: SessionKey,
    /// The listener.
    pub listener: String,
    /// The batch's index in the log.
    pub leaf: u64,
    /// When the batch was received, milliseconds since 1970.
    pub received: u64,
    /// The time that the batch's anchor vouches for.
    pub anchored: Option<u64>,
    /// The events.
    pub events: Vec<Event>,
}

/// A judged session.
#[derive(Clone, Debug, PartialEq)]
pub struct Play {
    /// The session.
    pub key: SessionKey,
    /// The listener.
    pub listener: String,
    /// The track.
    pub track: String,
    /// The artist, if the session's start told.
    pub artist: Option<String>,
    /// When it began, by the device's clock but not later than it was received.
    pub at: u64,
    /// What it is worth.
    pub verdict: Verdict,
}

/// How a play's count changed: what was counted before, and what is counted now.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The verdict before, if the session was known.
    pub before: Option<Verdict>,
    /// The play as it is now.
    pub play: Play,
}

/// Which plays to count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this track.
    pub track: Option<String>,
    /// Of this artist.
    pub artist: Option<String>,
    /// Begun at or after this time, milliseconds since 1970.
    pub from: Option<u64>,
    /// Begun before this time.
    pub to: Option<u64>,
}

/// Counts of plays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Plays that count.
    pub valid: u64,
    /// Sessions with too little heard.
    pub short: u64,
    /// Sessions played inaudibly.
    pub muted: u64,
    /// Sessions set apart by analysis.
    pub suspect: u64,
    /// Sessions that contradict themselves.
    pub invalid: u64,
    /// Different listeners with a play that counts.
    pub listeners: u64,
    /// Media time heard in plays that count, in milliseconds.
    pub heard_ms: u64,
}

/// What a list of the most played names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Tracks.
    Track,
    /// Artists.
    Artist,
}

/// One line of a list of the most played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ranked {
    /// The track or artist.
    pub id: String,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A store.
pub trait Store: std::fmt::Debug + Send + Sync {
    /// How many entries of the log it has taken in.
    fn cursor(&self) -> Result<u64, StoreError>;

    /// Takes in fragments, judges their sessions anew from everything known of them with `judge`, and moves the
    /// cursor, all or nothing. Taking in the same fragment again changes nothing.
    fn apply(
        &self,
        fragments: &[Fragment],
        cursor: u64,
        judge: &dyn Fn(&[Evidence]) -> Verdict,
    ) -> Result<Vec<Change>, StoreError>;

    /// Counts plays.
    fn counts(&self, filter: &Filter) -> Result<Counts, StoreError>;

    /// The most played, by plays that count.
    fn top(&self, dimension: Dimension, filter: &Filter, limit: u32) -> Result<Vec<Ranked>, StoreError>;
}
