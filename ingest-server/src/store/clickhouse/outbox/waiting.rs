//! What batches say of sessions and is not loaded.

use super::Outbox;
use crate::store::clickhouse::rows::Waiting;
use crate::store::{Addition, StoreError};
use delistening_schema::play::Play;
use rusqlite::{Transaction, params};
use std::fmt;

/// So many sessions of batches may wait; the journal keeps the rest.
const MOST: u64 = 1_000_000;

pub(super) const SCHEMA: &str = "
    -- Rows of `count` events as they are sent, `size` bytes, compressed, since writing them is what costs.
    CREATE TABLE IF NOT EXISTS waiting (
        id INTEGER PRIMARY KEY AUTOINCREMENT, leaf INTEGER NOT NULL, listener TEXT NOT NULL, count INTEGER NOT NULL,
        size INTEGER NOT NULL, rows BLOB NOT NULL
    );
";

/// What batches say, to be sent together; still compressed.
#[derive(Debug)]
pub struct Rows {
    /// By which ClickHouse knows them again.
    pub token: String,
    /// The place of the last.
    pub last: i64,
    packed: Vec<(usize, Vec<u8>)>,
}

impl Rows {
    /// The rows.
    pub fn unpack(self) -> Result<Waiting, StoreError> {
        let mut decompressor = zstd::bulk::Decompressor::new().map_err(unreadable)?;
        let (mut all, mut written) = (Waiting::default(), Vec::new());
        for (size, packed) in self.packed {
            written.clear();
            written.reserve(size);
            decompressor.decompress_to_buffer(&packed, &mut written).map_err(unreadable)?;
            all.append(&written).ok_or_else(|| unreadable(std::io::ErrorKind::InvalidData.into()))?;
        }
        Ok(all)
    }
}

impl Outbox {
    /// Refuses more where too much waits.
    pub(super) fn has_room(&self) -> Result<(), StoreError> {
        let ask = "SELECT ifnull(max(id) - min(id) + 1, 0) FROM waiting";
        let waiting: u64 = self.database.query_row(ask, [], |row| row.get(0))?;
        if waiting > MOST { Err(StoreError::Behind { waiting, path: self.path.clone() }) } else { Ok(()) }
    }

    /// Rows that wait behind the place `after`, about `most` events.
    pub fn rows(&self, after: i64, most: usize) -> Result<Option<Rows>, StoreError> {
        let mut statement = self
            .database
            .prepare_cached("SELECT id, count, size, rows FROM waiting WHERE id > ?1 ORDER BY id")?;
        let mut rows = statement.query([after])?;
        let (mut packed, mut count, mut range) = (Vec::new(), 0, None);
        while count < most
            && let Some(row) = rows.next()?
        {
            let id: i64 = row.get(0)?;
            count += row.get::<_, usize>(1)?;
            packed.push((row.get(2)?, row.get(3)?));
            range = Some((range.map_or(id, |(first, _)| first), id));
        }
        let Some((first, last)) = range else { return Ok(None) };
        let token = format!("{}/events/{first}-{last}", self.epoch()?);
        Ok(Some(Rows { token, last, packed }))
    }

    /// Those up to this place are loaded.
    pub fn rows_loaded(&self, last: i64) -> rusqlite::Result<()> {
        self.database.execute("DELETE FROM waiting WHERE id <= ?1", [last]).map(|_| ())
    }
}

/// Makes room for what is written by packing it.
pub(super) struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
    written: Vec<u8>,
}

impl Packer {
    pub fn new() -> Result<Self, StoreError> {
        // The fastest there is: it lies here for a moment.
        let compressor = zstd::bulk::Compressor::new(1).map_err(unreadable)?;
        Ok(Self { compressor, written: Vec::new() })
    }

    /// Puts aside what a batch says, in the log of `node`, of a session that is worth `play`.
    pub fn put(
        &mut self,
        transaction: &Transaction<'_>,
        node: &str,
        Addition { key, fragment }: &Addition,
        play: Option<&Play>,
    ) -> Result<(), StoreError> {
        self.written.clear();
        Waiting::new(node, key, fragment, play).write(&mut self.written);
        let packed = self.compressor.compress(&self.written).map_err(unreadable)?;
        transaction
            .prepare_cached(
                "INSERT INTO waiting (leaf, listener, count, size, rows) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                fragment.leaf,
                fragment.listener,
                fragment.events.len(),
                self.written.len(),
                packed
            ])?;
        Ok(())
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Packer").finish_non_exhaustive()
    }
}

fn unreadable(error: std::io::Error) -> StoreError {
    StoreError::Unreadable(serde_json::Error::io(error))
}
