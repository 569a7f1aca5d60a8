//! Where judged plays are counted: one trait, two stores, the same answers.
//!
//! A store is a projection of the journal: it may be dropped and filled again. `sqlite` is one file in the data
//! folder; `clickhouse` is a server or a cluster. What is asked stands in `query` and `detail`; where buckets of a time zone begin
//! in `buckets`, so that neither store has to know.

pub mod buckets;
pub mod clickhouse;
mod detail;
mod query;
mod sqlite;

pub use detail::{PARTS, Reason, Retention};
pub use query::{Bounds, Dimension, Filter, Rank, Ranked, Series};
pub use sqlite::SqliteStore;

use delistening_schema::play::{Counts, Fragment, Play, SessionKey};
use std::path::PathBuf;
use std::sync::Arc;

/// Why a store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("the store cannot be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What is stored is not what was written.
    #[error("the store holds something that cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// ClickHouse does not answer, or refused.
    #[error("ClickHouse: {0}")]
    ClickHouse(String),
    /// The tables are not those that this program knows.
    #[error("ClickHouse: {0}")]
    Drift(String),
    /// ClickHouse was away for so long that no more is put aside for it.
    #[error(
        "{waiting} batches wait in {path} to be loaded into ClickHouse, and no more are put aside: the journal keeps \
         the rest until ClickHouse answers"
    )]
    Behind {
        /// How many wait.
        waiting: u64,
        /// Where.
        path: PathBuf,
    },
}

/// What one batch says of a session, under the session's name.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The session.
    pub key: SessionKey,
    /// What is said of it.
    pub fragment: Arc<Fragment>,
}

/// How a session's play changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The play before, if the session was known.
    pub before: Option<Play>,
    /// The play now, unless the session was erased.
    pub now: Option<Play>,
}

/// Everything that a store has taken in, at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What it counts.
    pub total: Counts,
    /// The most played tracks of that.
    pub tracks: Vec<Ranked>,
    /// The most played artists of that.
    pub artists: Vec<Ranked>,
    /// How what it counts will change by what it has taken in and answers do not know of.
    pub waiting: Vec<Change>,
}

/// A store.
pub trait Store: std::fmt::Debug + Send + Sync {
    /// How many entries of the log it has taken in.
    fn cursor(&self) -> Result<u64, StoreError>;

    /// Takes in what batches say and what sessions are worth from now on, and moves the cursor, all or nothing. Taking
    /// in the same again changes nothing. A store that is somewhere else takes note here and goes there later.
    fn apply(&self, additions: &[Addition], plays: &[Play], cursor: u64) -> Result<Vec<Change>, StoreError>;

    /// Forgets everything of a listener.
    fn erase(&self, listener: &str) -> Result<Vec<Change>, StoreError>;

    /// Everything that it has taken in, with so many tracks and artists at most. Not while something is taken in.
    fn held(&self, most: u32) -> Result<Held, StoreError> {
        let (filter, all) = (Filter::default(), Bounds::all());
        Ok(Held {
            total: self.counts(&filter, &all)?.total,
            tracks: self.top(Dimension::Track, &filter, &all, None, most)?,
            artists: self.top(Dimension::Artist, &filter, &all, None, most)?,
            waiting: Vec::new(),
        })
    }

    /// How many entries of the log answers know of.
    fn loaded(&self) -> Result<u64, StoreError> {
        self.cursor()
    }

    /// A number that is another one whenever answers may be others.
    fn version(&self) -> Result<u64, StoreError>;

    /// Counts plays by when they began.
    fn counts(&self, filter: &Filter, bounds: &Bounds) -> Result<Series, StoreError>;

    /// The most played by plays that count, then by name, those after `after`; plays without that name are in none of
    /// them. `bounds` has one bucket. Each is asked of the subjects that it [`is of`](Dimension::is_of).
    fn top(
        &self,
        dimension: Dimension,
        filter: &Filter,
        bounds: &Bounds,
        after: Option<&Rank>,
        limit: u32,
    ) -> Result<Vec<Ranked>, StoreError>;

    /// Where in what was played people listen.
    fn retention(&self, filter: &Filter, bounds: &Bounds) -> Result<Retention, StoreError>;

    /// Why plays do not count, the most frequent reasons first.
    fn reasons(&self, filter: &Filter, bounds: &Bounds) -> Result<Vec<Reason>, StoreError>;
}
