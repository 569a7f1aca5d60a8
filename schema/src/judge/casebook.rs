//! Where a judge keeps what it knows.

use super::{Case, Group};
use crate::bytes::Hash;
use crate::key::DeviceId;
use crate::play::{Fragment, Link, SessionKey};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A batch: its device, its place in the log, and its place in the device's chain.
pub type Place = (DeviceId, u64, Link);

/// Where a judge keeps what it knows. Nothing here decides anything.
pub trait Casebook {
    /// Why it cannot be read or written.
    type Error;

    /// Keeps a fragment; one of the same batch is kept once.
    fn keep_fragment(&mut self, key: &SessionKey, fragment: Fragment) -> Result<(), Self::Error>;

    /// All fragments of a session.
    fn fragments(&self, key: &SessionKey) -> Result<Arc<Vec<Fragment>>, Self::Error>;

    /// Deletes all fragments and links of a listener, and names their sessions and batches.
    fn erase(&mut self, listener: &str) -> Result<(BTreeSet<SessionKey>, Vec<Place>), Self::Error>;

    /// Keeps a batch's place in its device's chain; false if it was kept before.
    fn keep_link(
        &mut self,
        device: DeviceId,
        leaf: u64,
        link: &Link,
        listener: &str,
    ) -> Result<bool, Self::Error>;

    /// Keeps the hash of a batch of which nothing else is known any more.
    fn keep_erased(&mut self, hash: Hash) -> Result<(), Self::Error>;

    /// Whether a batch of the device, or an erased one, has this hash.
    fn knows(&self, device: DeviceId, hash: Hash) -> Result<bool, Self::Error>;

    /// The batches of a device that say they follow `prev`, by their place in the log.
    fn links_after(&self, device: DeviceId, prev: Hash) -> Result<BTreeSet<u64>, Self::Error>;

    /// The batches of any device that say they follow `prev`.
    fn followers(&self, prev: Hash) -> Result<BTreeSet<(DeviceId, u64)>, Self::Error>;

    /// The batches of a device with this sequence number, by their place in the log.
    fn links_at(&self, device: DeviceId, seq: u64) -> Result<BTreeSet<u64>, Self::Error>;

    /// The sessions that a batch speaks of.
    fn sessions_of(&self, device: DeviceId, leaf: u64) -> Result<BTreeSet<SessionKey>, Self::Error>;

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
