//! Where a judge keeps what it knows.

use super::{Case, Group};
use crate::bytes::Hash;
use crate::key::DeviceId;
use crate::play::{Fragment, SessionKey};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use uuid::Uuid;

/// A batch in its device's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its sequence number.
    pub seq: u64,
    /// Its place in the log.
    pub leaf: u64,
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// SHA-256 of the batch before it, as it says.
    pub prev: Option<Hash>,
    /// The sessions that it speaks of.
    pub sessions: Vec<Uuid>,
}

/// What is gone with a listener: sessions, and batches with their devices.
pub type Gone = (BTreeSet<SessionKey>, Vec<(DeviceId, Linked)>);

/// Where a judge keeps what it knows. Nothing here decides anything.
pub trait Casebook {
    /// Why it cannot be read or written.
    type Error;

    /// Keeps a fragment; one of the same batch is kept once.
    fn keep_fragment(&mut self, key: &SessionKey, fragment: Arc<Fragment>) -> Result<(), Self::Error>;

    /// All fragments of a session.
    fn fragments(&self, key: &SessionKey) -> Result<Arc<Vec<Arc<Fragment>>>, Self::Error>;

    /// Deletes all fragments and batches of a listener, and names their sessions, and the batches with their devices.
    fn erase(&mut self, listener: &str) -> Result<Gone, Self::Error>;

    /// Keeps a batch of a device, and whether the one before it is missing; its place in the log was not kept before.
    fn keep_linked(
        &mut self,
        device: DeviceId,
        listener: &str,
        linked: &Linked,
        waits: bool,
    ) -> Result<(), Self::Error>;

    /// The batches of a device with these sequence numbers.
    fn linked(&self, device: DeviceId, seqs: RangeInclusive<u64>) -> Result<Vec<Linked>, Self::Error>;

    /// Keeps the hash of a batch of which nothing else is known any more.
    fn keep_erased(&mut self, hash: Hash) -> Result<(), Self::Error>;

    /// Whether a batch of this hash was erased.
    fn is_erased(&self, hash: Hash) -> Result<bool, Self::Error>;

    /// The sessions of the batches, of any device, that say they follow `prev` and found it missing when they came.
    fn waiting_for(&self, prev: Hash) -> Result<BTreeSet<SessionKey>, Self::Error>;

    /// Keeps a case in place of the one of its session before, and in its groups.
    fn keep_case(&mut self, case: Case) -> Result<(), Self::Error>;

    /// The case of a session.
    fn case(&self, key: &SessionKey) -> Result<Option<Arc<Case>>, Self::Error>;

    /// Forgets a case.
    fn drop_case(&mut self, key: &SessionKey) -> Result<(), Self::Error>;

    /// The cases in a group.
    fn members(&self, group: &Group) -> Result<Vec<Arc<Case>>, Self::Error>;

    /// Remembers that a group changed.
    fn touch(&mut self, group: Group) -> Result<(), Self::Error>;

    /// The groups that changed since this was asked last.
    fn touched(&mut self) -> Result<BTreeSet<Group>, Self::Error>;
}
