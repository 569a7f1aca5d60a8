//! A casebook in memory, for auditors and tests.

use super::{Case, Casebook, Gone, Group, Linked};
use crate::bytes::Hash;
use crate::key::DeviceId;
use crate::play::{Fragment, SessionKey};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A casebook in memory.
#[derive(Debug, Default)]
pub struct MemoryCasebook {
    fragments: BTreeMap<SessionKey, Arc<Vec<Arc<Fragment>>>>,
    cases: BTreeMap<SessionKey, Arc<Case>>,
    groups: BTreeMap<Group, BTreeSet<SessionKey>>,
    touched: BTreeSet<Group>,
    /// By device, sequence number and place in the log: the batch, and the listener.
    linked: BTreeMap<(DeviceId, u64, u64), (Linked, String)>,
    /// By what they follow: batches that found it missing.
    waiting: BTreeMap<Hash, BTreeSet<(DeviceId, u64, u64)>>,
    erased: HashSet<Hash>,
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

    fn keep_fragment(&mut self, key: &SessionKey, fragment: Arc<Fragment>) -> Result<(), Infallible> {
        let fragments = self.fragments.entry(*key).or_default();
        if fragments.iter().all(|kept| kept.leaf != fragment.leaf) {
            Arc::make_mut(fragments).push(fragment);
        }
        Ok(())
    }

    fn fragments(&self, key: &SessionKey) -> Result<Arc<Vec<Arc<Fragment>>>, Infallible> {
        Ok(self.fragments.get(key).cloned().unwrap_or_default())
    }

    fn erase(&mut self, listener: &str) -> Result<Gone, Infallible> {
        let mut sessions = BTreeSet::new();
        for (key, fragments) in &mut self.fragments {
            if fragments.iter().any(|fragment| fragment.listener == listener) {
                Arc::make_mut(fragments).retain(|fragment| fragment.listener != listener);
                sessions.insert(*key);
            }
        }
        self.fragments.retain(|_, fragments| !fragments.is_empty());
        let batches = self.linked.extract_if(.., |_, (_, of)| of == listener);
        let batches: Vec<_> = batches.map(|((device, ..), (linked, _))| (device, linked)).collect();
        for (device, Linked { seq, leaf, prev, .. }) in &batches {
            if let Some(waiting) = prev.and_then(|prev| self.waiting.get_mut(&prev)) {
                waiting.remove(&(*device, *seq, *leaf));
            }
        }
        Ok((sessions, batches))
    }

    fn keep_linked(
        &mut self,
        device: DeviceId,
        listener: &str,
        linked: &Linked,
        waits: bool,
    ) -> Result<(), Infallible> {
        let place = (device, linked.seq, linked.leaf);
        if let Some(prev) = linked.prev.filter(|_| waits) {
            self.waiting.entry(prev).or_default().insert(place);
        }
        self.linked.insert(place, (linked.clone(), listener.to_owned()));
        Ok(())
    }

    fn linked(&self, device: DeviceId, seqs: RangeInclusive<u64>) -> Result<Vec<Linked>, Infallible> {
        let range = (device, *seqs.start(), 0)..=(device, *seqs.end(), u64::MAX);
        Ok(self.linked.range(range).map(|(_, (linked, _))| linked.clone()).collect())
    }

    fn keep_erased(&mut self, hash: Hash) -> Result<(), Infallible> {
        self.erased.insert(hash);
        Ok(())
    }

    fn is_erased(&self, hash: Hash) -> Result<bool, Infallible> {
        Ok(self.erased.contains(&hash))
    }

    fn waiting_for(&self, prev: Hash) -> Result<BTreeSet<SessionKey>, Infallible> {
        let waiting = self.waiting.get(&prev).into_iter().flatten();
        let batches = waiting.filter_map(|place| Some((place.0, &self.linked.get(place)?.0)));
        Ok(batches
            .flat_map(|(device, linked)| {
                linked.sessions.iter().map(move |&session| SessionKey { device, session })
            })
            .collect())
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
