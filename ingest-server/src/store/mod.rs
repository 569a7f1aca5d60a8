//! Where judged sessions are kept and counted.
//!
//! A store is a projection of the journal: it may be dropped and filled again. It keeps the cursor up to
//! which it has been filled in the same transaction as what fills it.

mod sqlite;

pub use sqlite::SqliteStore;

use delistening_schema::play::{Counts, Fragment, Play, SessionKey};
use serde::Serialize;

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

/// What one batch says of a session, under the session's name.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The session.
    pub key: SessionKey,
    /// What is said of it.
    pub fragment: Fragment,
}

/// How a session's play changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The play before, if the session was known.
    pub before: Option<Play>,
    /// The play now, unless the session was erased.
    pub now: Option<Play>,
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

    /// Takes in what batches say, and the plays that are judged anew, each in place of the one of its session before;
    /// moves the cursor; all or nothing. Taking in the same again changes nothing.
    fn apply(&self, additions: &[Addition], plays: &[Play], cursor: u64) -> Result<Vec<Change>, StoreError>;

    /// Forgets everything of a listener.
    fn erase(&self, listener: &str) -> Result<Vec<Change>, StoreError>;

    /// Counts plays.
    fn counts(&self, filter: &Filter) -> Result<Counts, StoreError>;

    /// The most played, by plays that count.
    fn top(&self, dimension: Dimension, filter: &Filter, limit: u32) -> Result<Vec<Ranked>, StoreError>;
}
