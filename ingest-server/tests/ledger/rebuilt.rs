//! Everything that is derived comes back from the journal, byte for byte.

use super::support::{chain, close, commit, open, signer};
use delistening_ingest::commit::Log;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Everything that the log can serve: each tile and bundle at each width that it ever had, and the checkpoint of each
/// size.
fn served(log: &Log) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for size in 0..=log.size() {
        let checkpoint = log.checkpoint_at(size).unwrap().unwrap();
        all.insert(format!("checkpoint of {size}"), checkpoint.into_bytes());
    }
    for level in 0..3_usize {
        let hashes = log.size() >> (8 * level);
        for (index, width) in (0..hashes).map(|last| (last / 256, last % 256 + 1)) {
            let tile = log.tile(level, index, width).unwrap().expect("the log is that large");
            all.insert(format!("tile {level}/{index}.p/{width}"), tile);
            if level == 0 {
                let bundle = log.entries(index, width).unwrap().expect("the log is that large");
                all.insert(format!("entries {index}.p/{width}"), bundle);
            }
        }
    }
    all
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn from_the_journal_alone_every_byte_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), signer(4));
    for (device, count) in (1..=9).zip([1, 7, 30, 100, 100, 100, 100, 90, 3]) {
        for group in chain(device, count).chunks(13) {
            commit(&log, group);
        }
    }
    let (size, before, newest) = (log.size(), served(&log), log.checkpoint());
    assert_eq!(size, 532, "two full tiles and a part of one");
    close(log);
    let on_disk = files(&folder.path().join("ledger"));
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some("journal" | "lock") => {}
            _ if path.is_dir() => fs::remove_dir_all(path).unwrap(),
            _ => fs::remove_file(path).unwrap(),
        }
    }
    let log = open(folder.path(), signer(4));
    assert_eq!(log.checkpoint(), newest);
    let after = served(&log);
    assert_eq!(before.len(), after.len());
    for (name, bytes) in &before {
        assert!(after[name] == *bytes, "{name} is another than it was");
    }
    close(log);
    let rebuilt = files(&folder.path().join("ledger"));
    for (name, bytes) in on_disk.iter().filter(|(name, _)| *name != "signed") {
        assert!(rebuilt[name] == *bytes, "ledger/{name} is another than it was");
    }
}
