//! Loads what waits in the outbox: events and changes of what sessions are worth, each in blocks. While ClickHouse takes
//! one, the next are on their way, so that it need not wait for bytes. A block of events is unpacked piece by piece, as it
//! goes.
//!
//! After a failure the same is tried again, later and later. Nothing else waits for that.

use super::connection::{patiently, rows};
use super::native::{Columns, Stream, names};
use super::outbox::{Block, Rows};
use super::rows::{CHANGES, ERASED, EVENTS, PARTS, Waiting, change};
use super::{Shared, migrations};
use crate::store::{Change, StoreError};
use bytes::Bytes;
use clickhouse::Row;
use clickhouse::insert::Insert;
use clickhouse::insert_formatted::InsertFormatted;
use delistening_schema::play::Play;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

/// Events that are unpacked together, on their way: some 2 MB.
const EVENTS_OF_PIECE: usize = 5_000;
/// Blocks that are under way at a time: one that ClickHouse works on, one on its way there, and one to begin with next.
const UNDER_WAY: usize = 3;
/// Changes of a block.
const CHANGES_OF_BLOCK: usize = 100_000;
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

/// A block that is ready to be sent.
enum Ready {
    Events(Rows),
    Changes(Changes),
}

/// What a block that was sent holds: events up to this place in the outbox, or the changes of this number.
#[derive(Clone, Copy)]
enum Sent {
    Events(i64),
    Changes(u64),
}

/// Blocks that are under way, in the order in which they were sent.
type Sending<'scope> = VecDeque<(Sent, ScopedJoinHandle<'scope, Result<(), StoreError>>)>;

/// A block of changes that is ready to be sent.
struct Changes {
    block: Block,
    rows: Columns,
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
        let mut state = self.begin()?;
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

    /// Keeps everybody else from loading, once it is known what ClickHouse counts.
    fn begin(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let mut state = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.checked {
            self.runtime.block_on(self.check())?;
            state.checked = true;
        }
        Ok(state)
    }

