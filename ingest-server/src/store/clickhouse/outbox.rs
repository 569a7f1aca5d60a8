//! What waits to be loaded, and what ClickHouse counts of it already.
//!
//! A local file, derived like every other projection. If it is lost, what ClickHouse holds of this node is read back
//! first (see `loader`), so that nothing is counted a second time.

mod shared;

pub use shared::{Decision, Untold};

use super::rows::Waiting;
use crate::derived;
use crate::store::{Addition, Change, StoreError};
use delistening_schema::play::{Play, SessionKey};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// So many sessions of batches may wait; the journal keeps the rest.
const MOST: u64 = 1_000_000;

/// The form of the file. One of another form is made anew: it is derived.
const FORM: u32 = 3;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 8000;
    -- What batches say of sessions and is not loaded: rows as they are sent, those of events (`count` of them, `size`
    -- bytes) compressed, since writing them is what costs.
    CREATE TABLE IF NOT EXISTS waiting (
        id INTEGER PRIMARY KEY AUTOINCREMENT, leaf INTEGER NOT NULL, listener TEXT NOT NULL, count INTEGER NOT NULL,
        part BLOB NOT NULL, size INTEGER NOT NULL, events BLOB NOT NULL
    );
    -- Each session's play now, unless it was erased. While it waits to be loaded (`since` this entry of the log),
    -- `counted` is what ClickHouse counts; otherwise that is the same. `block` is the block of changes that it was sent
    -- with and that is not acknowledged; where it was `altered` since, `sent` is what was sent.
    CREATE TABLE IF NOT EXISTS plays (
        device BLOB NOT NULL, session BLOB NOT NULL, now TEXT, since INTEGER, counted TEXT, block INTEGER,
        altered INTEGER NOT NULL DEFAULT 0, sent TEXT, PRIMARY KEY (device, session)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS plays_waiting ON plays (since) WHERE since IS NOT NULL;
    CREATE INDEX IF NOT EXISTS plays_sent ON plays (block) WHERE block IS NOT NULL;
    CREATE TRIGGER IF NOT EXISTS plays_altered AFTER UPDATE OF now ON plays
    WHEN old.block IS NOT NULL AND NOT old.altered AND old.now IS NOT new.now
    BEGIN
        UPDATE plays SET altered = 1, sent = old.now WHERE device = old.device AND session = old.session;
    END;
    -- Listeners whose events are to be deleted.
    CREATE TABLE IF NOT EXISTS erasures (listener TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS progress (
        one INTEGER PRIMARY KEY CHECK (one = 1), leaves INTEGER NOT NULL, version INTEGER NOT NULL,
        epoch TEXT NOT NULL, known INTEGER NOT NULL
    );
";

/// The outbox.
#[derive(Debug)]
pub struct Outbox {
    database: Connection,
    /// The origin of this node's log.
    node: String,
    zstd: Zstd,
    path: PathBuf,
}

/// Changes that are sent together.
#[derive(Debug)]
pub struct Block {
    /// Grows with every block.
    pub version: u64,
    /// By which ClickHouse knows it again.
    pub token: String,
    /// The changes.
    pub changes: Vec<Sent>,
}

/// A change that is sent.
#[derive(Debug)]
pub struct Sent {
    /// What is counted until then.
    pub before: Option<Play>,
    /// What is counted from then on, and its text.
    pub now: Option<(Play, String)>,
}

/// What batches say, as rows that are sent together.
#[derive(Debug)]
pub struct Rows {
    /// By which ClickHouse knows them again.
    pub token: String,
    /// Rows for `play_events`.
    pub events: Vec<Vec<u8>>,
    /// Rows for `session_parts`.
    pub parts: Vec<Vec<u8>>,
    last: i64,
}

impl Outbox {
    /// Opens or makes the file of the node whose log is `node`.
    pub fn open(path: &Path, node: &str) -> Result<Self, StoreError> {
        let mut database = Connection::open(path)?;
        let form: u32 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let made = "SELECT EXISTS (SELECT 1 FROM sqlite_schema)";
        if form != FORM && database.query_row(made, [], |row| row.get(0))? {
            tracing::warn!(path = %path.display(), "an outbox of another form is made anew");
            drop(database);
            derived::remove(path);
            database = Connection::open(path)?;
        }
        database.execute_batch(SCHEMA)?;
        database.pragma_update(None, "user_version", FORM)?;
        database.execute_batch(shared::SCHEMA)?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the system gives random bytes");
        // Tokens of a file that was lost never come again.
        let epoch = delistening_schema::bytes::encode(&random);
        database.execute("INSERT OR IGNORE INTO progress VALUES (1, 0, 0, ?1, 0)", [epoch])?;
        let zstd = Zstd::new().map_err(unreadable)?;
        Ok(Self { database, node: node.to_owned(), zstd, path: path.to_owned() })
    }

    /// How many entries of the log it has taken in.
    pub fn cursor(&self) -> rusqlite::Result<u64> {
        self.database.query_row("SELECT leaves FROM progress", [], |row| row.get(0))
    }

    /// How many entries of the log are loaded.
    pub fn loaded(&self) -> rusqlite::Result<u64> {
        let ask = "SELECT min(leaves, ifnull((SELECT leaf FROM waiting ORDER BY id LIMIT 1), leaves),
            ifnull((SELECT min(since) FROM plays WHERE since IS NOT NULL), leaves)) FROM progress";
        self.database.query_row(ask, [], |row| row.get(0))
    }

    /// The number of the last block, and how many entries of the log are loaded.
    pub fn progress(&self) -> rusqlite::Result<(u64, u64)> {
        Ok((self.version()?, self.loaded()?))
    }

    fn version(&self) -> rusqlite::Result<u64> {
        self.database.query_row("SELECT version FROM progress", [], |row| row.get(0))
    }

    /// Takes in what batches say and what sessions are worth.
    pub fn take(
        &mut self,
        additions: &[Addition],
        plays: &[Play],
        cursor: u64,
    ) -> Result<Vec<Change>, StoreError> {
        let waiting: u64 =
            self.database
                .query_row("SELECT ifnull(max(id) - min(id) + 1, 0) FROM waiting", [], |row| row.get(0))?;
        if waiting > MOST && !additions.is_empty() {
            return Err(StoreError::Behind { waiting, path: self.path.clone() });
        }
        let leaves = self.cursor()?;
        let transaction = self.database.transaction()?;
        let worth: HashMap<SessionKey, &Play> =
            plays.iter().map(|play| (SessionKey::from(play), play)).collect();
        let mut changes = Vec::new();
        for (key, play) in &worth {
            changes.extend(put(&transaction, key, play, cursor)?);
        }
        let Zstd { compressor, .. } = &mut self.zstd;
        for Addition { key, fragment } in additions.iter().filter(|addition| addition.fragment.leaf >= leaves)
        {
            let rows = match worth.get(key) {
                Some(play) => Waiting::new(&self.node, key, fragment, Some(play)),
                None => Waiting::new(&self.node, key, fragment, known(&transaction, key)?.as_ref()),
            };
            transaction
                .prepare_cached(
                    "INSERT INTO waiting (leaf, listener, count, part, size, events)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    fragment.leaf,
                    fragment.listener,
                    rows.count,
                    rows.part.bytes(),
                    rows.events.bytes().len(),
                    compressor.compress(rows.events.bytes()).map_err(unreadable)?,
                ])?;
        }
        transaction.prepare_cached("UPDATE progress SET leaves = max(leaves, ?1)")?.execute([cursor])?;
        transaction.commit()?;
        Ok(changes)
    }

    /// Forgets everything of a listener, and notes that ClickHouse is to forget it.
    pub fn erase(&mut self, listener: &str) -> Result<Vec<Change>, StoreError> {
        let leaves = self.cursor()?;
        let transaction = self.database.transaction()?;
        transaction.execute("DELETE FROM waiting WHERE listener = ?1", [listener])?;
        let mut erased = shared::erase(&transaction, listener, leaves)?;
        erased.extend(
            transaction
                .prepare("SELECT now FROM plays WHERE json_extract(now, '$.listener') = ?1")?
                .query_map([listener], |row| row.get::<_, String>(0))?
                .collect::<Result<Vec<_>, _>>()?,
        );
        // What ClickHouse counts is to be taken away there, and is needed for that until it was.
        transaction.execute(
            "UPDATE plays SET counted = CASE WHEN since IS NULL THEN now ELSE counted END,
             since = ifnull(since, (SELECT leaves FROM progress)), now = NULL
             WHERE json_extract(now, '$.listener') = ?1",
            [listener],
        )?;
        transaction.execute(
            "DELETE FROM gaps WHERE NOT EXISTS (SELECT 1 FROM plays
             WHERE plays.device = gaps.device AND plays.session = gaps.session AND now IS NOT NULL)",
            [],
        )?;
        transaction.execute("INSERT OR IGNORE INTO erasures VALUES (?1)", [listener])?;
        transaction.commit()?;
        // The log of what was written holds it as well until it is taken over.
        self.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        erased
            .iter()
            .map(|text| Ok(Change { before: Some(serde_json::from_str(text)?), now: None }))
            .collect()
    }

    /// Rows that wait, about `most` events.
    pub fn rows(&mut self, most: usize) -> Result<Option<Rows>, StoreError> {
        let mut statement =
            self.database.prepare_cached("SELECT id, count, part, size, events FROM waiting ORDER BY id")?;
        let mut rows = statement.query([])?;
        let (mut parts, mut events, mut count, mut range) = (Vec::new(), Vec::new(), 0, None);
        while count < most
            && let Some(row) = rows.next()?
        {
            let id: i64 = row.get(0)?;
            count += row.get::<_, usize>(1)?;
            parts.push(row.get(2)?);
            let compressed = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
            let whole = self.zstd.decompressor.decompress(compressed, row.get(3)?);
            events.push(whole.map_err(unreadable)?);
            range = Some((range.map_or(id, |(first, _)| first), id));
        }
        let Some((first, last)) = range else { return Ok(None) };
        let token = format!("{}/events/{first}-{last}", self.epoch()?);
        Ok(Some(Rows { token, events, parts, last }))
    }

    /// They are loaded.
    pub fn rows_loaded(&self, rows: &Rows) -> rusqlite::Result<()> {
        self.database.execute("DELETE FROM waiting WHERE id <= ?1", [rows.last]).map(|_| ())
    }

    /// The block of changes that is sent and not acknowledged, or else a new one of at most `most` changes, on the disk
    /// before it is given. `None` if nothing has changed.
    pub fn block(&mut self, most: usize) -> Result<Option<Block>, StoreError> {
        let sent = "SELECT block FROM plays WHERE block IS NOT NULL LIMIT 1";
        let sent: Option<u64> = self.database.query_row(sent, [], |row| row.get(0)).optional()?;
        let version = match sent {
            Some(version) => version,
            None => self.next_block(most)?,
        };
        let mut statement = self
            .database
            .prepare_cached("SELECT counted, iif(altered, sent, now) FROM plays WHERE block = ?1")?;
        let mut rows = statement.query([version])?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next()? {
            let now = match row.get::<_, Option<String>>(1)? {
                Some(text) => Some((serde_json::from_str(&text)?, text)),
                None => None,
            };
            changes.push(Sent { before: play(row, 0)?, now });
        }
        let token = format!("{}/changes/{version}", self.epoch()?);
        Ok((!changes.is_empty()).then_some(Block { version, token, changes }))
    }

    /// Notes what the next block holds, and gives its number.
    fn next_block(&mut self, most: usize) -> rusqlite::Result<u64> {
        let version = self.version()? + 1;
        self.database.execute_batch("PRAGMA synchronous = FULL;")?;
        let transaction = self.database.transaction()?;
        // What was erased before it was ever counted.
        transaction
            .execute("DELETE FROM plays WHERE since IS NOT NULL AND now IS NULL AND counted IS NULL", [])?;
        transaction
            .prepare_cached(
                "UPDATE plays SET block = ?1 WHERE (device, session) IN
                 (SELECT device, session FROM plays WHERE since IS NOT NULL ORDER BY since LIMIT ?2)",
            )?
            .execute(params![version, i64::try_from(most).unwrap_or(i64::MAX)])?;
        transaction.commit()?;
        self.database.execute_batch("PRAGMA synchronous = NORMAL;")?;
        Ok(version)
    }

    /// A block is acknowledged: what it changed is counted.
    pub fn block_loaded(&mut self, Block { version, .. }: &Block) -> rusqlite::Result<()> {
        let transaction = self.database.transaction()?;
        for statement in [
            // What changed while the block was under way goes on waiting.
            "UPDATE plays SET counted = sent, block = NULL, altered = 0, sent = NULL
             WHERE block = ?1 AND altered = 1 AND now IS NOT sent",
            "DELETE FROM plays WHERE block = ?1 AND now IS NULL",
            "UPDATE plays SET since = NULL, counted = NULL, block = NULL, altered = 0, sent = NULL WHERE block = ?1",
            "UPDATE progress SET version = max(version, ?1)",
        ] {
            transaction.prepare_cached(statement)?.execute([version])?;
        }
        transaction.commit()
    }

    /// Listeners whose events are to be deleted.
    pub fn erasures(&self) -> rusqlite::Result<Vec<String>> {
        let mut statement = self.database.prepare("SELECT listener FROM erasures")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }

    /// Listeners are forgotten everywhere.
    pub fn erased(&mut self, listeners: &[String]) -> rusqlite::Result<()> {
        let transaction = self.database.transaction()?;
        for listener in listeners {
            transaction.execute("DELETE FROM erasures WHERE listener = ?1", [listener])?;
        }
        transaction.commit()
    }

    /// Whether it is known what ClickHouse counts, if `version` is the last block that ClickHouse has of this node.
    pub fn agrees(&self, version: u64) -> Result<bool, StoreError> {
        let (own, known): (u64, bool) =
            self.database
                .query_row("SELECT version, known FROM progress", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // ClickHouse is told a block's number after the block.
        Ok(known && version <= own)
    }

    /// Begins anew from what ClickHouse counts of this node, which `version` was the last block of.
    pub fn restore(&mut self, version: u64, counted: &[Play]) -> Result<(), StoreError> {
        let transaction = self.database.transaction()?;
        transaction.execute_batch(
            "DELETE FROM plays WHERE now IS NULL;
             UPDATE plays SET since = (SELECT leaves FROM progress), counted = NULL, block = NULL, altered = 0,
             sent = NULL;",
        )?;
        shared::doubt(&transaction)?;
        for play in counted {
            let (device, session) = (play.device.0.0, play.session.as_bytes());
            transaction
                .prepare_cached(
                    "INSERT INTO plays (device, session, now) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET since = iif(now IS ?3, NULL, since), counted = iif(now IS ?3, NULL, ?3)",
                )?
                .execute(params![device, session, play.to_text()])?;
        }
        transaction.execute("UPDATE progress SET version = max(version, ?1), known = 1", [version])?;
        Ok(transaction.commit()?)
    }

    /// What the tokens of this file begin with.
    pub fn epoch(&self) -> rusqlite::Result<String> {
        self.database.query_row("SELECT epoch FROM progress", [], |row| row.get(0))
    }
}

