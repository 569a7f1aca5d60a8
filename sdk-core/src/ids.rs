//! `UUIDv7` identifiers (RFC 9562) that sort in the order they were made, also within a millisecond and when
//! the clock is set back.

use crate::io::Entropy;
use uuid::Uuid;

#[derive(Default)]
pub struct Ids {
    last_ms: u64,
    counter: u16,
}

/// The counter has twelve bits; it starts in the lower half so that there is room to count.
const COUNTER_MAX: u16 = 0x0fff;
const COUNTER_START: u16 = 0x07ff;

impl Ids {
    pub fn next(&mut self, wall_ms: u64, entropy: &mut dyn Entropy) -> Uuid {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes[6..]);
        if wall_ms > self.last_ms {
            self.last_ms = wall_ms;
            self.counter = u16::from_be_bytes([bytes[6], bytes[7]]) & COUNTER_START;
        } else if self.counter < COUNTER_MAX {
            self.counter += 1;
        } else {
            // Out of numbers within this millisecond: borrow the next one.
            self.last_ms += 1;
            self.counter = 0;
        }
        bytes[..6].copy_from_slice(&self.last_ms.to_be_bytes()[2..]);
        bytes[6..8].copy_from_slice(&(0x7000 | self.counter).to_be_bytes());
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Uuid::from_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zero;
    impl Entropy for Zero {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn ids_sort_in_the_order_they_were_made() {
        let mut ids = Ids::default();
        let times = std::iter::repeat_n(5, 10_000).chain([4, 6, 6, 2]);
        let made: Vec<Uuid> = times.map(|time| ids.next(time, &mut Zero)).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }
}
