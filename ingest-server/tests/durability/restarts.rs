//! What a start takes over, and what it makes anew.

use super::support::*;
use delistening_ingest::commit::{Log, OpenError, Options, Outcome, Submission};
use std::fs;
use std::path::{Path, PathBuf};

fn small(folder: &Path) -> Result<Log, OpenError> {
    Log::open(folder, signer(), &Options { segment_bytes: 4_000, ..Options::default() })
}

/// A folder whose segments but the last are sealed, with its batches.
fn sealed() -> (tempfile::TempDir, Vec<Submission>) {
    let folder = tempfile::tempdir().unwrap();
    let log = small(folder.path()).unwrap();
    let batches = chain(1, 600);
    for group in batches.chunks(5) {
        commit(&log, group, None).unwrap();
    }
    log.keep().unwrap();
    close(log);
    (folder, batches)
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().unwrap() == "zst").collect();
    paths.sort();
    paths
}

fn ledger(folder: &Path) -> Vec<Vec<u8>> {
    let files = ["tiles-0", "tiles-1", "entries", "bundles"];
    files.iter().map(|file| fs::read(folder.join("ledger").join(file)).unwrap()).collect()
}

fn assert_answers(log: &Log, batches: &[Submission]) {
    for group in batches.chunks(50) {
        for (outcome, batch) in commit(log, group, None).unwrap().iter().zip(group) {
            assert!(matches!(outcome, Outcome::Duplicate { .. }));
            checked(outcome, batch);
        }
    }
}

#[test]
fn a_start_does_not_read_what_was_sealed() {
    let (folder, batches) = sealed();
    let before = ledger(folder.path());
    // Whoever would read it would notice.
    for path in segments(folder.path()) {
        let mut bytes = fs::read(&path).unwrap();
        bytes[10..60].fill(0xee);
        fs::write(&path, bytes).unwrap();
    }
    let log = small(folder.path()).unwrap();
    assert_eq!(ledger(folder.path()), before);
    assert_answers(&log, &batches);
    assert!(log.reader(0).next_below(log.size()).is_err());
}

#[test]
fn lost_and_damaged_ledgers_are_made_anew_byte_for_byte() {
    let (folder, batches) = sealed();
    let before = ledger(folder.path());
    let path = |file: &str| folder.path().join("ledger").join(file);
    let flip = |file: &str, at: usize| {
        let mut bytes = fs::read(path(file)).unwrap();
        bytes[at] ^= 1;
        fs::write(path(file), bytes).unwrap();
    };
    let faults: [(&str, &dyn Fn()); 8] = [
        ("no mark of what is kept", &|| fs::remove_file(path("kept")).unwrap()),
        ("no tiles", &|| fs::remove_file(path("tiles-0")).unwrap()),
        ("a flipped bit in a full tile", &|| flip("tiles-0", 100)),
        ("a flipped bit in the last tile", &|| flip("tiles-0", 32 * 520)),
        ("a flipped bit above", &|| flip("tiles-1", 33)),
        ("short entries", &|| fs::write(path("entries"), b"").unwrap()),
        ("short tiles", &|| fs::write(path("tiles-0"), [7; 640]).unwrap()),
        ("no bundles", &|| fs::remove_file(path("bundles")).unwrap()),
    ];
    for (what, fault) in faults {
        fault();
        let log = small(folder.path()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_answers(&log, &batches[..50]);
        log.keep().unwrap();
        close(log);
        assert_eq!(ledger(folder.path()), before, "{what}");
    }
}

#[test]
fn a_damaged_sealed_segment_stops_a_start_that_has_to_read_it() {
    let (folder, _) = sealed();
    fs::remove_file(folder.path().join("ledger").join("kept")).unwrap();
    let path = &segments(folder.path())[3];
    let mut bytes = fs::read(path).unwrap();
    bytes[10..60].fill(0xee);
    fs::write(path, bytes).unwrap();
    let error = small(folder.path()).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()) && error.contains("restore the folder"), "{error}");
}

#[test]
fn a_missing_segment_stops_the_start() {
    let (folder, _) = sealed();
    fs::remove_file(&segments(folder.path())[3]).unwrap();
    assert!(matches!(small(folder.path()), Err(OpenError::Damage(_))));
}
