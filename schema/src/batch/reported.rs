//! What a batch reports, once its events are read.

use super::{Anchor, ReadBatch};
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

impl From<ReadBatch> for Reported {
    fn from(batch: ReadBatch) -> Self {
        let ReadBatch { device, listener, seq, prev, anchor, sent_at, events, .. } = batch;
        let events = events.into_iter().filter_map(Result::ok).collect();
        Self { device, listener, seq, prev, anchor, sent_at, events }
    }
}
