//! A slice of the benchmark, and what it rests on.

use super::*;
use std::collections::BTreeSet;

#[test]
fn a_small_world_is_told_apart() {
    let (letters, kinds) = World::new(7, 38, 1).letters();
    let (tallies, figures) = score(&judge(&letters), &kinds);
    for (kind, tally) in &tallies {
        match kind {
            Kind::Honest(_) => assert_eq!(tally.flagged, 0, "{kind:?}: {tally:?}"),
            Kind::Fraud(_) => assert!(tally.share() >= 0.9, "{kind:?}: {tally:?}"),
        }
    }
    let forked = &tallies[&Kind::Fraud(Trick::ChainForks)];
    assert_eq!(forked.signals.get("chain_fork"), Some(&forked.plays), "a key in two hands is seen as that");
    assert_eq!(tallies.len(), Habit::ALL.len() + Trick::ALL.len(), "every kind plays");
    assert!(figures.recall >= 0.95 && figures.honest_flagged < 0.001, "{figures:?}");
}

#[test]
fn the_same_seed_is_the_same_world_and_another_is_not() {
    let world = |seed| {
        let mut world = World::new(seed, 19, 0);
        world.days = 2;
        world.letters()
    };
    let (one, kinds) = world(1);
    let (again, _) = world(1);
    let bytes = |letters: &[Letter]| {
        letters.iter().map(|letter| serde_json::to_string(&letter.batch).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(bytes(&one), bytes(&again));
    assert_ne!(bytes(&one), bytes(&world(2).0));
    let sessions: usize = one.iter().map(|letter| letter.batch.events.len()).sum();
    assert!(sessions > kinds.len());
    // Times go forward, and chains hang together but where they are meant not to.
    assert!(one.windows(2).all(|pair| pair[0].received.at <= pair[1].received.at));
    let hashes: BTreeSet<_> = one.iter().map(|letter| letter.received.hash).collect();
    assert!(one.iter().all(|letter| letter.batch.prev.is_none_or(|prev| hashes.contains(&prev))));
}
