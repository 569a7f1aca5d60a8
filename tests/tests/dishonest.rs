//! Each trick of a dishonest operator is seen by those who can see it, and an honest one raises nothing.

use delistening_tests::dishonest;

#[tokio::test(flavor = "multi_thread")]
async fn every_trick_is_seen_by_those_who_can() {
    let outcomes = dishonest::run().await;
    let faults: Vec<String> = outcomes
        .iter()
        .flat_map(|outcome| {
            outcome.faults().into_iter().map(|fault| format!("{}: {fault}", outcome.trick.name))
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(outcomes.iter().any(|outcome| !outcome.trick.is_one()), "an honest operator is among them");
    // Somebody sees each of them.
    for outcome in outcomes.iter().filter(|outcome| outcome.trick.is_one()) {
        assert!(!outcome.sdk.is_empty() || !outcome.audit.is_empty(), "{}", outcome.trick.name);
    }
}
