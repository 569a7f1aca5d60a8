//! What waits to be loaded, and what ClickHouse counts of it already.
//!
//! A local file, derived like every other projection. If it is lost, what ClickHouse holds of this node is read back
//! first (see `loader`), so that nothing is counted a second time.

mod shared;

pub use shared::{Decision, Untold};

use super::rows::Waiting;
use crate::store::{Addition, Change, StoreError};
use delistening_schema::play::{Play, SessionKey};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// So many sessions of batches may wait; the journal keeps the rest.
const MOST: u64 = 1_000_000;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 8000;
    -- What batches say of sessions and is not loaded.
    CREATE TABLE IF NOT EXISTS waiting (
        id INTEGER PRIMARY KEY AUTOINCREMENT, leaf INTEGER NOT NULL, listener TEXT NOT NULL, rows TEXT NOT NULL
    );
    -- Each session's play now, unless it was erased. While it waits to be loaded (`since` this entry of the log),
    -- `counted` is what ClickHouse counts; otherwise that is the same.
    CREATE TABLE IF NOT EXISTS plays (
        device BLOB NOT NULL, session BLOB NOT NULL, now TEXT, since INTEGER, counted TEXT,
        PRIMARY KEY (device, session)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS plays_waiting ON plays (since) WHERE since IS NOT NULL;
    -- Listeners whose events are to be deleted.
    CREATE TABLE IF NOT EXISTS erasures (listener TEXT PRIMARY KEY) WITHOUT ROWID;
    -- The block of changes that is sent and not acknowledged.
    CREATE TABLE IF NOT EXISTS sending (one INTEGER PRIMARY KEY CHECK (one = 1), block TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS progress (
        one INTEGER PRIMARY KEY CHECK (one = 1), leaves INTEGER NOT NULL, version INTEGER NOT NULL,
        epoch TEXT NOT NULL, known INTEGER NOT NULL
    );
";

/// The outbox.
#[derive(Debug)]
pub struct Outbox {
    database: Connection,
    path: PathBuf,
}

/// Changes that are sent together.
#[derive(Debug, Serialize, Deserialize)]
pub struct Block {
    /// Grows with every block.
    pub version: u64,
    /// By which ClickHouse knows it again.
    pub token: String,
    /// The changes.
    pub changes: Vec<Sent>,
}

/// A change that is sent.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sent {
    /// What is counted until then.
    pub before: Option<Play>,
    /// What is counted from then on.
    pub now: Option<Play>,
}

/// Events that are sent together.
#[derive(Debug)]
pub struct Events {
    /// By which ClickHouse knows them again.
    pub token: String,
    /// What batches say of sessions.
    pub waiting: Vec<Waiting>,
    last: i64,
}

impl Outbox {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let database = Connection::open(path)?;
        database.execute_batch(SCHEMA)?;
        database.execute_batch(shared::SCHEMA)?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the system gives random bytes");
        // Tokens of a file that was lost never come again.
        let epoch = delistening_schema::bytes::encode(&random);
        database.execute("INSERT OR IGNORE INTO progress VALUES (1, 0, 0, ?1, 0)", [epoch])?;
        Ok(Self { database, path: path.to_owned() })
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
        for Addition { key, fragment } in additions.iter().filter(|addition| addition.fragment.leaf >= leaves)
        {
            let rows = match worth.get(key) {
                Some(play) => Waiting::new(key, fragment, Some(play)),
                None => Waiting::new(key, fragment, known(&transaction, key)?.as_ref()),
            };
            transaction
                .prepare_cached("INSERT INTO waiting (leaf, listener, rows) VALUES (?1, ?2, ?3)")?
                .execute(params![fragment.leaf, fragment.listener, serde_json::to_string(&rows)?])?;
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
        transaction.execute("INSERT OR IGNORE INTO erasures VALUES (?1)", [listener])?;
        transaction.commit()?;
        // The log of what was written holds it as well until it is taken over.
        self.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        erased
            .iter()
            .map(|text| Ok(Change { before: Some(serde_json::from_str(text)?), now: None }))
            .collect()
    }

    /// Events that wait, about `most` of them.
    pub fn events(&self, most: usize) -> Result<Option<Events>, StoreError> {
        let mut statement = self.database.prepare_cached("SELECT id, rows FROM waiting ORDER BY id")?;
        let mut rows = statement.query([])?;
        let (mut waiting, mut count, mut range) = (Vec::new(), 0, None);
        while count < most
            && let Some(row) = rows.next()?
        {
            let id: i64 = row.get(0)?;
            let one: Waiting = serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or_default())?;
            count += one.len();
            waiting.push(one);
            range = Some((range.map_or(id, |(first, _)| first), id));
        }
        let Some((first, last)) = range else { return Ok(None) };
        let token = format!("{}/events/{first}-{last}", self.epoch()?);
        Ok(Some(Events { token, waiting, last }))
    }

    /// Events are loaded.
    pub fn events_loaded(&self, events: &Events) -> rusqlite::Result<()> {
        self.database.execute("DELETE FROM waiting WHERE id <= ?1", [events.last]).map(|_| ())
    }

    /// The block of changes that is sent and not acknowledged, or else a new one of at most `most` changes, on the disk
    /// before it is given. `None` if nothing has changed.
    pub fn block(&mut self, most: usize) -> Result<Option<Block>, StoreError> {
        let sending: Option<String> =
            self.database.query_row("SELECT block FROM sending", [], |row| row.get(0)).optional()?;
        if let Some(text) = sending {
            return Ok(Some(serde_json::from_str(&text)?));
        }
        // What was erased before it was ever counted.
        self.database
            .execute("DELETE FROM plays WHERE since IS NOT NULL AND now IS NULL AND counted IS NULL", [])?;
        let changes: Vec<Sent> = {
            let mut statement = self.database.prepare_cached(
                "SELECT counted, now FROM plays WHERE since IS NOT NULL ORDER BY since LIMIT ?1",
            )?;
            let mut rows = statement.query([i64::try_from(most).unwrap_or(i64::MAX)])?;
            let mut changes = Vec::new();
            while let Some(row) = rows.next()? {
                changes.push(Sent { before: play(row, 0)?, now: play(row, 1)? });
            }
            changes
        };
        if changes.is_empty() {
            return Ok(None);
        }
        let version = self.version()? + 1;
        let block = Block { version, token: format!("{}/changes/{version}", self.epoch()?), changes };
        self.database.execute_batch("PRAGMA synchronous = FULL;")?;
        self.database.execute("INSERT INTO sending VALUES (1, ?1)", [serde_json::to_string(&block)?])?;
        self.database.execute_batch("PRAGMA synchronous = NORMAL;")?;
        Ok(Some(block))
    }

    /// A block is acknowledged: what it changed is counted.
    pub fn block_loaded(&mut self, block: &Block) -> Result<(), StoreError> {
        let transaction = self.database.transaction()?;
        for Sent { before, now } in &block.changes {
            let Some(key) = now.as_ref().or(before.as_ref()).map(SessionKey::from) else { continue };
            let (device, session) = (key.device.0.0, key.session.as_bytes());
            let text = now.as_ref().map(Play::to_text);
            // What changed while the block was under way goes on waiting.
            transaction
                .prepare_cached(
                    "UPDATE plays SET since = iif(now IS ?3, NULL, since), counted = iif(now IS ?3, NULL, ?3)
                     WHERE device = ?1 AND session = ?2",
                )?
                .execute(params![device, session, text])?;
            if now.is_none() {
                transaction
                    .prepare_cached(
                        "DELETE FROM plays WHERE device = ?1 AND session = ?2 AND now IS NULL AND since IS NULL",
                    )?
                    .execute(params![device, session])?;
            }
        }
        transaction.execute("DELETE FROM sending", [])?;
        transaction.execute("UPDATE progress SET version = max(version, ?1)", [block.version])?;
        Ok(transaction.commit()?)
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
            "DELETE FROM sending; DELETE FROM plays WHERE now IS NULL;
             UPDATE plays SET counted = NULL, since = (SELECT leaves FROM progress);",
        )?;
        shared::doubt(&transaction)?;
        for play in counted {
            let (device, session) = (play.device.0.0, play.session.as_bytes());
            transaction
                .prepare_cached(
                    "INSERT INTO plays VALUES (?1, ?2, ?3, NULL, NULL) ON CONFLICT DO UPDATE SET
                     since = iif(now IS ?3, NULL, since), counted = iif(now IS ?3, NULL, ?3)",
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
    if !shared::put(transaction, key, play)? {
        transaction
            .prepare_cached(
                "INSERT INTO plays VALUES (?1, ?2, ?3, ?4, NULL) ON CONFLICT DO UPDATE SET
                 counted = iif(since IS NULL, now, counted), since = ifnull(since, ?4), now = ?3",
            )?
            .execute(params![key.device.0.0, key.session.as_bytes(), play.to_text(), cursor])?;
    }
    Ok(Some(Change { before, now: Some(play.clone()) }))
}
