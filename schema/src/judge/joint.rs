//! A session of which several logs hold parts.
//!
//! Each node judges what reached it, and its log holds that. What the session is worth altogether is a function of what
//! all of them hold: the batches, as if one log had taken them in the order in which they were received, and what each
//! node found in sessions beside its part, which the others have not seen.

use super::{Heard, Judge, MemoryCasebook};
use crate::analysis::{Analysis, OF_GAPS, Scope};
use crate::play::{Play, SessionKey};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A batch, and the origin of the log that holds it.
pub type Held = (String, Heard);

/// What the session is worth by everything that several logs hold of it; `None` if they hold no event of it.
///
/// `held` are its batches, and those beside them in the device's chain. A batch that two logs hold is taken once, as the
/// first of them received it. `said` is what each log says of its part.
pub fn joint(analysis: &Arc<Analysis>, key: &SessionKey, mut held: Vec<Held>, said: &[Play]) -> Option<Play> {
    held.sort_by_cached_key(|(log, heard)| {
        let received = heard.fragments.iter().map(|(_, fragment)| fragment.received).min();
        (received.unwrap_or(u64::MAX), log.clone(), heard.leaf)
    });
    let mut judge = Judge::new(Arc::clone(analysis), MemoryCasebook::default());
    let mut taken = BTreeSet::new();
    for (place, (_, mut heard)) in (0..).zip(held) {
        if !taken.insert(heard.link.hash) {
            continue;
        }
        heard.leaf = place;
        for (_, fragment) in &mut heard.fragments {
            Arc::make_mut(fragment).leaf = place;
        }
        let Ok(_) = judge.take(heard);
    }
    let Ok(_) = judge.examine();
    let Ok(case) = super::Casebook::case(judge.casebook(), key);
    let mut case = (*case?).clone();
    // A gap may be none any more: what fills it lay in another log.
    let gapless = case.trace.gaps.is_empty();
    let found: BTreeSet<&String> = said
        .iter()
        .filter_map(|play| play.verdict.suspicion.as_ref())
        .flat_map(|found| &found.signals)
        .collect();
    for scope in [Scope::Device, Scope::Listener, Scope::Network] {
        let of_scope = |code: &str| analysis.scope_of(code) == Some(scope);
        let mut marks = case.marks(scope).clone();
        marks.extend(
            found
                .iter()
                .filter(|code| of_scope(code) && !(gapless && OF_GAPS.contains(&code.as_str())))
                .map(|code| (*code).clone()),
        );
        case.mark(scope, marks);
    }
    case.weigh(analysis);
    Some(case.play)
}

/// Whether a log found that batches are missing before those of a session, which another log may hold.
pub fn has_gap(play: &Play) -> bool {
    let found = play.verdict.suspicion.as_ref();
    found.is_some_and(|found| found.signals.iter().any(|signal| OF_GAPS.contains(&signal.as_str())))
}
