//! What an ack is worth: receipts, duplicates, forks, and what a folder says after crashes and damage.

use super::support::*;
use delistening_ingest::commit::{CommitError, Log, OpenError, Options, Outcome};
use delistening_schema::Hash;
use delistening_schema::api::Known;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::{Checkpoint, LogSigner, merkle};
use std::fs;

#[test]
fn every_accepted_batch_gets_a_receipt_that_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    let mut newest: Option<Checkpoint> = None;
    for device in 1..=5 {
        for submission in chain(device, 60) {
            let known = newest.as_ref().map(|c| Known { origin: c.origin.clone(), size: c.size });
            let outcomes = commit(&log, std::slice::from_ref(&submission), known).unwrap();
            let Outcome::Accepted { consistency, gap: false, .. } = &outcomes[0] else {
                panic!("{outcomes:?}")
            };
            let checkpoint = checked(&outcomes[0], &submission);
            if let Some(before) = newest {
                assert!(merkle::verify_consistency(
                    before.size,
                    &before.root,
                    checkpoint.size,
                    &checkpoint.root,
                    consistency
                ));
            }
            newest = Some(checkpoint);
        }
    }
    assert_eq!(log.size(), 301, "the rule and every batch");
}

#[test]
fn a_resend_gets_the_very_same_receipt_also_after_a_restart_and_without_the_registry() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    let all = chain(1, 40);
    let groups: Vec<Vec<Outcome>> = all.chunks(8).map(|group| commit(&log, group, None).unwrap()).collect();
    let originals: Vec<String> = groups.iter().flatten().map(|outcome| receipt(outcome).to_owned()).collect();
    let resend = |log: &Log| {
        let outcomes = all.chunks(5).flat_map(|group| commit(log, group, None).unwrap());
        for (outcome, original) in outcomes.zip(&originals) {
            assert!(matches!(&outcome, Outcome::Duplicate { receipt, .. } if receipt == original));
        }
    };
    resend(&log);
    close(log);
    let log = open(folder.path()).unwrap();
    resend(&log);
    close(log);
    for file in ["registry.sqlite", "ledger/entries", "ledger/tiles-0"] {
        fs::write(folder.path().join(file), b"garbage").unwrap();
    }
    let log = open(folder.path()).unwrap();
    resend(&log);
    assert_eq!(log.size(), 41);
}

#[tokio::test]
async fn who_finds_the_writers_queue_full_is_refused_before_anything_is_written() {
    const BATCHES: u64 = 2_000;
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(folder.path(), signer(), &Options { queue: 1, ..Options::default() }).unwrap();
    let submissions: Vec<_> = chain(1, BATCHES);
    // Asked for one after the other without a pause, and a commit waits for the disk.
    let commits = submissions.iter().map(|one| log.committer().commit(vec![one.clone()], None));
    let (mut acked, mut busy) = (0, Vec::new());
    for (outcome, submission) in futures_util::future::join_all(commits).await.into_iter().zip(&submissions) {
        match outcome {
            Ok(outcomes) => {
                checked(&outcomes[0], submission);
                acked += 1;
            }
            Err(CommitError::Busy) => busy.push(submission.clone()),
            Err(error) => panic!("{error}"),
        }
    }
    assert!(acked > 0 && !busy.is_empty(), "{acked} acked");
    assert_eq!(log.size(), 1 + acked, "the rule, and what was acked");
    let again = log.committer().commit(busy, None).await.unwrap();
    assert!(again.iter().all(|outcome| matches!(outcome, Outcome::Accepted { .. })));
    assert_eq!(log.size(), 1 + BATCHES);
}

#[test]
fn forks_are_refused_and_gaps_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    let all = chain(1, 5);
    commit(&log, &all[..1], None).unwrap();
    let fork = batch(1, 1, None, 9);
    let other_history = batch(1, 3, Some(Hash::of(b"no batch")), 9);
    let outcomes =
        commit(&log, &[fork, all[1].clone(), all[1].clone(), other_history, all[4].clone()], None).unwrap();
    assert_eq!(outcomes[0], Outcome::Fork);
    assert!(matches!(outcomes[1], Outcome::Accepted { gap: false, .. }));
    assert!(
        matches!(&outcomes[2], Outcome::Duplicate { receipt: again, .. } if again == receipt(&outcomes[1]))
    );
    assert!(matches!(outcomes[3], Outcome::Accepted { gap: true, .. }), "its chain is broken");
    assert!(matches!(outcomes[4], Outcome::Accepted { gap: true, .. }), "one is missing");
    assert!(matches!(commit(&log, &all[3..4], None).unwrap()[0], Outcome::Accepted { gap: true, .. }));
    assert_eq!(commit(&log, &all[2..3], None).unwrap()[0], Outcome::Fork);
}

#[test]
fn a_torn_tail_past_the_signed_size_is_cut_at_every_byte() {
    let (folder, receipts) = three_batches();
    let intact = journal_bytes(folder.path());
    let mut tail = Vec::new();
    {
        // What a crash may leave: a fourth record that was never signed, whole or in part.
        let other = tempfile::tempdir().unwrap();
        let log = open(other.path()).unwrap();
        commit(&log, &chain(2, 1), None).unwrap();
        close(log);
        let bytes = journal_bytes(other.path());
        let rule = 16 + 9 + u32::from_le_bytes(bytes[16..20].try_into().unwrap()) as usize;
        tail.extend_from_slice(&bytes[rule..]);
    }
    let step = tail.len().div_ceil(40);
    for length in (0..=tail.len()).step_by(step).chain([1, 8, 9, tail.len() - 1, tail.len()]) {
        let torn: Vec<u8> = intact.iter().chain(&tail[..length]).copied().collect();
        fs::write(journal(folder.path()), torn).unwrap();
        let log = open(folder.path()).unwrap_or_else(|error| panic!("{length} bytes of tail: {error}"));
        // A whole record that was never signed is kept and signed now; it may have been acked by nobody.
        assert_eq!(log.size(), if length == tail.len() { 5 } else { 4 }, "{length} bytes of tail");
        let outcomes = commit(&log, &chain(1, 3), None).unwrap();
        for (outcome, original) in outcomes.iter().zip(&receipts) {
            assert_eq!(receipt(outcome), original);
        }
        close(log);
        if length == tail.len() {
            break;
        }
    }
}

