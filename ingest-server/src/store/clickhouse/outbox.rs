//! What waits to be loaded, and what ClickHouse counts of it already.
//!
//! A local file, derived like every other projection. If it is lost, what ClickHouse holds of this node is read back
//! first (see `loader`), so that nothing is counted a second time.

mod changes;
mod shared;
mod waiting;

pub use changes::Block;
pub use shared::{Decision, Untold};

use crate::derived;
use crate::store::{Addition, Change, StoreError};
use changes::{known, put};
use delistening_schema::play::{Play, SessionKey};
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use waiting::Packer;

/// The form of the file. One of another form is made anew: it is derived.
const FORM: i32 = 4;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 8000;
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
    packer: Packer,
    path: PathBuf,
}

impl Outbox {
    /// Opens or makes the file of the node whose log is `node`.
    pub fn open(path: &Path, node: &str) -> Result<Self, StoreError> {
        let database = derived::connect(path, FORM)?;
        for schema in [SCHEMA, waiting::SCHEMA, changes::SCHEMA, shared::SCHEMA] {
            database.execute_batch(schema)?;
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the system gives random bytes");
        // Tokens of a file that was lost never come again.
        let epoch = delistening_schema::bytes::encode(&random);
        database.execute("INSERT OR IGNORE INTO progress VALUES (1, 0, 0, ?1, 0)", [epoch])?;
        let packer = Packer::new()?;
        Ok(Self { database, node: node.to_owned(), packer, path: path.to_owned() })
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
        if !additions.is_empty() {
            self.has_room()?;
        }
        let leaves = self.cursor()?;
        let transaction = self.database.transaction()?;
        let worth: HashMap<SessionKey, &Play> =
            plays.iter().map(|play| (SessionKey::from(play), play)).collect();
        let mut changes = Vec::new();
        for (key, play) in &worth {
            changes.extend(put(&transaction, key, play, cursor)?);
        }
        for addition in additions.iter().filter(|addition| addition.fragment.leaf >= leaves) {
            let earlier = match worth.get(&addition.key) {
                Some(_) => None,
                None => known(&transaction, &addition.key)?,
            };
            let play = worth.get(&addition.key).copied().or(earlier.as_ref());
            self.packer.put(&transaction, &self.node, addition, play)?;
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
        transaction.commit()?;
        derived::scrub(&self.database)
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
