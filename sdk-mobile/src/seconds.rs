//! Lengths of time as apps give them.

use std::time::Duration;

/// A length of time in seconds: any number will do, since systems give negative and endless ones, and what `UniFFI` makes of
/// a [`Duration`] ends a Swift app on those. `Duration` in Kotlin, `TimeInterval` in Swift.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Seconds(pub f64);

uniffi::custom_newtype!(Seconds, f64);

impl Seconds {
    /// As long as it says; nothing if it is no number or below zero, the longest there is if it is endless.
    pub fn duration(self) -> Duration {
        let otherwise = if self.0 > 0.0 { Duration::MAX } else { Duration::ZERO };
        Duration::try_from_secs_f64(self.0).unwrap_or(otherwise)
    }

    /// In whole milliseconds.
    pub fn whole_ms(self) -> u64 {
        u64::try_from(self.duration().as_millis()).unwrap_or(u64::MAX)
    }
}
