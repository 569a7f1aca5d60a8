//! What is found on the disk after a crash, or after something worse.

use crate::disk_seeds::OPTIONS;
use delistening_ingest::journal::{BatchRecord, Journal, Record};
use delistening_ingest::ledger::Slots;
use std::path::Path;

/// Memory, where there is such a folder: these targets would otherwise wait for a disk.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

/// A raw segment whose frames are whole, with any contents: for each record its kind, two bytes for its length, and
/// its payload. No fuzzer finds a checksum by trying.
fn framed(first: u64, mut rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"DLJRNL01".to_vec();
    bytes.extend_from_slice(&first.to_le_bytes());
    while let Some((&[kind, long, short], after)) = rest.split_first_chunk() {
        let length = u16::from_be_bytes([long, short]).min(u16::try_from(after.len()).unwrap_or(u16::MAX));
        let (payload, after) = after.split_at(length.into());
        bytes.extend_from_slice(&u32::from(length).to_le_bytes());
        let checked = [&[kind][..], payload].concat();
        bytes.extend_from_slice(&crc32c::crc32c(&checked).to_le_bytes());
        bytes.extend_from_slice(&checked);
        rest = after;
    }
    bytes
}

/// Up to four segments with any contents: each one byte for its form, two for its first record and two for its length.
/// The byte before is how many records were signed.
pub fn journal(bytes: &[u8]) {
    let Some((&signed, mut rest)) = bytes.split_first() else { return };
    let folder = folder();
    for _ in 0..4 {
        let Some((&[form, first, more, long, short], after)) = rest.split_first_chunk() else { break };
        let length = usize::from(u16::from_be_bytes([long, short])).min(after.len());
        let (content, after) = after.split_at(length);
        let first = u16::from_be_bytes([first, more]);
        let (extension, content) = match form % 3 {
            0 => ("seg", content.to_vec()),
            1 => ("seg.zst", content.to_vec()),
            _ => ("seg", framed(first.into(), content)),
        };
        std::fs::write(folder.path().join(format!("{first:020}.{extension}")), content).expect("a file");
        rest = after;
    }
    let Ok((journal, mut writer)) = Journal::open(folder.path(), &OPTIONS, u64::from(signed)) else {
        return;
    };
    let next = writer.next();
    assert!(next >= u64::from(signed), "what was signed is there, or nothing is served");
    // What has been read can be written after, and both are there again.
    let record = Record::Batch(BatchRecord {
        tree_size: next + 1,
        received: 1,
        salt: [0; 16],
        context: "{}".into(),
        jws: "a.b.c".into(),
    });
    writer.append(std::slice::from_ref(&record)).expect("it can be written");
    drop((journal, writer));
    let (journal, writer) =
        Journal::open(folder.path(), &OPTIONS, next + 1).expect("what was written is there");
    assert_eq!(writer.next(), next + 1);
    let read = journal.reader(next).next_below(next + 1).expect("it can be read");
    assert_eq!(read, Some((next, record)));
}

/// The file that remembers what was signed. The first byte says whether the rest is the file, or the generation and
/// the text of a slot that is whole.
pub fn signed_slots(bytes: &[u8]) {
    let Some((&form, rest)) = bytes.split_first() else { return };
    let folder = folder();
    let path = folder.path().join("signed");
    let content = if form % 2 == 0 { rest.to_vec() } else { slot(rest) };
    std::fs::write(&path, content).expect("a file");
    let Ok(mut slots) = Slots::open(&path) else { return };
    if let Err(error) = slots.persist("a note") {
        let last = rest.windows(8).any(|generation| generation == [0xff; 8]);
        assert!(last, "only after the last generation nothing comes: {error:?}");
        return;
    }
    let again = Slots::open(&path).expect("it can be read");
    assert_eq!(again.newest(), Some("a note"));
}

fn slot(rest: &[u8]) -> Vec<u8> {
    let generation = rest.first_chunk::<8>().copied().unwrap_or_default();
    let text = rest.get(8..).unwrap_or_default();
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
    let checked = [&length[..], &generation, text].concat();
    let mut bytes = [&crc32c::crc32c(&checked).to_le_bytes()[..], &checked].concat();
    bytes.resize(bytes.len().max(4096), 0);
    bytes
}
