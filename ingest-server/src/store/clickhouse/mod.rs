//! The store at scale: a ClickHouse server or cluster, shared by all ingest nodes.
//!
//! What is to be loaded waits in the `outbox`, a local file, so that nothing waits for ClickHouse: not acks, which end
//! at the journal, and not verdicts. The `loader` sends it in large blocks. Every change of a verdict is a row that
//! takes away what was counted before and a row that adds what is counted now; a block has a token by which ClickHouse
//! knows it again, and is kept until it was acknowledged, so that wherever either side is killed, the same block is
//! sent again and counted once.
//!
//! Nodes meet in the tables: `sharing` sees to it that a session whose batches reached several of them counts once.
//!
//! The tables stand in `schema/clickhouse/`; `migrations` makes and checks them. `queries` and `details` ask.

mod connection;
mod details;
mod loader;
pub mod migrations;
mod native;
mod outbox;
mod queries;
mod rows;
mod sharing;

pub use connection::{Connection, Secret};

use super::{
    Addition, Bounds, Change, Dimension, Filter, Held, Rank, Ranked, Reason, Retention, Series, Store,
    StoreError,
};
use delistening_schema::analysis::Analysis;
use delistening_schema::play::Play;
use loader::Bell;
use outbox::Outbox;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// Counts plays in ClickHouse.
#[derive(Debug)]
pub struct ClickHouseStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connection: Connection,
    /// The origin of this node's log.
    node: String,
    /// By which sessions are judged that other nodes hold parts of, too.
    analysis: Arc<Analysis>,
    outbox: Mutex<Outbox>,
    /// One load at a time.
    loading: Mutex<loader::State>,
    bell: Bell,
    runtime: Handle,
}

impl ClickHouseStore {
    /// Opens the outbox in `folder` for the node whose log is `node`. Loads by itself, on a thread of its own, once
    /// [`Self::start`] is called.
    pub fn open(
        connection: Connection,
        node: &str,
        folder: &Path,
        analysis: Arc<Analysis>,
        runtime: Handle,
    ) -> Result<Self, StoreError> {
        let outbox = Outbox::open(&folder.join("clickhouse-outbox.sqlite"), node)?;
        let shared = Shared {
            connection,
            node: node.to_owned(),
            analysis,
            outbox: Mutex::new(outbox),
            loading: Mutex::default(),
            bell: Bell::default(),
            runtime,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Sees that the tables are right, and in the database that was loaded into before.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.shared.check_database().await
    }

    /// Loads from now on, until this store is dropped.
    pub fn start(&self) {
        let shared = Arc::downgrade(&self.shared);
        std::thread::spawn(move || loader::run(&shared));
    }

    /// Loads everything that waits, and gives how many blocks that took.
    pub fn load(&self) -> Result<u64, StoreError> {
        self.shared.load(Duration::ZERO)
    }
}

impl Drop for ClickHouseStore {
    fn drop(&mut self) {
        self.shared.bell.ring();
    }
}

impl Shared {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for ClickHouseStore {
    fn cursor(&self) -> Result<u64, StoreError> {
        Ok(self.shared.outbox().cursor()?)
    }

    fn apply(&self, additions: &[Addition], plays: &[Play], cursor: u64) -> Result<Vec<Change>, StoreError> {
        let changes = self.shared.outbox().take(additions, plays, cursor)?;
        self.shared.bell.ring();
        Ok(changes)
    }

    fn erase(&self, listener: &str) -> Result<Vec<Change>, StoreError> {
        let changes = self.shared.outbox().erase(listener)?;
        self.shared.bell.ring();
        Ok(changes)
    }

    fn held(&self, most: u32) -> Result<Held, StoreError> {
        let (filter, all) = (Filter::default(), Bounds::all());
        self.shared.while_nothing_is_loaded(|waiting| {
            Ok(Held {
                total: self.counts(&filter, &all)?.total,
                tracks: self.top(Dimension::Track, &filter, &all, None, most)?,
                artists: self.top(Dimension::Artist, &filter, &all, None, most)?,
                waiting,
            })
        })
    }

    fn loaded(&self) -> Result<u64, StoreError> {
        Ok(self.shared.outbox().loaded()?)
    }

    fn version(&self) -> Result<u64, StoreError> {
        self.shared.runtime.block_on(queries::version(&self.shared.connection))
    }

    fn counts(&self, filter: &Filter, bounds: &Bounds) -> Result<Series, StoreError> {
        self.shared.runtime.block_on(queries::counts(&self.shared.connection, filter, bounds))
    }

    fn top(
        &self,
        dimension: Dimension,
        filter: &Filter,
        bounds: &Bounds,
        after: Option<&Rank>,
        limit: u32,
    ) -> Result<Vec<Ranked>, StoreError> {
        let question = queries::top(&self.shared.connection, dimension, filter, bounds, after, limit);
        self.shared.runtime.block_on(question)
    }

    fn retention(&self, filter: &Filter, bounds: &Bounds) -> Result<Retention, StoreError> {
        self.shared.runtime.block_on(details::retention(&self.shared.connection, filter, bounds))
    }

    fn reasons(&self, filter: &Filter, bounds: &Bounds) -> Result<Vec<Reason>, StoreError> {
        self.shared.runtime.block_on(details::reasons(&self.shared.connection, filter, bounds))
    }
}
