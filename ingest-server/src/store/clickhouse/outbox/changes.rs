//! What sessions are worth: what ClickHouse counts of each, and the block of changes that is under way.

use super::{Outbox, shared};
use crate::store::{Change, StoreError};
use delistening_schema::play::{Play, SessionKey};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

pub(super) const SCHEMA: &str = "
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
";

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

impl Outbox {
    /// The block of changes that is sent and not acknowledged, or else a new one of at most `most` changes, on the disk
    /// before it is given. `None` if nothing has changed.
    pub fn block(&mut self, most: usize) -> Result<Option<Block>, StoreError> {
        let sent = self.sent_block()?;
        if sent.is_some() {
            return Ok(sent);
        }
        let version = self.next_block(most)?;
        let block = self.block_of(version)?;
        Ok((!block.changes.is_empty()).then_some(block))
    }

    /// The block of changes that is sent and not acknowledged.
    pub fn sent_block(&self) -> Result<Option<Block>, StoreError> {
        let sent = "SELECT block FROM plays WHERE block IS NOT NULL LIMIT 1";
        let sent: Option<u64> = self.database.query_row(sent, [], |row| row.get(0)).optional()?;
        sent.map(|version| self.block_of(version)).transpose()
    }

    fn block_of(&self, version: u64) -> Result<Block, StoreError> {
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
        Ok(Block { version, token, changes })
    }

    /// How what ClickHouse counts is going to change, if no block is under way.
    pub fn waiting(&self) -> Result<Vec<Change>, StoreError> {
        let mut statement =
            self.database.prepare_cached("SELECT counted, now FROM plays WHERE since IS NOT NULL")?;
        let mut rows = statement.query([])?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next()? {
            changes.push(Change { before: play(row, 0)?, now: play(row, 1)? });
        }
        Ok(changes)
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
}

pub(super) fn play(row: &Row<'_>, column: usize) -> Result<Option<Play>, StoreError> {
    let text = row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    Ok(text.map(serde_json::from_str).transpose()?)
}

/// What this node's log says of a session.
pub(super) fn known(database: &Connection, key: &SessionKey) -> Result<Option<Play>, StoreError> {
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
pub(super) fn put(
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
