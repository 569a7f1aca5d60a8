//! How well honest and fraudulent plays are told apart.

use super::{Kind, Letter};
use delistening_schema::analysis::{Analysis, THRESHOLD};
use delistening_schema::judge::{Heard, Judge, MemoryCasebook};
use delistening_schema::play::{Play, SessionKey, Status};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was judged of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Plays that would count, or that claim what is impossible.
    pub plays: u64,
    /// Those that are suspect or invalid.
    pub flagged: u64,
    /// How often each signal was found among all of them.
    pub signals: BTreeMap<String, u64>,
}

/// How well they are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Of the plays that are flagged, how many are fraud.
    pub precision: f64,
    /// Of the plays that are fraud, how many are flagged.
    pub recall: f64,
    /// Of the honest plays, how many are flagged.
    pub honest_flagged: f64,
}

/// Judges letters by version 1 of the analysis.
pub fn judge(letters: &[Letter]) -> Vec<Play> {
    let mut judge = Judge::new(Arc::new(Analysis::v1()), MemoryCasebook::default());
    for Letter { batch, received, .. } in letters {
        let Ok(_) = judge.take(Heard::new(batch.clone().read(), received));
    }
    let Ok(_) = judge.examine();
    judge.casebook().cases().map(|case| case.play.clone()).collect()
}

/// Adds up plays by their kind. What does not count anyway (too short, muted) is left out.
pub fn score(plays: &[Play], kinds: &BTreeMap<SessionKey, Kind>) -> (BTreeMap<Kind, Tally>, Figures) {
    let mut tallies: BTreeMap<Kind, Tally> = BTreeMap::new();
    for play in plays {
        let (Some(kind), verdict) = (kinds.get(&SessionKey::from(play)), &play.verdict) else { continue };
        if !matches!(verdict.status, Status::Valid | Status::Suspect | Status::Invalid) {
            continue;
        }
        let tally = tallies.entry(*kind).or_default();
        tally.plays += 1;
        let scored = verdict.suspicion.as_ref().is_some_and(|suspicion| suspicion.score >= THRESHOLD);
        tally.flagged += u64::from(scored || verdict.status == Status::Invalid);
        for signal in verdict.suspicion.iter().flat_map(|suspicion| &suspicion.signals) {
            *tally.signals.entry(signal.clone()).or_default() += 1;
        }
        if verdict.status == Status::Invalid {
            *tally.signals.entry("invalid".to_owned()).or_default() += 1;
        }
    }
    let sum = |honest: bool, of: fn(&Tally) -> u64| -> u64 {
        let matching = tallies.iter().filter(|(kind, _)| matches!(kind, Kind::Honest(_)) == honest);
        matching.map(|(_, tally)| of(tally)).sum()
    };
    let (caught, accused) = (sum(false, |tally| tally.flagged), sum(true, |tally| tally.flagged));
    let figures = Figures {
        precision: share(caught, caught + accused),
        recall: share(caught, sum(false, |tally| tally.plays)),
        honest_flagged: share(accused, sum(true, |tally| tally.plays)),
    };
    (tallies, figures)
}

#[allow(clippy::cast_precision_loss)]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl Tally {
    /// How many of the plays are flagged.
    pub fn share(&self) -> f64 {
        share(self.flagged, self.plays)
    }
}
