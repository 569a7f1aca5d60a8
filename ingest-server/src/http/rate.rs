//! Rate limits in a fixed amount of memory, which keep nothing of whom they limit.
//!
//! Each limit is a table of cells that a keyed hash chooses from; the key is random and new at every start, so nobody
//! can aim at another's cell, and a cell does not tell whose it is. Who happens to share a cell shares its rate: with
//! a quarter of a million cells that is rare, and the burst leaves room for it. A cell is a leaky bucket in the form of
//! GCRA (ITU-T I.371): the time at which it will have run empty.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CELLS: usize = 1 << 18;
/// How many seconds' worth may come at once.
const BURST_S: u64 = 10;
const SECOND: u64 = 1_000_000_000;

/// A number of requests per second for each key.
#[derive(Debug)]
pub struct RateLimit {
    hasher: RandomState,
    cells: Box<[AtomicU64]>,
    /// Nanoseconds that one request is worth.
    worth: u64,
    begin: Instant,
}

impl RateLimit {
    /// `rate` requests per second, with bursts of ten seconds' worth.
    pub fn new(rate: NonZeroU32) -> Self {
        Self {
            hasher: RandomState::new(),
            cells: (0..CELLS).map(|_| AtomicU64::new(0)).collect(),
            worth: SECOND / u64::from(rate.get()),
            begin: Instant::now(),
        }
    }

    /// Counts a request of `key`; how long to wait if it is one too many.
    pub fn take(&self, key: &impl Hash) -> Result<(), Duration> {
        self.take_at(key, u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn take_at(&self, key: &impl Hash, now: u64) -> Result<(), Duration> {
        // Wraps into the table; the upper bits of a 64-bit hash are not needed.
        #[allow(clippy::cast_possible_truncation)]
        let cell = &self.cells[self.hasher.hash_one(key) as usize % CELLS];
        let most = now + BURST_S * SECOND;
        let counted = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |empty_at| {
            Some(empty_at.max(now) + self.worth).filter(|&empty_at| empty_at <= most)
        });
        match counted {
            Ok(_) => Ok(()),
            Err(empty_at) => Err(Duration::from_nanos((empty_at + self.worth).saturating_sub(most))),
        }
    }
}

/// The network of an address: a /24 of IPv4 or a /48 of IPv6. `None` for private and loopback addresses, from which
/// a proxy or the operator calls.
pub fn network(address: IpAddr) -> Option<[u8; 6]> {
    match address.to_canonical() {
        IpAddr::V4(address) if address.is_private() || address.is_loopback() || address.is_link_local() => {
            None
        }
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Some([a, b, c, 0, 0, 0])
        }
        IpAddr::V6(address)
            if address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local() =>
        {
            None
        }
        IpAddr::V6(address) => address.octets().first_chunk().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_goes_through_then_the_rate() {
        let limit = RateLimit::new(NonZeroU32::new(2).unwrap());
        let admitted = |now: u64, tries: u32| (0..tries).filter(|_| limit.take_at(&"a", now).is_ok()).count();
        assert_eq!(admitted(0, 50), 20, "ten seconds' worth at once");
        assert_eq!(limit.take_at(&"a", 0), Err(Duration::from_millis(500)));
        assert_eq!(limit.take_at(&"b", 0), Ok(()), "another key has its own");
        assert_eq!(admitted(SECOND, 50), 2, "what a second brings");
        assert_eq!(admitted(60 * SECOND, 50), 20, "no more than a burst, however long the pause");
    }

    proptest! {
        #[test]
        fn no_time_has_more_than_its_burst_and_its_rate(
            rate in 1..1000_u32, steps in prop::collection::vec(0..200_000_000_u64, 1..400)
        ) {
            let limit = RateLimit::new(NonZeroU32::new(rate).unwrap());
            let (mut now, mut admitted) = (0_u64, 0_u64);
            for step in steps {
                now += step;
                let answer = limit.take_at(&1, now);
                if let Err(wait) = answer {
                    let then = now + u64::try_from(wait.as_nanos()).unwrap();
                    prop_assert!(wait > Duration::ZERO);
                    prop_assert!(limit.take_at(&1, then).is_ok(), "the wait that was told is enough");
                    now = then;
                }
                admitted += 1;
                let most = (u128::from(now) + u128::from(BURST_S * SECOND)) * u128::from(rate) / u128::from(SECOND);
                prop_assert!(u128::from(admitted) <= most + 1);
            }
        }
    }

    #[test]
    fn networks_are_prefixes_of_public_addresses() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("203.0.113.7"), of("203.0.113.250"));
        assert_ne!(of("203.0.113.7"), of("203.0.114.7"));
        assert_eq!(of("::ffff:203.0.113.9"), of("203.0.113.7"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:ffff::2"));
        assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
        for private in ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "172.16.5.5", "fd00::1", "fe80::1"] {
            assert_eq!(of(private), None, "{private}");
        }
    }
}
