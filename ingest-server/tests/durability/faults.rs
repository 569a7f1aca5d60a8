//! Acks and refusals while the disk fails.

use super::support::*;
use delistening_ingest::commit::{CommitError, Log, Options, Outcome, Submission};
use delistening_ingest::disk::faults::inject;
use delistening_schema::ledger::{Checkpoint, merkle};
use std::path::Path;

fn small(folder: &Path) -> Log {
    Log::open(folder, signer(), &Options { segment_bytes: 4_000, ..Options::default() }).unwrap()
}

/// Sends a batch until it is acked, as a device does; gives its receipt's checkpoint and how often it was refused.
fn insist(log: &Log, batch: &Submission) -> (Checkpoint, usize) {
    for refused in 0..60 {
        match commit(log, std::slice::from_ref(batch), None) {
            Ok(outcomes) => return (checked(&outcomes[0], batch), refused),
            Err(error) => assert_eq!(error, CommitError::StorageFull),
        }
    }
    panic!("the log never took the batch again");
}

/// The log holds `batches`, each once, and is the one that was seen before.
fn assert_holds(log: &Log, batches: &[Submission], seen: &[Checkpoint]) {
    assert_eq!(log.size(), 1 + batches.len() as u64, "the rule, and each batch once");
    for batch in batches {
        let outcomes = commit(log, std::slice::from_ref(batch), None).unwrap();
        assert!(matches!(outcomes[0], Outcome::Duplicate { .. }));
        checked(&outcomes[0], batch);
    }
    let newest = Checkpoint::verify(&log.checkpoint(), &key()).unwrap();
    for checkpoint in seen {
        let proof = log.consistency(checkpoint.size, newest.size).unwrap();
        let (old, new) = (checkpoint, &newest);
        assert!(merkle::verify_consistency(old.size, &old.root, new.size, &new.root, &proof));
    }
}

#[test]
fn a_failed_fsync_closes_intake_until_a_restart_and_reads_go_on() {
    for plan in ["sync/seg:fail@1", "sync/signed:fail@1"] {
        let folder = tempfile::tempdir().unwrap();
        let log = open(folder.path()).unwrap();
        let batches = chain(1, 4);
        let mut seen = vec![insist(&log, &batches[0]).0];
        let failing = inject(folder.path(), plan).unwrap();
        for batch in &batches[1..3] {
            let refused = commit(&log, std::slice::from_ref(batch), None);
            assert_eq!(
                refused,
                Err(CommitError::Stopped),
                "{plan}: the disk works again, the page may be lost"
            );
        }
        assert!(log.committer().is_stopped());
        assert_eq!(log.size(), 2);
        let mut reader = log.reader(0);
        while reader.next_below(log.size()).unwrap().is_some() {}
        assert!(log.tile(0, 0, 2).unwrap().is_some());
        drop(failing);
        close(log);
        let log = open(folder.path()).unwrap();
        seen.extend(batches.iter().map(|batch| insist(&log, batch).0));
        assert_holds(&log, &batches, &seen);
    }
}

#[test]
fn a_full_disk_is_told_and_intake_goes_on_by_itself_when_there_is_room() {
    let plans = [
        "reserve/seg:full@1+3",
        "write/seg:full@2+3",
        "write/seg:short@2+3",
        "write/seg:fail@2+3",
        "create/seg:full@2+3",
        "write/signed:full@2+3",
        "write/signed:short@1+1",
        "write/entries:full@2+3",
        "create/tiles-1:full@1+3",
        "write/tiles:short@3+2",
        "room:full@9+7",
        "room:full@20+20",
    ];
    for plan in plans {
        let folder = tempfile::tempdir().unwrap();
        let log = small(folder.path());
        let batches = chain(1, 300);
        let _failing = inject(folder.path(), plan).unwrap();
        let (mut seen, mut refused) = (Vec::new(), 0);
        // In groups, so that there are tiles of more than one level.
        for group in batches.chunks(30) {
            for (nth, batch) in group.iter().enumerate() {
                if nth < 2 {
                    let (checkpoint, times) = insist(&log, batch);
                    seen.push(checkpoint);
                    refused += times;
                }
            }
            let mut tries = 0;
            while commit(&log, group, None).is_err_and(|error| error == CommitError::StorageFull) {
                tries += 1;
                assert!(tries < 60, "{plan}: never again");
            }
            refused += tries;
            assert!(!log.committer().is_stopped(), "{plan}");
        }
        assert!(refused > 0, "{plan} has struck");
        assert_holds(&log, &batches, &seen);
        close(log);
        let log = small(folder.path());
        assert_holds(&log, &batches, &seen);
    }
}

#[test]
fn reads_go_on_while_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    let batches = chain(1, 2);
    let first = insist(&log, &batches[0]).0;
    // What follows the answer is done as well.
    close(log);
    let log = open(folder.path()).unwrap();
    let failing = inject(folder.path(), "room:full@1+1000").unwrap();
    assert_eq!(commit(&log, &batches[1..], None), Err(CommitError::StorageFull));
    let again = commit(&log, &batches[..1], None).unwrap();
    assert_eq!(checked(&again[0], &batches[0]), first, "what needs no room is answered");
    assert!(log.reader(0).next_below(log.size()).unwrap().is_some());
    drop(failing);
    assert_eq!(insist(&log, &batches[1]).1, 0);
}

#[test]
fn a_segment_that_cannot_be_sealed_stays_as_it_is_and_is_sealed_later() {
    for plan in ["create/tmp:full@1+2", "write/tmp:short@1+2", "sync/tmp:fail@1+2", "rename/zst:fail@1+2"] {
        let folder = tempfile::tempdir().unwrap();
        let log = small(folder.path());
        let batches = chain(1, 40);
        // The keeper's thread may meet the faults first; either way they are met before anything is sealed.
        let failing = inject(folder.path(), &plan.replace("+2", "+100000")).unwrap();
        let seen: Vec<_> = batches.iter().map(|batch| insist(&log, batch).0).collect();
        log.keep().unwrap_err();
        assert_holds(&log, &batches, &seen);
        drop(failing);
        log.keep().unwrap();
        let sealed = std::fs::read_dir(folder.path().join("journal")).unwrap();
        assert!(
            sealed.filter(|entry| entry.as_ref().unwrap().path().extension().unwrap() == "zst").count() > 3
        );
        assert_holds(&log, &batches, &seen);
        close(log);
        assert_holds(&small(folder.path()), &batches, &seen);
    }
}

#[test]
fn a_registry_that_cannot_be_written_holds_nobody_up_and_the_next_start_reads_the_rest_from_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    let batches = chain(1, 6);
    let failing = inject(folder.path(), "write/registry:full@1+1000000").unwrap();
    let seen: Vec<_> = batches
        .iter()
        .map(|batch| {
            let (checkpoint, refused) = insist(&log, batch);
            assert_eq!(refused, 0);
            checkpoint
        })
        .collect();
    assert_holds(&log, &batches, &seen);
    close(log);
    drop(failing);
    let log = open(folder.path()).unwrap();
    assert_holds(&log, &batches, &seen);
}