/// Compresses what is written.
struct Zstd {
    compressor: zstd::bulk::Compressor<'static>,
    decompressor: zstd::bulk::Decompressor<'static>,
}

impl Zstd {
    fn new() -> std::io::Result<Self> {
        // The fastest there is: it lies here for a moment.
        Ok(Self {
            compressor: zstd::bulk::Compressor::new(1)?,
            decompressor: zstd::bulk::Decompressor::new()?,
        })
    }
}

impl fmt::Debug for Zstd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Zstd").finish_non_exhaustive()
    }
}

fn unreadable(error: std::io::Error) -> StoreError {
    StoreError::Unreadable(serde_json::Error::io(error))
}

fn play(row: &Row<'_>, column: usize) -> Result<Option<Play>, StoreError> {
    let text = row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    Ok(text.map(serde_json::from_str).transpose()?)
}

/// What this node's log says of a session.
fn known(database: &Connection, key: &SessionKey) -> Result<Option<Play>, StoreError> {
    let text: Option<Option<String>> = database
        .prepare_cached(
            "SELECT own FROM shared WHERE device = ?1 AND session = ?2
             UNION ALL SELECT now FROM plays WHERE device = ?1 AND session = ?2 LIMIT 1",
        )?
        .query_row(params![key.device.0.0, key.session.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(text.flatten().as_deref().map(serde_json::from_str).transpose()?)
}

/// Notes what a session is worth from now on, and what changes by that.
fn put(
    transaction: &Transaction<'_>,
    key: &SessionKey,
    play: &Play,
    cursor: u64,
) -> Result<Option<Change>, StoreError> {
    let before = known(transaction, key)?;
    if before.as_ref() == Some(play) {
        return Ok(None);
    }
    shared::note_gap(transaction, key, before.as_ref(), play)?;
    if !shared::put(transaction, key, play)? {
        transaction
            .prepare_cached(
                "INSERT INTO plays (device, session, now, since) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET
                 counted = iif(since IS NULL, now, counted), since = ifnull(since, ?4), now = ?3",
            )?
            .execute(params![key.device.0.0, key.session.as_bytes(), play.to_text(), cursor])?;
    }
    Ok(Some(Change { before, now: Some(play.clone()) }))
}
