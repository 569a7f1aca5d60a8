//! What batches say of sessions and is not loaded.

use super::Outbox;
use crate::store::clickhouse::rows::Waiting;
use crate::store::{Addition, StoreError};
use delistening_schema::play::Play;
use rusqlite::{Transaction, params};
use std::io::ErrorKind;

/// So many sessions of batches may wait; the journal keeps the rest.
const MOST: u64 = 1_000_000;
/// Events of a block, and bytes, before one more session is too much: few parts are to be merged, and ClickHouse makes one
/// part of it, which it does of no more than a million rows or 256 MB.
const EVENTS_OF_BLOCK: usize = 400_000;
const BYTES_OF_BLOCK: usize = 192 << 20;

pub(super) const SCHEMA: &str = "
    -- Rows of `count` events as they are sent, `size` bytes, compressed with LZ4: they lie here for a moment, and to write and
    -- read them should cost little.
    CREATE TABLE IF NOT EXISTS waiting (
        id INTEGER PRIMARY KEY AUTOINCREMENT, leaf INTEGER NOT NULL, listener TEXT NOT NULL, count INTEGER NOT NULL,
        size INTEGER NOT NULL, rows BLOB NOT NULL
    );
";

/// About how many wait. Each end by itself is looked up; both of one table would be looked for row by row.
const HOW_MANY: &str = "SELECT ifnull((SELECT max(id) FROM waiting) - (SELECT min(id) FROM waiting) + 1, 0)";

/// What batches say, to be sent together; still compressed.
#[derive(Debug)]
pub struct Rows {
    /// By which ClickHouse knows them again.
    pub token: String,
    /// The place of the last.
    pub last: i64,
    packed: std::vec::IntoIter<Packed>,
}

/// What one batch says of one session.
#[derive(Debug)]
struct Packed {
    count: usize,
    size: usize,
    rows: Vec<u8>,
}

impl Rows {
    /// Adds the next rows to `to`, about `most` events; gives whether there were any left.
    pub fn unpack(&mut self, most: usize, to: &mut Waiting) -> Result<bool, StoreError> {
        let (any, mut written, mut count) = (self.packed.len() > 0, Vec::new(), 0);
        while count < most
            && let Some(packed) = self.packed.next()
        {
            written.resize(written.len().max(packed.size), 0);
            let written = &mut written[..packed.size];
            lz4_flex::block::decompress_into(&packed.rows, written)
                .ok()
                .filter(|size| *size == packed.size)
                .and_then(|_| to.append(written))
                .ok_or_else(|| {
                    StoreError::Unreadable(serde_json::Error::io(ErrorKind::InvalidData.into()))
                })?;
            count += packed.count;
        }
        Ok(any)
    }
}

impl Outbox {
    /// Refuses more where too much waits.
    pub(super) fn has_room(&self) -> Result<(), StoreError> {
        let waiting: u64 = self.database.query_row(HOW_MANY, [], |row| row.get(0))?;
        if waiting > MOST { Err(StoreError::Behind { waiting, path: self.path.clone() }) } else { Ok(()) }
    }

    /// Rows that wait behind the place `after`: about as many as ClickHouse puts into one part.
    pub fn rows(&self, after: i64) -> Result<Option<Rows>, StoreError> {
        let mut statement = self
            .database
            .prepare_cached("SELECT id, count, size, rows FROM waiting WHERE id > ?1 ORDER BY id")?;
        let mut rows = statement.query([after])?;
        let (mut packed, mut events, mut bytes, mut range) = (Vec::new(), 0, 0, None);
        while events < EVENTS_OF_BLOCK
            && bytes < BYTES_OF_BLOCK
            && let Some(row) = rows.next()?
        {
            let id: i64 = row.get(0)?;
            let waiting = Packed { count: row.get(1)?, size: row.get(2)?, rows: row.get(3)? };
            events += waiting.count;
            bytes += waiting.size;
            packed.push(waiting);
            range = Some((range.map_or(id, |(first, _)| first), id));
        }
        let Some((first, last)) = range else { return Ok(None) };
        let token = format!("{}/events/{first}-{last}", self.epoch()?);
        Ok(Some(Rows { token, last, packed: packed.into_iter() }))
    }

    /// Those up to this place are loaded.
    pub fn rows_loaded(&self, last: i64) -> rusqlite::Result<()> {
        self.database.execute("DELETE FROM waiting WHERE id <= ?1", [last]).map(|_| ())
    }
}

/// Puts aside what a batch says, in the log of `node`, of a session that is worth `play`.
pub(super) fn put(
    transaction: &Transaction<'_>,
    node: &str,
    Addition { key, fragment }: &Addition,
    play: Option<&Play>,
) -> rusqlite::Result<()> {
    let mut written = Vec::new();
    Waiting::new(node, key, fragment, play).write(&mut written);
    let packed = lz4_flex::block::compress(&written);
    transaction
        .prepare_cached(
            "INSERT INTO waiting (leaf, listener, count, size, rows) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![fragment.leaf, fragment.listener, fragment.events.len(), written.len(), packed])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_much_waits_it_is_not_gone_through_to_see_how_much_that_is() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(&folder.path().join("outbox.sqlite"), "log.example").unwrap();
        let mut plan = outbox.database.prepare(&format!("EXPLAIN QUERY PLAN {HOW_MANY}")).unwrap();
        let steps: Vec<String> =
            plan.query_map([], |row| row.get("detail")).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(steps.iter().filter(|step| *step == "SEARCH waiting").count(), 2, "{steps:?}");
        assert!(steps.iter().all(|step| !step.starts_with("SCAN waiting")), "{steps:?}");
    }
}
