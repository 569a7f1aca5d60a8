//! `npm run bench:fraud`: how well honest and fraudulent plays are told apart, on worlds that the thresholds were not
//! tuned on.

use delistening_tests::listening::{Figures, Kind, Tally, World, judge, score};
use std::collections::BTreeMap;
use std::time::Instant;

/// The seed that thresholds were tuned on; never reported.
const TUNED_ON: u64 = 1;

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|number| number.parse().ok()).collect();
    let seeds = numbers.first().copied().unwrap_or(3);
    let listeners = numbers.get(1).copied().unwrap_or(190);
    let operations = numbers.get(2).copied().unwrap_or(3);
    let mut all: BTreeMap<Kind, Tally> = BTreeMap::new();
    let (mut caught, mut accused, mut fraud, mut honest) = (0, 0, 0, 0);
    let (mut plays_judged, begin) = (0, Instant::now());
    // With no number of seeds, only what was tuned on: for tuning.
    let seeds = if seeds == 0 { TUNED_ON..TUNED_ON + 1 } else { TUNED_ON + 1..TUNED_ON + 1 + seeds };
    for seed in seeds.clone() {
        let (letters, kinds) = World::new(seed, listeners, operations).letters();
        let plays = judge(&letters);
        plays_judged += plays.len();
        let (tallies, figures) = score(&plays, &kinds);
        let Figures { precision, recall, honest_flagged } = figures;
        println!(
            "seed {seed}: {} sessions, precision {precision:.4}, recall {recall:.4}, honest flagged {:.4} %",
            plays.len(),
            honest_flagged * 100.0
        );
        for (kind, tally) in tallies {
            match kind {
                Kind::Honest(_) => (accused, honest) = (accused + tally.flagged, honest + tally.plays),
                Kind::Fraud(_) => (caught, fraud) = (caught + tally.flagged, fraud + tally.plays),
            }
            let sum = all.entry(kind).or_default();
            sum.plays += tally.plays;
            sum.flagged += tally.flagged;
            for (signal, count) in tally.signals {
                *sum.signals.entry(signal).or_default() += count;
            }
        }
    }
    println!("\n{:<30} {:>9} {:>9} {:>9}  signals", "kind", "plays", "flagged", "share");
    for (kind, tally) in &all {
        let mut signals: Vec<_> = tally.signals.iter().collect();
        signals.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let signals: Vec<String> =
            signals.into_iter().take(4).map(|(signal, count)| format!("{signal} {count}")).collect();
        let name = format!("{kind:?}");
        println!(
            "{name:<30} {:>9} {:>9} {:>8.2}%  {}",
            tally.plays,
            tally.flagged,
            tally.share() * 100.0,
            signals.join(", ")
        );
    }
    let least = all.iter().filter(|(kind, _)| matches!(kind, Kind::Fraud(_))).map(|(_, tally)| tally.share());
    println!("\nleast recall of a kind: {:.4}", least.fold(1.0, f64::min));
    println!("{plays_judged} sessions made and judged in {:.1} s", begin.elapsed().as_secs_f64());
    #[allow(clippy::cast_precision_loss)]
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let (precision, recall, honest_flagged) =
        (share(caught, caught + accused), share(caught, fraud), share(accused, honest));
    println!(
        "{{\"precision\":{precision:.5},\"recall\":{recall:.5},\"honest_flagged\":{honest_flagged:.6}}}"
    );
}
