//! What a device's chain of batches shows.

use super::{BuiltIn, Mark, each};
use crate::analysis::{Scope, Trace};
use std::collections::BTreeSet;

const GAPS: usize = 3;

/// The signals of a session and of a device with gaps, which a batch that turns up elsewhere can fill.
pub(crate) const OF_GAPS: [&str; 2] = ["chain_gap", "chain_gaps"];

pub(super) const RULES: &[BuiltIn] = &[
    BuiltIn {
        code: OF_GAPS[0],
        weight: 30,
        scope: Scope::Session,
        text: "A batch of it follows one that never came.",
        examine: chain_gap,
    },
    BuiltIn {
        code: OF_GAPS[1],
        weight: 100,
        scope: Scope::Device,
        text: "3 or more batches of the device, in a week, follow one that never came.",
        examine: chain_gaps,
    },
    BuiltIn {
        code: "chain_fork",
        weight: 100,
        scope: Scope::Device,
        text: "In the week two batches of the device claim the same place in its chain: its key is in two hands.",
        examine: chain_fork,
    },
];

fn chain_gap(plays: &[&Trace], mark: Mark<'_>) {
    each(plays, mark, |play| !play.gaps.is_empty());
}

fn chain_gaps(plays: &[&Trace], mark: Mark<'_>) {
    let gaps: BTreeSet<u64> = plays.iter().flat_map(|play| &play.gaps).copied().collect();
    if gaps.len() >= GAPS {
        each(plays, mark, |play| !play.gaps.is_empty());
    }
}

fn chain_fork(plays: &[&Trace], mark: Mark<'_>) {
    // Whose hand did what cannot be told.
    if plays.iter().any(|play| !play.forks.is_empty()) {
        (0..plays.len()).for_each(mark);
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::{marked, play};
    use super::*;

    fn after_a_gap(number: u64, seq: u64) -> Trace {
        Trace { gaps: BTreeSet::from([seq]), ..play(number, number * 400_000) }
    }

    #[test]
    fn one_lost_batch_is_an_accident_and_many_are_not() {
        let once = [play(1, 0), after_a_gap(2, 7), after_a_gap(3, 7), after_a_gap(4, 7)];
        assert_eq!(marked("chain_gap", Scope::Session, &once[1..2]), 1);
        assert_eq!(marked("chain_gap", Scope::Session, &once[..1]), 0);
        assert_eq!(marked("chain_gaps", Scope::Device, &once), 0, "three plays of one batch");
        let often = [play(1, 0), after_a_gap(2, 7), after_a_gap(3, 9), after_a_gap(4, 12)];
        assert_eq!(marked("chain_gaps", Scope::Device, &often), 3);
    }

    #[test]
    fn a_fork_is_seen() {
        let forked = Trace { forks: BTreeSet::from([4]), ..play(1, 0) };
        assert_eq!(marked("chain_fork", Scope::Device, &[forked, play(2, 400_000)]), 2);
        assert_eq!(marked("chain_fork", Scope::Device, &[play(1, 0)]), 0);
    }
}