#[test]
fn damage_below_the_signed_size_halts_with_a_sentence() {
    let (folder, _) = three_batches();
    let intact = journal_bytes(folder.path());
    for at in (0..intact.len()).step_by(intact.len() / 60) {
        let mut bytes = intact.clone();
        bytes[at] ^= 0x10;
        fs::write(journal(folder.path()), bytes).unwrap();
        let error = open(folder.path()).expect_err("a flipped bit is noticed").to_string();
        assert!(error.contains("restore the folder from a backup"), "byte {at}: {error}");
    }
    for length in [0, 16, intact.len() / 2, intact.len() - 1] {
        fs::write(journal(folder.path()), &intact[..length]).unwrap();
        assert!(open(folder.path()).is_err(), "cut to {length}");
    }
    fs::write(journal(folder.path()), intact).unwrap();
    assert!(open(folder.path()).is_ok());
}

#[test]
fn another_history_under_the_same_key_is_refused() {
    let (folder, _) = three_batches();
    let other = tempfile::tempdir().unwrap();
    let log = open(other.path()).unwrap();
    commit(&log, &chain(7, 3), None).unwrap();
    close(log);
    fs::copy(journal(other.path()), journal(folder.path())).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::OtherRoot { size: 4 })));
}

#[test]
fn a_foreign_key_and_a_second_process_are_refused() {
    let (folder, _) = three_batches();
    let foreign = LogSigner::new("log.example", SecretKey::from_seed(&[5; 32])).unwrap();
    let error = Log::open(folder.path(), foreign, &Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::ForeignKey { .. }), "{error}");
    let renamed = LogSigner::new("other.example", SecretKey::from_seed(&[4; 32])).unwrap();
    assert!(matches!(
        Log::open(folder.path(), renamed, &Options::default()),
        Err(OpenError::ForeignKey { .. })
    ));
    let _held = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Held(_))));
}

#[test]
fn segments_rotate_and_are_read_across() {
    let folder = tempfile::tempdir().unwrap();
    let small = Options { segment_bytes: 4_000, ..Options::default() };
    let log = Log::open(folder.path(), signer(), &small).unwrap();
    let all = chain(1, 50);
    for one in all.chunks(1) {
        commit(&log, one, None).unwrap();
    }
    assert!(fs::read_dir(folder.path().join("journal")).unwrap().count() > 5);
    for start in [0, 1, 17, 50] {
        let mut reader = log.reader(start);
        let mut next = start;
        while let Some((leaf, record)) = reader.next_below(log.size()).unwrap() {
            assert_eq!(leaf, next);
            if let Some(batch) = record.into_batch() {
                assert_eq!(batch.jws, all[usize::try_from(leaf).unwrap() - 1].jws);
            }
            next += 1;
        }
        assert_eq!(next, 51);
    }
    close(log);
    let log = Log::open(folder.path(), signer(), &small).unwrap();
    assert_eq!(log.size(), 51);
}

#[test]
fn tiles_and_bundles_lead_to_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    for device in 1..=10 {
        commit(&log, &chain(device, 60), None).unwrap();
    }
    let checkpoint = Checkpoint::verify(&log.checkpoint(), &key()).unwrap();
    assert_eq!(checkpoint.size, 601);
    let mut leaves = Vec::new();
    for (index, width) in [(0, 256), (1, 256), (2, 89)] {
        let tile = log.tile(0, index, width).unwrap().unwrap();
        let bundle = log.entries(index, width).unwrap().unwrap();
        let mut rest = bundle.as_slice();
        for hash in tile.as_chunks::<32>().0 {
            let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            assert_eq!(merkle::leaf_hash(&rest[2..2 + length]), Hash(*hash));
            rest = &rest[2 + length..];
            leaves.push(Hash(*hash));
        }
        assert!(rest.is_empty());
    }
    assert_eq!(delistening_schema::ledger::merkle::tree_root(&leaves), checkpoint.root);
    assert_eq!(log.tile(1, 0, 2).unwrap().unwrap().len(), 64);
    for (level, index, width) in [(0, 2, 90), (0, 3, 1), (1, 0, 3), (2, 0, 1), (60, 0, 1), (0, u64::MAX, 1)] {
        assert_eq!(log.tile(level, index, width).unwrap(), None, "{level}/{index}.p/{width}");
    }
    assert_eq!(log.entries(2, 90).unwrap(), None);
    assert_eq!(log.time_at(601), Some(1_700_000_000_060));
    assert_eq!(log.time_at(1), None, "the rule carries no time");
}

#[test]
fn requests_that_arrive_together_are_each_answered() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let commits = (1..=100).map(|device| log.committer().commit(chain(device, 3), None));
        for (outcomes, device) in futures_util::future::join_all(commits).await.into_iter().zip(1..) {
            for (outcome, submission) in outcomes.unwrap().iter().zip(chain(device, 3)) {
                checked(outcome, &submission);
            }
        }
    });
    assert_eq!(log.size(), 301);
}
