//! A journal of small segments and known records.

use delistening_ingest::journal::{BatchRecord, Journal, JournalError, Options, Record, Writer};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const SMALL: u64 = 20_000;

pub fn record(number: u64) -> Record {
    let length = usize::try_from(number * 7919 % 1500).unwrap();
    Record::Batch(BatchRecord {
        tree_size: number + 1,
        received: number,
        salt: [7; 16],
        context: "{}".into(),
        jws: format!("{number:0>length$}"),
    })
}

pub fn open(folder: &Path) -> Result<(Arc<Journal>, Writer), JournalError> {
    Journal::open(folder, &Options { segment_bytes: SMALL, archive: None }, 0)
}

pub fn append(writer: &mut Writer, count: u64) {
    for _ in 0..count {
        writer.append(&[record(writer.next())]).unwrap();
    }
}

pub fn keep(journal: &Arc<Journal>) {
    journal.keep(&|_| Ok(())).unwrap();
}

pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.to_str().unwrap().ends_with(ending)).collect();
    paths.sort();
    paths
}

pub fn assert_reads(journal: &Arc<Journal>, starts: impl IntoIterator<Item = u64>, end: u64) {
    for start in starts {
        let mut reader = journal.reader(start);
        for index in start..end {
            assert_eq!(reader.next_below(end).unwrap(), Some((index, record(index))), "from {start}");
        }
        assert_eq!(reader.next_below(end).unwrap(), None);
    }
}
