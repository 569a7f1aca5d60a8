//! The embedded store: one SQLite file.

use super::{Addition, Change, Dimension, Filter, Ranked, Store, StoreError};
use delistening_schema::play::{Counts, Play, SessionKey};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params, params_from_iter};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts plays in a file of its own.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    -- What is deleted or replaced is overwritten: an erasure must not have to look for it.
    PRAGMA secure_delete = ON;
    CREATE TABLE IF NOT EXISTS plays (
        device BLOB NOT NULL,
        session BLOB NOT NULL,
        listener TEXT NOT NULL,
        track TEXT NOT NULL,
        artist TEXT,
        at INTEGER NOT NULL,
        status TEXT NOT NULL,
        heard_ms INTEGER NOT NULL,
        play TEXT NOT NULL,
        PRIMARY KEY (device, session)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS plays_by_track ON plays (track, at, status, heard_ms, listener);
    CREATE INDEX IF NOT EXISTS plays_by_artist ON plays (artist, at, status, heard_ms, listener);
    CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), leaves INTEGER NOT NULL);
";

const COUNTS: &str = "
    count(*) FILTER (WHERE status = 'valid'), count(*) FILTER (WHERE status = 'short'),
    count(*) FILTER (WHERE status = 'muted'), count(*) FILTER (WHERE status = 'suspect'),
    count(*) FILTER (WHERE status = 'invalid'), count(DISTINCT listener) FILTER (WHERE status = 'valid'),
    coalesce(sum(heard_ms) FILTER (WHERE status = 'valid'), 0)
";

impl SqliteStore {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = Connection::open(path)?;
        writer.execute_batch(SCHEMA)?;
        let reader = Connection::open(path)?;
        reader.execute_batch("PRAGMA query_only = ON;")?;
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    fn cursor(&self) -> Result<u64, StoreError> {
        let cursor =
            self.reader().query_row("SELECT leaves FROM progress", [], |row| row.get(0)).optional()?;
        Ok(cursor.unwrap_or(0))
    }

    fn apply(&self, _: &[Addition], plays: &[Play], cursor: u64) -> Result<Vec<Change>, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction()?;
        let mut changes = Vec::new();
        for play in plays {
            changes.extend(keep(&transaction, play)?);
        }
        transaction.prepare_cached("INSERT OR REPLACE INTO progress VALUES (1, ?1)")?.execute([cursor])?;
        transaction.commit()?;
        Ok(changes)
    }

    fn erase(&self, listener: &str) -> Result<Vec<Change>, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Without an index of its own: it is rare, and every write would pay for it.
        let transaction = writer.transaction()?;
        let texts: Vec<String> = transaction
            .prepare("DELETE FROM plays WHERE listener = ?1 RETURNING play")?
            .query_map([listener], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        transaction.commit()?;
        // The log of what was written holds it as well until it is taken over.
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        texts.iter().map(|text| Ok(Change { before: Some(serde_json::from_str(text)?), now: None })).collect()
    }

    fn counts(&self, filter: &Filter) -> Result<Counts, StoreError> {
        let (condition, values) = condition(filter);
        let sql = format!("SELECT {COUNTS} FROM plays WHERE {condition}");
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        Ok(statement.query_row(params_from_iter(values), |row| counts(row, 0))?)
    }

    fn top(&self, dimension: Dimension, filter: &Filter, limit: u32) -> Result<Vec<Ranked>, StoreError> {
        let column = match dimension {
            Dimension::Track => "track",
            Dimension::Artist => "artist",
        };
        let (condition, mut values) = condition(filter);
        values.push(Value::from(limit));
        let sql = format!(
            "SELECT {column}, {COUNTS} FROM plays WHERE {condition} AND {column} IS NOT NULL
             GROUP BY {column} ORDER BY 2 DESC, 1 LIMIT ?"
        );
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok(Ranked { id: row.get(0)?, counts: counts(row, 1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn condition(filter: &Filter) -> (String, Vec<Value>) {
    let mut parts = vec!["1".to_owned()];
    let mut values = Vec::new();
    let texts = [("track = ?", &filter.track), ("artist = ?", &filter.artist)];
    for (part, value) in texts.into_iter().filter_map(|(part, value)| Some((part, value.as_ref()?))) {
        parts.push(part.to_owned());
        values.push(Value::from(value.clone()));
    }
    for (part, value) in [("at >= ?", filter.from), ("at < ?", filter.to)] {
        if let Some(value) = value {
            parts.push(part.to_owned());
            values.push(Value::from(i64::try_from(value).unwrap_or(i64::MAX)));
        }
    }
    (parts.join(" AND "), values)
}

fn counts(row: &Row<'_>, from: usize) -> rusqlite::Result<Counts> {
    Ok(Counts {
        valid: row.get(from)?,
        short: row.get(from + 1)?,
        muted: row.get(from + 2)?,
        suspect: row.get(from + 3)?,
        invalid: row.get(from + 4)?,
        listeners: row.get(from + 5)?,
        heard_ms: row.get(from + 6)?,
    })
}

fn play(connection: &Connection, key: SessionKey) -> Result<Option<Play>, StoreError> {
    let text: Option<String> = connection
        .prepare_cached("SELECT play FROM plays WHERE device = ?1 AND session = ?2")?
        .query_row(params![key.device.0.0, key.session.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(text.as_deref().map(serde_json::from_str).transpose()?)
}

/// Keeps a play, and says what changed.
fn keep(transaction: &Transaction<'_>, now: &Play) -> Result<Option<Change>, StoreError> {
    let before = play(transaction, SessionKey::from(now))?;
    if before.as_ref() == Some(now) {
        return Ok(None);
    }
    transaction
        .prepare_cached("INSERT OR REPLACE INTO plays VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
        now.device.0.0,
        now.session.as_bytes(),
        now.listener,
        now.track,
        now.artist,
        now.at,
        now.verdict.status.as_str(),
        now.verdict.heard_ms,
        now.to_text(),
    ])?;
    Ok(Some(Change { before, now: Some(now.clone()) }))
}
