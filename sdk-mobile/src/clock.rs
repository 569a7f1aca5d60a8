//! The two clocks that the core is told of.

use delistening_sdk_core::Now;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the monotonic clock begins: shortly after the process did.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time at this moment.
pub fn now() -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Now { wall_ms: whole_ms(wall), mono_ms: whole_ms(ORIGIN.elapsed()) };
    #[cfg(feature = "simulation")]
    let now = simulation::shifted(now);
    now
}

/// When the monotonic clock shows `mono_ms`.
pub fn instant(mono_ms: u64) -> Instant {
    #[cfg(feature = "simulation")]
    let mono_ms = simulation::real(mono_ms);
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

/// Clocks that the program itself moves.
#[cfg(feature = "simulation")]
mod simulation {
    use super::Now;
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    static WALL: AtomicI64 = AtomicI64::new(0);
    static MONO: AtomicU64 = AtomicU64::new(0);

    pub fn shifted(now: Now) -> Now {
        Now {
            wall_ms: now.wall_ms.saturating_add_signed(WALL.load(Ordering::Relaxed)),
            mono_ms: now.mono_ms.saturating_add(MONO.load(Ordering::Relaxed)),
        }
    }

    pub fn real(mono_ms: u64) -> u64 {
        mono_ms.saturating_sub(MONO.load(Ordering::Relaxed))
    }

    /// Sets the wall clock of this process to `ago_ms` before now. Only in builds with the feature `simulation`.
    #[uniffi::export]
    pub fn simulate_past(ago_ms: i64) {
        WALL.store(ago_ms.saturating_neg(), Ordering::Relaxed);
    }

    /// Has `ms` pass at once on both clocks of this process. Only in builds with the feature `simulation`.
    #[uniffi::export]
    pub fn simulate_passing(ms: i64) {
        WALL.fetch_add(ms, Ordering::Relaxed);
        MONO.fetch_add(u64::try_from(ms).unwrap_or(0), Ordering::Relaxed);
    }
}

#[cfg(feature = "simulation")]
pub use simulation::{simulate_passing, simulate_past};
