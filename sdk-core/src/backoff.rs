//! When to try again: exponential backoff with full jitter, and the server's own wish.

use crate::io::Entropy;

const BASE_MS: u64 = 1_000;

/// How long something that failed is left alone.
pub struct Backoff {
    /// No wait of its own choice is longer.
    cap_ms: u64,
    failures: u32,
    not_before_mono_ms: u64,
}

impl Backoff {
    pub fn new(cap_ms: u64) -> Self {
        Self { cap_ms, failures: 0, not_before_mono_ms: 0 }
    }

    /// Whether it may be tried now.
    pub fn ready(&self, mono_ms: u64) -> bool {
        mono_ms >= self.not_before_mono_ms
    }

    /// When the wait for the next try is over, if there is one.
    pub fn waits_until(&self, mono_ms: u64) -> Option<u64> {
        (mono_ms < self.not_before_mono_ms).then_some(self.not_before_mono_ms)
    }

    /// The network is back: try at once.
    pub fn hurry(&mut self) {
        self.not_before_mono_ms = 0;
    }

    /// How many tries have failed in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before_mono_ms = 0;
    }

    /// Waits a random time up to an exponentially growing bound, and not less than the server asked for.
    pub fn failed(&mut self, mono_ms: u64, retry_after_s: Option<u64>, entropy: &mut dyn Entropy) {
        let bound = (BASE_MS << self.failures.min(16)).min(self.cap_ms);
        self.failures = self.failures.saturating_add(1);
        let mut random = [0; 8];
        entropy.fill(&mut random);
        let jitter = u64::from_le_bytes(random) % (bound + 1);
        let asked = retry_after_s.unwrap_or(0).saturating_mul(1_000);
        self.not_before_mono_ms = mono_ms.saturating_add(asked).saturating_add(jitter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP_MS: u64 = 300_000;

    struct Most;
    impl Entropy for Most {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(0xff);
        }
    }

    #[test]
    fn waits_grow_to_a_cap_and_respect_the_server() {
        let mut backoff = Backoff::new(CAP_MS);
        let mut longest = 0;
        for _ in 0..40 {
            backoff.failed(0, None, &mut Most);
            longest = longest.max(backoff.waits_until(0).unwrap_or(0));
        }
        assert!(longest <= CAP_MS && longest > 0, "{longest}");
        backoff.failed(1_000, Some(60), &mut Most);
        assert!(backoff.waits_until(1_000).unwrap() >= 61_000);
        assert!(!backoff.ready(60_999));
        backoff.hurry();
        assert!(backoff.ready(1_000));
    }
}