    /// Calls `look` with the changes that ClickHouse does not count yet, while these stay the same.
    pub fn while_nothing_is_loaded<T>(
        &self,
        look: impl FnOnce(Vec<Change>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _still = self.begin()?;
        // Nobody knows whether ClickHouse counts a block that it did not acknowledge.
        let sent = self.outbox().sent_block()?;
        if let Some(block) = sent {
            let version = block.version;
            self.runtime.block_on(self.send_ready(Ready::Changes(self.ready(block))))?;
            self.outbox().block_loaded(version)?;
        }
        let waiting = self.outbox().waiting()?;
        look(waiting)
    }

    /// Sends what waits, events and changes in turn, and gives how many blocks that took. While ClickHouse takes one block,
    /// the next are on their way.
    fn load_blocks(&self) -> Result<u64, StoreError> {
        std::thread::scope(|scope| {
            let mut sending = Sending::new();
            let (mut blocks, mut behind, mut changing) = (0, 0, false);
            loop {
                let events = self.outbox().rows(behind)?.map(Ready::Events);
                // Of changes there is one block at a time.
                let changes = if changing { None } else { self.next_changes()?.map(Ready::Changes) };
                let idle = events.is_none() && changes.is_none();
                for ready in events.into_iter().chain(changes) {
                    while sending.len() >= UNDER_WAY {
                        changing &= !self.finish(&mut sending)?;
                    }
                    let sent = match &ready {
                        Ready::Events(events) => Sent::Events(events.last),
                        Ready::Changes(Changes { block, .. }) => Sent::Changes(block.version),
                    };
                    match sent {
                        Sent::Events(last) => behind = last,
                        Sent::Changes(_) => changing = true,
                    }
                    sending.push_back((
                        sent,
                        scope.spawn(move || self.runtime.block_on(self.send_ready(ready))),
                    ));
                    blocks += 1;
                }
                if idle {
                    if sending.is_empty() {
                        break;
                    }
                    changing &= !self.finish(&mut sending)?;
                }
            }
            if blocks > 0 {
                self.send_progress()?;
            }
            Ok(blocks)
        })
    }

    /// Waits for the block that was sent first; gives whether it was one of changes.
    fn finish(&self, sending: &mut Sending<'_>) -> Result<bool, StoreError> {
        let Some((sent, thread)) = sending.pop_front() else { return Ok(false) };
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        match sent {
            Sent::Events(last) => self.outbox().rows_loaded(last)?,
            Sent::Changes(version) => {
                self.outbox().block_loaded(version)?;
                // Whoever keeps answers sees by this that they may be others.
                self.send_progress()?;
            }
        }
        Ok(matches!(sent, Sent::Changes(_)))
    }

    /// The next block of changes.
    fn next_changes(&self) -> Result<Option<Changes>, StoreError> {
        let block = self.outbox().block(CHANGES_OF_BLOCK)?;
        Ok(block.map(|block| self.ready(block)))
    }

    fn ready(&self, block: Block) -> Changes {
        let mut rows = Columns::new(&CHANGES);
        for sent in &block.changes {
            change(&mut rows, &self.node, block.version, sent);
        }
        Changes { block, rows }
    }

    async fn send_ready(&self, ready: Ready) -> Result<(), StoreError> {
        match ready {
            Ready::Events(mut rows) => {
                let mut waiting = Waiting::default();
                let mut insert = self.native("play_events", &EVENTS, &rows.token);
                while rows.unpack(EVENTS_OF_PIECE, &mut waiting)? {
                    send(&mut insert, &EVENTS, waiting.take_events()).await?;
                }
                insert.end().await?;
                // Last, so that whoever finds a part finds its events.
                let mut insert = self.native("session_parts", &PARTS, &rows.token);
                send(&mut insert, &PARTS, waiting.parts).await?;
                Ok(insert.end().await?)
            }
            Ready::Changes(Changes { block, rows }) => {
                let mut insert = self.native("play_changes", &CHANGES, &block.token);
                send(&mut insert, &CHANGES, rows).await?;
                Ok(insert.end().await?)
            }
        }
    }

    /// Sees that the tables are right, and in the database that was loaded into before.
    pub async fn check_database(&self) -> Result<(), StoreError> {
        let database = migrations::check(&self.connection).await?;
        self.outbox().keep_to(&database)
    }

    /// The same, and that it is known what ClickHouse counts of this node.
    async fn check(&self) -> Result<(), StoreError> {
        self.check_database().await?;
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

    /// An insert of columns that ClickHouse knows again; nothing is sent before the first of them.
    fn native(&self, name: &str, table: &[Stream], token: &str) -> InsertFormatted {
        let text = format!("INSERT INTO {name} ({}) FORMAT Native", names(table));
        let mut insert = self.connection.client().insert_formatted_with(text);
        for (name, value) in settings(token) {
            insert = insert.with_setting(name, value);
        }
        insert.with_timeouts(Some(PATIENCE), Some(PATIENCE))
    }

    /// Tells how far this node is.
    fn send_progress(&self) -> Result<(), StoreError> {
        let (version, leaves) = self.outbox().progress()?;
        let token = format!("{}/{version}/{leaves}", self.node);
        self.runtime.block_on(async {
            let mut insert = self.insert::<NodeRow<'_>>("nodes", &token).await?;
            insert.write(&NodeRow { node: &self.node, version, leaves }).await?;
            Ok(insert.end().await?)
        })
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
    /// then. What came of them since stays, and so does what other nodes have: they are asked as well.
    fn forget(&self) -> Result<(), StoreError> {
        let erasures = self.outbox().erasures()?;
        if erasures.is_empty() {
            return Ok(());
        }
        let listeners: Vec<&str> = erasures.iter().map(|erasure| erasure.listener.as_str()).collect();
        let leaves: Vec<u64> = erasures.iter().map(|erasure| erasure.leaves).collect();
        let versions: Vec<u64> = erasures.iter().map(|erasure| erasure.version + 1).collect();
        let erased = format!(" OR play = '{ERASED}'");
        for (table, column, bounds, or) in [
            ("session_parts", "leaf", &leaves, ""),
            ("play_events", "leaf", &leaves, ""),
            ("plays", "version", &versions, &*erased),
            ("shared_plays", "version", &versions, ""),
        ] {
            let text = format!(
                "ALTER TABLE {} DELETE WHERE node = ? AND listener IN ?
                 AND ({column} < transform(listener, ?, ?, toUInt64(0)){or}) SETTINGS mutations_sync = 2",
                self.connection.part_of(table)
            );
            let query = self.connection.query(&text).bind(&self.node).bind(&listeners);
            self.runtime.block_on(patiently(query.bind(&listeners).bind(bounds).execute()))?;
        }
        Ok(self.outbox().erased(&erasures)?)
    }
}

/// Sends rows as part of an insert.
async fn send(insert: &mut InsertFormatted, table: &[Stream], rows: Columns) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    for piece in rows.into_block(table) {
        let mut piece = Bytes::from(piece);
        while !piece.is_empty() {
            insert.send(piece.split_to(piece.len().min(CHUNK))).await?;
        }
    }
    Ok(())
}

/// The settings of an insert.
fn settings(token: &str) -> [(&'static str, &str); 8] {
    [
        ("insert_deduplication_token", token),
        // What replaces or sums up does so when parts are merged; doing it at once as well is most of what an insert costs.
        ("optimize_on_insert", "0"),
        ("parallel_view_processing", "1"),
        ("deduplicate_blocks_in_dependent_materialized_views", "1"),
        ("async_insert", "0"),
        ("max_insert_block_size", "1048576"),
        // A device may claim to have played in any year.
        ("max_partitions_per_insert_block", "0"),
        // On a cluster an insert is done when the nodes that hold the rows have them.
        ("distributed_foreground_insert", "1"),
    ]
}
