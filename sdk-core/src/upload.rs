//! One request at a time, and when the next one may go.

use crate::backoff::Backoff;
use crate::prelude::*;

const CAP_MS: u64 = 300_000;

pub struct Upload {
    /// The request under way.
    pub in_flight: Option<InFlight>,
    pub backoff: Backoff,
}

/// A request under way.
pub struct InFlight {
    pub ticket: u64,
    /// The batches in it, in order.
    pub seqs: Vec<u64>,
}

impl Default for Upload {
    fn default() -> Self {
        Self { in_flight: None, backoff: Backoff::new(CAP_MS) }
    }
}

impl Upload {
    /// Whether a request may be sent now.
    pub fn ready(&self, mono_ms: u64) -> bool {
        self.in_flight.is_none() && self.backoff.ready(mono_ms)
    }
}
