//! A casebook in memory, for auditors and tests.

use super::{Case, Casebook, Group, Place};
use crate::bytes::Hash;
use crate::key::DeviceId;
use crate::play::{Fragment, Link, SessionKey};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use uuid::Uuid;

/// A casebook in memory.
#[derive(Debug, Default)]
pub struct MemoryCasebook {
    fragments: BTreeMap<SessionKey, Arc<Vec<Fragment>>>,
    cases: BTreeMap<SessionKey, Arc<Case>>,
    groups: BTreeMap<Group, BTreeSet<SessionKey>>,
    touched: BTreeSet<Group>,
    /// By device and place in the log: the place in the chain, and the listener.
    links: BTreeMap<(DeviceId, u64), (Link, String)>,
    by_seq: BTreeMap<(DeviceId, u64), BTreeSet<u64>>,
    by_hash: BTreeMap<(DeviceId, Hash), BTreeSet<u64>>,
    by_prev: BTreeMap<Hash, BTreeSet<(DeviceId, u64)>>,
    erased: HashSet<Hash>,
    sessions: BTreeMap<(DeviceId, u64), BTreeSet<Uuid>>,
}

impl MemoryCasebook {
    /// All sessions, as they are judged now.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.values().map(AsRef::as_ref)
    }

    fn leave(&mut self, case: &Case) {
        for group in Group::of(&case.trace) {
            if let Some(members) = self.groups.get_mut(&group) {
                members.remove(&case.key());
                if members.is_empty() {
                    self.groups.remove(&group);
                }
            }
        }
    }
}

impl Casebook for MemoryCasebook {
    type Error = Infallible;

    fn keep_fragment(&mut self, key: &SessionKey, fragment: Fragment) -> Result<(), Infallible> {
        let fragments = self.fragments.entry(*key).or_default();
        if fragments.iter().all(|kept| kept.leaf != fragment.leaf) {
            self.sessions.entry((key.device, fragment.leaf)).or_default().insert(key.session);
            Arc::make_mut(fragments).push(fragment);
        }
        Ok(())
    }

    fn fragments(&self, key: &SessionKey) -> Result<Arc<Vec<Fragment>>, Infallible> {
        Ok(self.fragments.get(key).cloned().unwrap_or_default())
    }

    fn erase(&mut self, listener: &str) -> Result<(BTreeSet<SessionKey>, Vec<Place>), Infallible> {
        let mut sessions = BTreeSet::new();
        for (key, fragments) in &mut self.fragments {
            if fragments.iter().any(|fragment| fragment.listener == listener) {
                Arc::make_mut(fragments).retain(|fragment| fragment.listener != listener);
                sessions.insert(*key);
            }
        }
        self.fragments.retain(|_, fragments| !fragments.is_empty());
        let places: Vec<Place> = self
            .links
            .extract_if(.., |_, (_, of)| of == listener)
            .map(|((device, leaf), (link, _))| (device, leaf, link))
            .collect();
        for (device, leaf, link) in &places {
            let by_hash = self.by_hash.get_mut(&(*device, link.hash));
            for leaves in [self.by_seq.get_mut(&(*device, link.seq)), by_hash].into_iter().flatten() {
                leaves.remove(leaf);
            }
            if let Some(followers) = link.prev.and_then(|prev| self.by_prev.get_mut(&prev)) {
                followers.remove(&(*device, *leaf));
            }
            self.sessions.remove(&(*device, *leaf));
        }
        Ok((sessions, places))
    }

    fn keep_link(
        &mut self,
        device: DeviceId,
        leaf: u64,
        link: &Link,
        listener: &str,
    ) -> Result<bool, Infallible> {
        let known = self.links.insert((device, leaf), (*link, listener.to_owned()));
        self.by_seq.entry((device, link.seq)).or_default().insert(leaf);
        self.by_hash.entry((device, link.hash)).or_default().insert(leaf);
        if let Some(prev) = link.prev {
            self.by_prev.entry(prev).or_default().insert((device, leaf));
        }
        Ok(known.is_none())
    }

    fn keep_erased(&mut self, hash: Hash) -> Result<(), Infallible> {
        self.erased.insert(hash);
        Ok(())
    }

    fn knows(&self, device: DeviceId, hash: Hash) -> Result<bool, Infallible> {
        let held = self.by_hash.get(&(device, hash)).is_some_and(|leaves| !leaves.is_empty());
        Ok(held || self.erased.contains(&hash))
    }

    fn links_after(&self, device: DeviceId, prev: Hash) -> Result<BTreeSet<u64>, Infallible> {
        let followers = self.by_prev.get(&prev).into_iter().flatten();
        Ok(followers.filter(|(of, _)| *of == device).map(|(_, leaf)| *leaf).collect())
    }

    fn followers(&self, prev: Hash) -> Result<BTreeSet<(DeviceId, u64)>, Infallible> {
        Ok(self.by_prev.get(&prev).cloned().unwrap_or_default())
    }

    fn links_at(&self, device: DeviceId, seq: u64) -> Result<BTreeSet<u64>, Infallible> {
        Ok(self.by_seq.get(&(device, seq)).cloned().unwrap_or_default())
    }

    fn sessions_of(&self, device: DeviceId, leaf: u64) -> Result<BTreeSet<SessionKey>, Infallible> {
        let sessions = self.sessions.get(&(device, leaf)).into_iter().flatten();
        Ok(sessions.map(|&session| SessionKey { device, session }).collect())
    }

    fn keep_case(&mut self, case: Case) -> Result<(), Infallible> {
        let key = case.key();
        let groups = Group::of(&case.trace);
        if let Some(before) = self.cases.get(&key).map(Arc::clone)
            && Group::of(&before.trace) != groups
        {
            self.leave(&before);
        }
        for group in groups {
            self.groups.entry(group).or_default().insert(key);
        }
        self.cases.insert(key, Arc::new(case));
        Ok(())
    }

    fn case(&self, key: &SessionKey) -> Result<Option<Arc<Case>>, Infallible> {
        Ok(self.cases.get(key).map(Arc::clone))
    }

    fn drop_case(&mut self, key: &SessionKey) -> Result<(), Infallible> {
        if let Some(case) = self.cases.remove(key) {
            self.leave(&case);
        }
        Ok(())
    }

    fn members(&self, group: &Group) -> Result<Vec<Arc<Case>>, Infallible> {
        let members = self.groups.get(group).into_iter().flatten();
        Ok(members.filter_map(|key| self.cases.get(key).map(Arc::clone)).collect())
    }

    fn touch(&mut self, group: Group) -> Result<(), Infallible> {
        self.touched.insert(group);
        Ok(())
    }

    fn touched(&mut self) -> Result<BTreeSet<Group>, Infallible> {
        Ok(std::mem::take(&mut self.touched))
    }
}
