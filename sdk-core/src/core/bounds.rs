//! What may wait on a device is bounded. What is given up is counted, told to the app, and told to the server in
//! the next batch.

use super::Core;
use crate::io::{Notice, Now};
use crate::prelude::*;
use crate::record;
use delistening_schema::problem::Problem;
use delistening_schema::{DropReason, Dropped};

impl Core {
    /// Gives up the oldest of what waits until the rest is within the bounds.
    pub(super) fn keep_within_bounds(&mut self, now: Now) {
        if !self.leads {
            return;
        }
        while let Some(reason) = self.out_of_bounds(now) {
            if !self.give_up_oldest(reason) {
                return;
            }
        }
    }

    fn out_of_bounds(&self, now: Now) -> Option<DropReason> {
        let events = self.queue.len() + self.batches.events();
        let bytes = self.queue.bytes() + self.batches.bytes();
        if events > self.config.queue_events || bytes > self.config.queue_bytes {
            return Some(DropReason::QueueFull);
        }
        let oldest = match self.batches.values().next() {
            Some(batch) => batch.since,
            None => self.queue.first().and_then(record::event_time),
        };
        let age = now.wall_ms.saturating_sub(oldest?);
        (self.config.queue_age_ms > 0 && age > self.config.queue_age_ms).then_some(DropReason::TooOld)
    }

    /// The oldest batch, or as many of the oldest events as would be one. False where nothing can go at the moment:
    /// what is being signed, stored or sent stays.
    fn give_up_oldest(&mut self, reason: DropReason) -> bool {
        let sending = self.upload.in_flight.as_ref().map_or(&[][..], |sent| &sent.seqs);
        let batch = self.batches.values().find(|batch| !sending.contains(&batch.seq)).map(|batch| batch.seq);
        if let Some(seq) = batch {
            self.give_up_batch(seq, reason, None);
            return true;
        }
        if self.queue.is_empty() || self.unsigned.is_some() || self.unstored.is_some() {
            return false;
        }
        let most = (self.queue.len() + self.batches.events()).saturating_sub(self.config.queue_events);
        let keys = match reason {
            DropReason::QueueFull => self.queue.oldest(most.clamp(1, self.config.max_events)),
            _ => self.queue.oldest(1),
        };
        self.give_up_events(keys, reason);
        true
    }

    pub(super) fn give_up_batch(&mut self, seq: u64, reason: DropReason, problem: Option<Problem>) {
        let Some(batch) = self.batches.remove(seq) else { return };
        for Dropped { reason, events } in batch.dropped {
            *self.state.dropped.get_or_insert_with(reason, || 0) += events;
        }
        self.count_dropped(reason, batch.events, vec![record::batch_key(seq)]);
        self.notify(Notice::Dropped { seq: Some(seq), events: batch.events, reason, problem });
    }

    pub(super) fn give_up_events(&mut self, keys: Vec<String>, reason: DropReason) {
        if keys.is_empty() {
            return;
        }
        self.queue.remove(&keys);
        let events = keys.len();
        self.count_dropped(reason, events, keys);
        self.notify(Notice::Dropped { seq: None, events, reason, problem: None });
    }

    /// The count is stored with the end of what it counts.
    pub(super) fn count_dropped(&mut self, reason: DropReason, events: usize, deletes: Vec<String>) {
        *self.state.dropped.get_or_insert_with(reason, || 0) += events as u64;
        self.store_state(deletes, false);
    }
}
