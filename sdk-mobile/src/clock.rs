//! The two clocks that the core is told of.

use delistening_sdk_core::Now;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the monotonic clock begins: shortly after the process did.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time at this moment.
pub fn now() -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { wall_ms: whole_ms(wall), mono_ms: whole_ms(ORIGIN.elapsed()) }
}

/// When the monotonic clock shows `mono_ms`.
pub fn instant(mono_ms: u64) -> Instant {
    after(*ORIGIN, Duration::from_millis(mono_ms))
}

/// `start` and `wait` after it; a wait that no clock can hold is a year.
pub fn after(start: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_hours(365 * 24);
    start + wait.min(YEAR)
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
