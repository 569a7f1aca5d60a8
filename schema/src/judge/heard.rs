//! A batch as a judge takes it.

use crate::batch::Batch;
use crate::key::DeviceId;
use crate::play::{Fragment, Link, Received, SessionKey};

/// What a batch tells a judge.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Whose it is.
    pub device: DeviceId,
    /// The listener.
    pub listener: String,
    /// What it says of each of its sessions.
    pub fragments: Vec<(SessionKey, Fragment)>,
    pub(super) leaf: u64,
    pub(super) link: Link,
}

impl Heard {
    /// What `batch` tells. Events that were a problem at intake are left out in the same way.
    pub fn new(batch: &Batch, received: &Received) -> Self {
        let Batch { device, listener, seq, prev, sent_at, .. } = batch;
        let fragments = Fragment::split(batch, received).into_iter();
        Self {
            device: *device,
            listener: listener.clone(),
            fragments: fragments
                .map(|(session, fragment)| (SessionKey { device: *device, session }, fragment))
                .collect(),
            leaf: received.leaf,
            link: Link {
                seq: *seq,
                hash: received.hash,
                prev: *prev,
                first_at: 0,
                sent_at: *sent_at,
                needed_ms: 0,
            },
        }
    }

    /// A batch whose place in the device's chain and whose fragments are known already.
    pub fn from_parts(
        device: DeviceId,
        listener: String,
        leaf: u64,
        link: Link,
        fragments: Vec<(SessionKey, Fragment)>,
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
