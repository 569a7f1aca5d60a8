//! One session as it was judged, and the groups that it is seen in.

use crate::analysis::{Analysis, Scope, THRESHOLD, Trace};
use crate::play::{Play, SessionKey, Status, Suspicion};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// A number of sessions that are seen together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// By what.
    pub scope: Scope,
    /// Of whom.
    pub of: String,
    /// In which week, counted from 1970-01-01; 0 for networks, whose names are another every day.
    pub week: u64,
}

impl Group {
    /// The groups of a session.
    pub fn of(trace: &Trace) -> Vec<Self> {
        let week = trace.begin / WEEK_MS;
        let mut groups = vec![
            Self { scope: Scope::Device, of: trace.device.to_string(), week },
            Self { scope: Scope::Listener, of: trace.listener.clone(), week },
        ];
        if let Some(network) = &trace.context.network {
            let artist = trace.artist.as_ref().unwrap_or(&trace.track);
            groups.push(Self { scope: Scope::Network, of: format!("{network}/{artist}"), week: 0 });
        }
        groups
    }
}

/// One session as it was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// What is said of it.
    pub play: Play,
    /// What analysis knows of it.
    pub trace: Trace,
    /// The signals that were found in each scope.
    marks: BTreeMap<Scope, BTreeSet<String>>,
}

const NONE: &BTreeSet<String> = &BTreeSet::new();

impl Case {
    pub(super) fn new(play: Play, trace: Trace) -> Self {
        Self { play, trace, marks: BTreeMap::new() }
    }

    /// Its name.
    pub fn key(&self) -> SessionKey {
        self.trace.key()
    }

    /// Takes over what was found of it before, in the groups that it is still in.
    pub(super) fn take_over(&mut self, before: &Self) {
        let (was, is) = (Group::of(&before.trace), Group::of(&self.trace));
        for group in is.iter().filter(|group| was.contains(group)) {
            self.mark(group.scope, before.marks(group.scope).clone());
        }
    }

    pub(super) fn marks(&self, scope: Scope) -> &BTreeSet<String> {
        self.marks.get(&scope).unwrap_or(NONE)
    }

    pub(super) fn mark(&mut self, scope: Scope, marks: BTreeSet<String>) {
        if marks.is_empty() {
            self.marks.remove(&scope);
        } else {
            self.marks.insert(scope, marks);
        }
    }

    /// Says in the play what the marks come to.
    pub(super) fn weigh(&mut self, analysis: &Analysis) {
        let signals: BTreeSet<&String> = self.marks.values().flatten().collect();
        let score = analysis.score(signals.iter().map(|signal| signal.as_str()));
        let verdict = &mut self.play.verdict;
        verdict.status = match self.trace.status {
            Status::Valid if score >= THRESHOLD => Status::Suspect,
            other => other,
        };
        verdict.suspicion = (!signals.is_empty()).then(|| Suspicion {
            analysis: analysis.version(),
            score,
            signals: signals.into_iter().cloned().collect(),
        });
    }
}
