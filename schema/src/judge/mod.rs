//! Judges sessions: each by the play rule, and beside each other by the analysis.
//!
//! A [`Judge`] takes batches in the order of the log and keeps what it knows in a [`Casebook`]; the server's is a file, an
//! auditor's is memory. What it says of a session is a function of the batches that it has taken, and of nothing else:
//! not of their order, of repetition, or of when it was asked. So an auditor who takes the same batches says the same.
//!
//! Looking at a whole group is what costs, so [`Judge::take`] only notes which groups changed, and [`Judge::examine`]
//! looks at each of them once, however many batches came meanwhile.

mod case;
mod casebook;
mod heard;
mod joint;
mod memory;

pub use case::{Case, Group};
pub use casebook::{Casebook, Gone, Linked};
pub use heard::Heard;
pub use joint::{Held, has_gap, joint};
pub use memory::MemoryCasebook;

use crate::analysis::{Analysis, FLOOD, MOST, MOST_OF_A_NETWORK, Scope, Trace};
use crate::bytes::Hash;
use crate::play::{Link, Play, SessionKey};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Judges sessions.
#[derive(Debug)]
pub struct Judge<C> {
    analysis: Arc<Analysis>,
    casebook: C,
}

impl<C: Casebook> Judge<C> {
    /// A judge who knows what `casebook` holds.
    pub fn new(analysis: Arc<Analysis>, casebook: C) -> Self {
        Self { analysis, casebook }
    }

    /// What is known.
    pub fn casebook(&self) -> &C {
        &self.casebook
    }

    /// What is known, for its keeper: to begin and end transactions.
    pub fn casebook_mut(&mut self) -> &mut C {
        &mut self.casebook
    }

    /// The analysis.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// What a session is worth, as far as is known; `None` if no event of it is.
    pub fn play(&self, key: &SessionKey) -> Result<Option<Play>, C::Error> {
        Ok(self.casebook.case(key)?.map(|case| case.play.clone()))
    }

    /// Takes a batch. Gives the sessions that are judged anew by it. A batch that was taken before changes nothing.
    pub fn take(&mut self, heard: Heard) -> Result<BTreeSet<SessionKey>, C::Error> {
        let Heard { device, listener, leaf, link, fragments } = heard;
        let Link { seq, hash, prev, .. } = link;
        let near = self.casebook.linked(device, seq.saturating_sub(1)..=seq.saturating_add(1))?;
        let mut touched = BTreeSet::new();
        let mut sessions = Vec::with_capacity(fragments.len());
        for (key, fragment) in fragments {
            self.casebook.keep_fragment(&key, fragment)?;
            touched.insert(key);
            sessions.push(key.session);
        }
        if near.iter().all(|other| other.leaf != leaf) {
            // The batch that followed this one when it was missing, and those that claim its place.
            let concerned = |other: &&Linked| other.seq == seq || other.seq > seq && other.prev == Some(hash);
            let others = near.iter().filter(concerned).flat_map(|other| &other.sessions);
            touched.extend(others.map(|&session| SessionKey { device, session }));
            let waits = self.is_missing(prev, &near, seq)?;
            let linked = Linked { seq, leaf, hash, prev, sessions };
            self.casebook.keep_linked(device, &listener, &linked, waits)?;
        }
        for key in &touched {
            self.judge(key)?;
        }
        Ok(touched)
    }

    /// Whether the batch that the one with sequence number `seq` says it follows is not known; `near` holds those of its
    /// device around it.
    fn is_missing(&self, prev: Option<Hash>, near: &[Linked], seq: u64) -> Result<bool, C::Error> {
        let Some(prev) = prev else { return Ok(seq > 1) };
        let known = near.iter().any(|before| before.seq < seq && before.hash == prev);
        Ok(!known && !self.casebook.is_erased(prev)?)
    }

