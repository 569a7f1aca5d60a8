//! A batch as a judge takes it.

use crate::batch::{ReadBatch, Reported};
use crate::key::DeviceId;
use crate::play::{Fragment, Link, Received, SessionKey};
use std::sync::Arc;

/// What a batch tells a judge.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Whose it is.
    pub device: DeviceId,
    /// The listener.
    pub listener: String,
    /// What it says of each of its sessions.
    pub fragments: Vec<(SessionKey, Arc<Fragment>)>,
    pub(super) leaf: u64,
    pub(super) link: Link,
}

impl Heard {
    /// What `batch` tells. Events that were a problem at intake are left out in the same way.
    pub fn new(batch: ReadBatch, received: &Received) -> Self {
        Self::of(batch.into(), received)
    }

    /// What a batch tells whose events are read.
    pub fn of(reported: Reported, received: &Received) -> Self {
        let Reported { device, seq, prev, sent_at, .. } = reported;
        let listener = reported.listener.clone();
        let fragments = Fragment::split(reported, received).into_iter();
        let fragments = fragments
            .map(|(session, fragment)| (SessionKey { device, session }, Arc::new(fragment)))
            .collect();
        let link = Link { seq, hash: received.hash, prev, first_at: 0, sent_at, needed_ms: 0 };
        Self { device, listener, fragments, leaf: received.leaf, link }
    }

    /// A batch whose place in the device's chain and whose fragments are known already.
    pub fn from_parts(
        device: DeviceId,
        listener: String,
        leaf: u64,
        link: Link,
        fragments: Vec<(SessionKey, Arc<Fragment>)>,
    ) -> Self {
        Self { device, listener, fragments, leaf, link }
    }

    /// Its place in the log.
    pub fn leaf(&self) -> u64 {
        self.leaf
    }

    /// Its place in the device's chain.
    pub fn link(&self) -> Link {
        self.link
    }
}
