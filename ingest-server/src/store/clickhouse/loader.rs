//! Loads what waits in the outbox: events first, then changes of what sessions are worth, each in blocks.
//!
//! After a failure the same is tried again, later and later. Nothing else waits for that.

use super::connection::{patiently, rows};
use super::outbox::{Block, Rows};
use super::rowbinary::Values;
use super::rows::{CHANGE_COLUMNS, EVENT_COLUMNS, PART_COLUMNS, changes};
use super::{Shared, migrations};
use crate::store::StoreError;
use clickhouse::Row;
use clickhouse::insert::Insert;
use delistening_schema::play::Play;
use serde::{Deserialize, Serialize};
use std::sync::{Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Rows of a block of events.
const EVENTS: usize = 200_000;
/// Changes of a block.
const CHANGES: usize = 50_000;
/// Bytes that are handed over together.
const CHUNK: usize = 1 << 20;
/// How long ClickHouse may take for a block.
const PATIENCE: Duration = Duration::from_mins(5);
/// The first and the longest pause after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How often other nodes' parts of this node's sessions are looked for, and what waits is tried without being told.
const LOOK: Duration = Duration::from_secs(10);

/// What the loader found out since the start.
#[derive(Debug, Default)]
pub struct State {
    /// The tables are those that this program knows, and ClickHouse counts what the outbox thinks it does.
    checked: bool,
    /// When other nodes' parts of this node's sessions were looked for.
    looked: Option<Instant>,
}

/// Wakes the loader.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    wake: Condvar,
}

impl Bell {
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    /// Waits until it rings, at most for `limit`.
    fn wait(&self, limit: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) =
            self.wake.wait_timeout_while(rung, limit, |rung| !*rung).unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}

