//! Sealed batches that wait for their receipts, by sequence number.

use crate::record::BatchRecord;
use crate::sorted::Map;

#[derive(Default)]
pub struct Backlog {
    batches: Map<u64, BatchRecord>,
    events: usize,
    bytes: usize,
}

impl Backlog {
    pub fn insert(&mut self, batch: BatchRecord) {
        self.remove(batch.seq);
        self.events += batch.events;
        self.bytes += batch.jws.len();
        self.batches.insert(batch.seq, batch);
    }

    pub fn remove(&mut self, seq: u64) -> Option<BatchRecord> {
        let batch = self.batches.remove(&seq)?;
        self.events -= batch.events;
        self.bytes -= batch.jws.len();
        Some(batch)
    }

    pub fn get(&self, seq: u64) -> Option<&BatchRecord> {
        self.batches.get(&seq)
    }

    /// From the oldest on.
    pub fn values(&self) -> impl Iterator<Item = &BatchRecord> {
        self.batches.values()
    }

    pub fn len(&self) -> usize {
        self.batches.len()
    }

    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// How many events all of them hold.
    pub fn events(&self) -> usize {
        self.events
    }

    /// The bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
