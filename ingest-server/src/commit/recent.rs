//! The batches that were entered last, read as they came in: whoever follows the log closely need not read them from
//! the journal and take them apart again.

use delistening_schema::batch::Reported;
use delistening_schema::play::Received;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many bytes of signed batches are kept at most, as what they say.
const BYTES: usize = 64 * 1024 * 1024;

/// A batch as it came in, and when and how.
#[derive(Debug)]
pub struct Recent {
    /// What it says.
    pub reported: Reported,
    /// When, how and where it was entered.
    pub received: Received,
    /// How many bytes its signed form has.
    pub bytes: usize,
}

/// Recent batches in the order of the log, until they are asked for. Where one is missing, the journal has it.
#[derive(Debug, Default)]
pub struct Recents(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    batches: VecDeque<Recent>,
    bytes: usize,
}

impl Recents {
    /// Keeps batches that follow those before, as far as there is room: what is asked for next goes before what is new.
    pub(super) fn keep(&self, batches: Vec<Recent>) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for batch in batches {
            if queue.bytes + batch.bytes > BYTES {
                return;
            }
            queue.bytes += batch.bytes;
            queue.batches.push_back(batch);
        }
    }

    /// The batch at `index`, if it is kept. It and those before it are forgotten.
    pub fn take(&self, index: u64) -> Option<Recent> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(batch) = queue.batches.pop_front_if(|batch| batch.received.leaf <= index) {
            queue.bytes -= batch.bytes;
            if batch.received.leaf == index {
                return Some(batch);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use delistening_schema::{DeviceId, Hash, IntakeContext};

    fn batch(leaf: u64, bytes: usize) -> Recent {
        let reported = Reported {
            device: DeviceId(Hash::of(b"device")),
            listener: "l".into(),
            seq: 1,
            prev: None,
            anchor: None,
            sent_at: 0,
            events: Vec::new(),
        };
        let context = IntakeContext::default();
        let received = Received { leaf, at: 0, anchored: None, hash: Hash::of(b"batch"), context };
        Recent { reported, received, bytes }
    }

    fn taken(recents: &Recents, index: u64) -> Option<u64> {
        recents.take(index).map(|batch| batch.received.leaf)
    }

    #[test]
    fn each_is_given_once_and_what_is_passed_by_is_forgotten() {
        let recents = Recents::default();
        recents.keep(vec![batch(1, 10), batch(2, 10), batch(4, 10)]);
        assert_eq!(taken(&recents, 0), None);
        assert_eq!(taken(&recents, 2), Some(2));
        assert_eq!(taken(&recents, 2), None, "given before");
        assert_eq!(taken(&recents, 3), None, "never kept");
        assert_eq!(taken(&recents, 4), Some(4));
        assert_eq!(recents.0.lock().unwrap().bytes, 0);
    }

    #[test]
    fn what_has_no_room_is_left_to_the_journal() {
        let recents = Recents::default();
        recents.keep(vec![batch(0, BYTES / 2), batch(1, BYTES / 2), batch(2, 1), batch(3, 1)]);
        assert_eq!(taken(&recents, 0), Some(0));
        recents.keep(vec![batch(4, 1)]);
        assert_eq!([1, 2, 3, 4].map(|index| taken(&recents, index)), [Some(1), None, None, Some(4)]);
    }
}