/// Loads whenever there is something, until the store is gone.
pub fn run(shared: &Weak<Shared>) {
    let mut pause = PAUSES.0;
    while let Some(shared) = shared.upgrade() {
        match shared.load(LOOK) {
            Ok(_) => {
                pause = PAUSES.0;
                shared.bell.wait(LOOK);
            }
            Err(error) => {
                tracing::warn!(%error, "nothing is loaded into ClickHouse at the moment; it waits here");
                std::thread::sleep(pause);
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

#[derive(Row, Serialize, Deserialize)]
struct NodeRow<'a> {
    node: &'a str,
    version: u64,
    leaves: u64,
}

#[derive(Row, Deserialize)]
struct PlayText {
    play: String,
}

impl Shared {
    /// Loads everything that waits, and gives how many blocks that took. Looks for what other nodes hold of the same
    /// sessions, unless that is less than `patience` ago.
    pub fn load(&self, patience: Duration) -> Result<u64, StoreError> {
        let mut state = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.checked {
            self.runtime.block_on(self.check())?;
            state.checked = true;
        }
        let looks = state.looked.is_none_or(|looked| looked.elapsed() >= patience);
        let (mut blocks, mut looked) = (0, Ok(false));
        loop {
            // First, so that what another node is known to count is not counted here. What fails of it holds up nothing
            // else.
            if looks && looked.is_ok() {
                looked = self.share();
            }
            let loaded = self.load_blocks()?;
            blocks += loaded;
            if loaded == 0 && !matches!(looked, Ok(true)) {
                break;
            }
        }
        self.forget()?;
        looked?;
        if looks {
            state.looked = Some(Instant::now());
        }
        Ok(blocks)
    }

    fn load_blocks(&self) -> Result<u64, StoreError> {
        let mut blocks = 0;
        loop {
            let events = self.outbox().rows(EVENTS)?;
            if let Some(events) = &events {
                self.runtime.block_on(self.send_events(events))?;
                self.outbox().rows_loaded(events)?;
                blocks += 1;
            }
            let block = self.outbox().block(CHANGES)?;
            if let Some(block) = &block {
                self.runtime.block_on(self.send_changes(block))?;
                self.outbox().block_loaded(block)?;
                blocks += 1;
            }
            if events.is_none() && block.is_none() {
                return Ok(blocks);
            }
            let (version, leaves) = self.outbox().progress()?;
            self.runtime.block_on(self.send_progress(version, leaves))?;
        }
    }

    /// Sees that the tables are right, and that it is known what ClickHouse counts of this node.
    async fn check(&self) -> Result<(), StoreError> {
        migrations::check(&self.connection).await?;
        let query = self.connection.query("SELECT max(version) FROM nodes WHERE node = ?").bind(&self.node);
        let version: u64 = patiently(query.fetch_one()).await?;
        if self.outbox().agrees(version)? {
            return Ok(());
        }
        let query = self.connection.query("SELECT play FROM plays FINAL WHERE node = ?").bind(&self.node);
        let texts: Vec<PlayText> = rows(query).await?;
        let plays: Vec<Play> =
            texts.iter().map(|text| serde_json::from_str(&text.play)).collect::<Result<_, _>>()?;
        self.outbox().restore(version, &plays)
    }

    async fn send_events(&self, Rows { token, events, parts, .. }: &Rows) -> Result<(), StoreError> {
        self.send_rows("play_events", EVENT_COLUMNS, token, events.iter().map(Vec::as_slice)).await?;
        // Last, so that whoever finds a part finds its events.
        self.send_rows("session_parts", PART_COLUMNS, token, parts.iter().map(Vec::as_slice)).await
    }

    /// Sends a block of rows that are encoded already.
    async fn send_rows(
        &self,
        table: &str,
        columns: &str,
        token: &str,
        rows: impl Iterator<Item = &[u8]>,
    ) -> Result<(), StoreError> {
        let text = format!("INSERT INTO {table} ({columns}) FORMAT RowBinary");
        let mut insert = self.connection.client().insert_formatted_with(text);
        for (name, value) in settings(token) {
            insert = insert.with_setting(name, value);
        }
        let insert = insert.with_timeouts(Some(PATIENCE), Some(PATIENCE));
        let mut insert = insert.buffered_with_capacity(CHUNK);
        for rows in rows {
            insert.write_buffered(rows);
            if insert.buf_len() >= CHUNK {
                insert.flush().await?;
            }
        }
        Ok(insert.end().await?)
    }

    async fn send_changes(&self, Block { version, token, changes: sent }: &Block) -> Result<(), StoreError> {
        let rows: Vec<Values> = sent
            .iter()
            .map(|change| changes(&self.node, *version, change.before.as_ref(), change.now.as_ref()))
            .collect();
        self.send_rows("play_changes", CHANGE_COLUMNS, token, rows.iter().map(Values::bytes)).await
    }

    async fn send_progress(&self, version: u64, leaves: u64) -> Result<(), StoreError> {
        let token = format!("{}/{version}/{leaves}", self.node);
        let mut insert = self.insert::<NodeRow<'_>>("nodes", &token).await?;
        insert.write(&NodeRow { node: &self.node, version, leaves }).await?;
        Ok(insert.end().await?)
    }

    /// An insert of one block that ClickHouse knows again, in the table and in all views of it.
    pub(super) async fn insert<T: Row>(&self, table: &str, token: &str) -> Result<Insert<T>, StoreError> {
        let mut insert = patiently(self.connection.client().insert::<T>(table)).await?;
        for (name, value) in settings(token) {
            insert = insert.with_setting(name, value);
        }
        Ok(insert.with_timeouts(Some(PATIENCE), Some(PATIENCE)))
    }

    /// Deletes what ClickHouse still has of listeners who are to be forgotten; what it counted of them is taken away by
    /// then.
    fn forget(&self) -> Result<(), StoreError> {
        let listeners = self.outbox().erasures()?;
        if listeners.is_empty() {
            return Ok(());
        }
        for table in ["session_parts", "play_events", "plays", "shared_plays"] {
            let text = format!(
                "ALTER TABLE {} DELETE WHERE listener IN ? SETTINGS mutations_sync = 2",
                self.connection.part_of(table)
            );
            let query = self.connection.query(&text).bind(&listeners);
            self.runtime.block_on(patiently(query.execute()))?;
        }
        Ok(self.outbox().erased(&listeners)?)
    }
}

/// The settings of an insert.
fn settings(token: &str) -> [(&'static str, &str); 6] {
    [
        ("insert_deduplication_token", token),
        ("deduplicate_blocks_in_dependent_materialized_views", "1"),
        ("async_insert", "0"),
        ("max_insert_block_size", "1048576"),
        // A device may claim to have played in any year.
        ("max_partitions_per_insert_block", "0"),
        // On a cluster an insert is done when the nodes that hold the rows have them.
        ("distributed_foreground_insert", "1"),
    ]
}
