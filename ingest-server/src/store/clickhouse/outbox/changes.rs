//! What sessions are worth: what ClickHouse counts of each, and the block of changes that is under way.

use super::{Outbox, shared};
use crate::store::{Change, StoreError};
use delistening_schema::play::{Play, SessionKey};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use std::collections::HashSet;

pub(super) const SCHEMA: &str = "
    -- Each session's play, as it is to be counted. Sessions have names that begin with their time: new ones come last.
    CREATE TABLE IF NOT EXISTS plays (
        id INTEGER PRIMARY KEY, session BLOB NOT NULL, device BLOB NOT NULL, now TEXT NOT NULL,
        UNIQUE (session, device)
    );
    -- How what ClickHouse counts of sessions will change: from `before` to `now`, since this entry of the log. What is
    -- sent and not acknowledged stays as it is (`progress.sent`); behind that, a session has one row at most. `erased`
    -- where nothing is counted any more because the listener was erased.
    CREATE TABLE IF NOT EXISTS changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT, session BLOB NOT NULL, device BLOB NOT NULL, leaf INTEGER NOT NULL,
        before TEXT, now TEXT, erased INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX IF NOT EXISTS changes_of ON changes (session, device);
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
    /// Whether nothing is counted because the listener was erased.
    pub erased: bool,
}

impl Outbox {
    /// The block of changes that is sent and not acknowledged, or else a new one of at most `most` changes, on the disk
    /// before it is given. `None` if nothing has changed.
    pub fn block(&mut self, most: usize) -> Result<Option<Block>, StoreError> {
        let sent = self.sent_block()?;
        if sent.is_some() {
            return Ok(sent);
        }
        let waits: bool =
            self.database.query_row("SELECT EXISTS (SELECT 1 FROM changes)", [], |row| row.get(0))?;
        if !waits {
            return Ok(None);
        }
        let version = self.next_block(most)?;
        Ok(Some(self.block_of(version)?))
    }

    /// The block of changes that is sent and not acknowledged.
    pub fn sent_block(&self) -> Result<Option<Block>, StoreError> {
        let version = self.database.query_row("SELECT block FROM progress", [], |row| row.get(0))?;
        let block = self.block_of(version)?;
        Ok((!block.changes.is_empty()).then_some(block))
    }

    /// What was noted to be in the block of this number.
    fn block_of(&self, version: u64) -> Result<Block, StoreError> {
        let mut statement = self.database.prepare_cached(
            "SELECT before, now, erased FROM changes WHERE id <= (SELECT sent FROM progress) ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next()? {
            let now = match row.get::<_, Option<String>>(1)? {
                Some(text) => Some((serde_json::from_str(&text)?, text)),
                None => None,
            };
            changes.push(Sent { before: play(row, 0)?, now, erased: row.get(2)? });
        }
        let token = format!("{}/changes/{version}", self.epoch()?);
        Ok(Block { version, token, changes })
    }

    /// How what ClickHouse counts is going to change, if no block is under way.
    pub fn waiting(&self) -> Result<Vec<Change>, StoreError> {
        let mut statement = self.database.prepare_cached("SELECT before, now FROM changes ORDER BY id")?;
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
        self.database
            .prepare_cached(
                "UPDATE progress SET block = ?1,
                 sent = (SELECT max(id) FROM (SELECT id FROM changes ORDER BY id LIMIT ?2))",
            )?
            .execute(params![version, i64::try_from(most).unwrap_or(i64::MAX)])?;
        self.database.execute_batch("PRAGMA synchronous = NORMAL;")?;
        Ok(version)
    }

    /// The block of this number is acknowledged: what it changed is counted.
    pub fn block_loaded(&mut self, version: u64) -> rusqlite::Result<()> {
        let transaction = self.database.transaction()?;
        transaction.execute("DELETE FROM changes WHERE id <= (SELECT sent FROM progress)", [])?;
        transaction.execute("UPDATE progress SET version = max(version, ?1)", [version])?;
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
        count(transaction, key, Some(play), cursor)?;
    }
    Ok(Some(Change { before, now: Some(play.clone()) }))
}