    /// Judges a session by itself; what its groups show is looked at later.
    fn judge(&mut self, key: &SessionKey) -> Result<(), C::Error> {
        let fragments = self.casebook.fragments(key)?;
        let before = self.casebook.case(key)?;
        let Some((play, facts)) = Play::judge(key.device, key.session, &fragments) else {
            if let Some(before) = before {
                self.touch(&before.trace)?;
                self.casebook.drop_case(key)?;
            }
            return Ok(());
        };
        let mut trace = Trace::of(&play, &facts, &fragments);
        for fragment in fragments.iter() {
            let Link { seq, prev, .. } = fragment.link;
            let near = self.casebook.linked(key.device, seq.saturating_sub(1)..=seq)?;
            if self.is_missing(prev, &near, seq)? {
                trace.gaps.insert(seq);
            }
            if near.iter().any(|other| other.seq == seq && other.leaf != fragment.leaf) {
                trace.forks.insert(seq);
            }
        }
        let mut case = Case::new(play, trace);
        let marks = self.analysis.examine(Scope::Session, &[&case.trace]).pop().unwrap_or_default();
        case.mark(Scope::Session, marks);
        if let Some(before) = &before {
            case.take_over(before);
        }
        case.weigh(&self.analysis);
        if let Some(before) = &before {
            if **before == case {
                return Ok(());
            }
            self.touch(&before.trace)?;
        }
        self.touch(&case.trace)?;
        self.casebook.keep_case(case)
    }

    fn touch(&mut self, trace: &Trace) -> Result<(), C::Error> {
        for group in Group::of(trace) {
            self.casebook.touch(group)?;
        }
        Ok(())
    }

    /// Looks at every group that changed. Gives the sessions whose play became another by it.
    pub fn examine(&mut self) -> Result<BTreeSet<SessionKey>, C::Error> {
        let mut changed = BTreeSet::new();
        for group in self.casebook.touched()? {
            let mut members = self.casebook.members(&group)?;
            members.sort_by_key(|case| (case.trace.begin, case.trace.device, case.trace.session));
            let most = if group.scope == Scope::Network { MOST_OF_A_NETWORK } else { MOST };
            let flood = members.len() > most;
            let marks = if flood {
                // An artist may be loved by a whole town behind one address.
                let marks = if group.scope == Scope::Network { None } else { Some(FLOOD.to_owned()) };
                vec![marks.into_iter().collect(); members.len()]
            } else {
                let traces: Vec<&Trace> = members.iter().map(|case| &case.trace).collect();
                self.analysis.examine(group.scope, &traces)
            };
            for (member, marks) in members.into_iter().zip(marks) {
                if member.marks(group.scope) == &marks {
                    continue;
                }
                let mut case = (*member).clone();
                drop(member);
                let before = case.play.verdict.clone();
                case.mark(group.scope, marks);
                case.weigh(&self.analysis);
                if case.play.verdict != before {
                    changed.insert(case.key());
                }
                self.casebook.keep_case(case)?;
            }
        }
        Ok(changed)
    }

    /// Forgets everything of a listener, but for the hashes of batches, so that a chain that goes through them still holds.
    /// Gives the sessions that are gone or judged anew.
    pub fn erase(&mut self, listener: &str) -> Result<BTreeSet<SessionKey>, C::Error> {
        let (mut touched, links) = self.casebook.erase(listener)?;
        for (device, Linked { seq, hash, .. }) in links {
            self.casebook.keep_erased(hash)?;
            touched.extend(self.casebook.waiting_for(hash)?);
            let rivals = self.casebook.linked(device, seq..=seq)?;
            let sessions = rivals.iter().flat_map(|rival| &rival.sessions);
            touched.extend(sessions.map(|&session| SessionKey { device, session }));
        }
        for key in &touched {
            self.judge(key)?;
        }
        Ok(touched)
    }

    /// A batch that was erased: its hash is known, and nothing else. Gives the sessions that are judged anew by it.
    pub fn erased(&mut self, hash: Hash) -> Result<BTreeSet<SessionKey>, C::Error> {
        self.casebook.keep_erased(hash)?;
        let touched = self.casebook.waiting_for(hash)?;
        for key in &touched {
            self.judge(key)?;
        }
        Ok(touched)
    }
}

#[cfg(test)]
mod tests;
