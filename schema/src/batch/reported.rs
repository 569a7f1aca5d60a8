//! What a batch reports, once its events are read.

use super::{Anchor, Batch};
use crate::bytes::Hash;
use crate::event::Event;
use crate::key::DeviceId;
use crate::prelude::*;

/// A batch with its events read. Those that cannot be read, a problem at intake, are left out.
#[derive(Clone, Debug)]
pub struct Reported {
    /// See [`Batch::device`].
    pub device: DeviceId,
    /// See [`Batch::listener`].
    pub listener: String,
    /// See [`Batch::seq`].
    pub seq: u64,
    /// See [`Batch::prev`].
    pub prev: Option<Hash>,
    /// See [`Batch::anchor`].
    pub anchor: Option<Anchor>,
    /// See [`Batch::sent_at`].
    pub sent_at: u64,
    /// The events.
    pub events: Vec<Event>,
}

impl Batch {
    /// Reads the events.
    pub fn reported(&self) -> Reported {
        self.reports(self.events.iter().filter_map(|event| Event::from_json(event.get()).ok()).collect())
    }

    /// The batch with its events, which the caller has read.
    pub fn reports(&self, events: Vec<Event>) -> Reported {
        let Self { device, listener, seq, prev, anchor, sent_at, .. } = self;
        Reported {
            device: *device,
            listener: listener.clone(),
            seq: *seq,
            prev: *prev,
            anchor: anchor.clone(),
            sent_at: *sent_at,
            events,
        }
    }
}
