//! Whose chain it is. A device whose key is lost goes on as a new device, openly: what the former one has sealed is
//! still sent under its name, what it has begun is not told twice, and the new one begins its own chain.

use super::Core;
use crate::prelude::*;
use crate::record;
use crate::sorted::Map;
use delistening_schema::problem::Action;
use delistening_schema::{DropReason, batch};

impl Core {
    /// Compares the key with the chain, once both are known.
    pub(super) fn identify(&mut self) {
        let Some(device) = self.key.as_ref().map(delistening_schema::PublicKey::thumbprint) else { return };
        if !self.leads || self.former.is_some() {
            return;
        }
        let sealed_by = || batch::device_of(&self.batches.values().next()?.jws);
        match self.state.device.or_else(sealed_by) {
            Some(former) if former != device => {
                self.former = Some(former);
                let detail = format!(
                    "the key of device {former} is gone; what it sealed is still sent, and this device goes on as {device}"
                );
                self.error("key-lost", detail, Action::Retry);
                // A session counts once: what the former device began, it alone could have ended.
                let begun_elsewhere = self.queue.begun_elsewhere();
                self.give_up_events(begun_elsewhere, DropReason::KeyLost);
                self.anchor = None;
            }
            _ => self.state.device = Some(device),
        }
    }

    /// Begins the new device's chain when nothing of the former one is left to send.
    pub(super) fn succeed_former(&mut self) {
        if self.former.is_none() || !self.batches.is_empty() {
            return;
        }
        self.former = None;
        self.state.device = self.key.as_ref().map(delistening_schema::PublicKey::thumbprint);
        (self.state.seq, self.state.prev) = (0, None);
        // The new chain uses the former's numbers again.
        self.left_over.clear();
        self.letting_go = Map::default();
        self.token = None;
        let state = record::write(record::STATE.to_owned(), &self.state);
        self.store(vec![state], Vec::new());
    }

    /// What the former device sealed for other listeners than the token's would keep this one from ever sealing.
    pub(super) fn give_up_former_of_others(&mut self, listener: &str) {
        if self.former.is_none() {
            return;
        }
        let others = self.batches.values().filter(|batch| batch.listener != listener);
        for seq in others.map(|batch| batch.seq).collect::<Vec<_>>() {
            self.give_up_batch(seq, DropReason::KeyLost, None);
        }
    }
}