/// Counts this of a session from now on; gives whether that is otherwise than before.
pub(super) fn count(
    transaction: &Transaction<'_>,
    key: &SessionKey,
    play: Option<&Play>,
    leaf: u64,
) -> rusqlite::Result<bool> {
    let (session, device) = (key.session.as_bytes(), key.device.0.0);
    let now = play.map(Play::to_text);
    let before: Option<String> = transaction
        .prepare_cached("SELECT now FROM plays WHERE session = ?1 AND device = ?2")?
        .query_row(params![session, device], |row| row.get(0))
        .optional()?;
    if before == now {
        return Ok(false);
    }
    let waits = transaction
        .prepare_cached(
            "UPDATE changes SET now = ?3, erased = 0
             WHERE session = ?1 AND device = ?2 AND id > (SELECT sent FROM progress)",
        )?
        .execute(params![session, device, now])?;
    if waits == 0 {
        transaction
            .prepare_cached(
                "INSERT INTO changes (session, device, leaf, before, now) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![session, device, leaf, before, now])?;
    } else {
        // What is again as ClickHouse has it, or was erased before it ever came there.
        transaction
            .prepare_cached(
                "DELETE FROM changes WHERE session = ?1 AND device = ?2 AND id > (SELECT sent FROM progress)
                 AND before IS now",
            )?
            .execute(params![session, device])?;
    }
    match now {
        Some(now) => transaction
            .prepare_cached(
                "INSERT INTO plays (session, device, now) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET now = ?3",
            )?
            .execute(params![session, device, now])?,
        None => transaction
            .prepare_cached("DELETE FROM plays WHERE session = ?1 AND device = ?2")?
            .execute(params![session, device])?,
    };
    Ok(true)
}

/// Counts nothing of a listener any more; gives what was to be counted.
pub(super) fn erase(
    transaction: &Transaction<'_>,
    listener: &str,
    leaf: u64,
) -> Result<Vec<String>, StoreError> {
    let erased: Vec<String> = transaction
        .prepare("SELECT now FROM plays WHERE json_extract(now, '$.listener') = ?1")?
        .query_map([listener], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for text in &erased {
        let key = SessionKey::from(&serde_json::from_str::<Play>(text)?);
        count(transaction, &key, None, leaf)?;
        mark_erased(transaction, &key)?;
    }
    Ok(erased)
}

/// Of a session nothing is counted any more because its listener was erased.
pub(super) fn mark_erased(transaction: &Transaction<'_>, key: &SessionKey) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE changes SET erased = 1 WHERE session = ?1 AND device = ?2 AND now IS NULL")?
        .execute(params![key.session.as_bytes(), key.device.0.0])
        .map(|_| ())
}

/// Begins anew with what ClickHouse counts of this node; nothing of listeners who are erased is to remain.
pub(super) fn restore(
    transaction: &Transaction<'_>,
    counted: &[Play],
    erased: &HashSet<String>,
) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "DELETE FROM changes;
         INSERT INTO changes (session, device, leaf, now)
         SELECT session, device, (SELECT leaves FROM progress), now FROM plays;",
    )?;
    for play in counted {
        let (session, device, text) = (play.session.as_bytes(), play.device.0.0, play.to_text());
        let known = transaction
            .prepare_cached("UPDATE changes SET before = ?3 WHERE session = ?1 AND device = ?2")?
            .execute(params![session, device, text])?;
        if known > 0 {
            continue;
        }
        let statement = if erased.contains(&play.listener) {
            "INSERT INTO changes (session, device, leaf, before, erased)
             VALUES (?1, ?2, (SELECT leaves FROM progress), ?3, 1)"
        } else {
            "INSERT INTO plays (session, device, now) VALUES (?1, ?2, ?3)"
        };
        transaction.prepare_cached(statement)?.execute(params![session, device, text])?;
    }
    transaction.execute("DELETE FROM changes WHERE before IS now", []).map(|_| ())
}
