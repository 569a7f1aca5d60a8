//! The journal's segments in each of their forms, and what takes the place of what.

use super::support::*;
use delistening_ingest::journal::{Journal, JournalError, Options};
use std::fs;
use std::sync::Arc;

#[test]
fn every_form_is_read_from_any_record_on() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) = open(folder.path()).unwrap();
    append(&mut writer, 200);
    assert!(files(folder.path(), ".seg").len() > 5);
    assert_reads(&journal, 0..200, 200);
    keep(&journal);
    assert_eq!(files(folder.path(), ".seg").len(), 1, "the last one is being written");
    assert!(files(folder.path(), ".seg.zst").len() > 5);
    assert_reads(&journal, 0..200, 200);
    drop((journal, writer));
    let (journal, mut writer) = open(folder.path()).unwrap();
    assert_eq!(writer.next(), 200);
    append(&mut writer, 50);
    assert_reads(&journal, (0..250).step_by(11), 250);
}

#[test]
fn large_segments_are_read_from_any_record_on() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) =
        Journal::open(folder.path(), &Options { segment_bytes: 16 << 20, archive: None }, 0).unwrap();
    for _ in 0..80 {
        let records: Vec<_> = (0..100).map(|n| record(writer.next() + n)).collect();
        writer.append(&records).unwrap();
    }
    assert_reads(&journal, [0, 1, 4000, 7998, 7999], 8000);
    writer.roll().unwrap();
    assert_reads(&journal, [0, 1, 4000, 7998, 7999], 8000);
    keep(&journal);
    assert_eq!(files(folder.path(), ".seg.zst").len(), 1);
    assert_reads(&journal, [0, 1, 777, 4000, 7998, 7999], 8000);
}

#[test]
fn a_sealed_segment_is_what_zstd_makes_of_the_raw_one() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) = open(folder.path()).unwrap();
    append(&mut writer, 60);
    let raw: Vec<_> = files(folder.path(), ".seg").iter().map(|path| fs::read(path).unwrap()).collect();
    keep(&journal);
    let sealed = files(folder.path(), ".seg.zst");
    assert!(sealed.len() > 1);
    for (sealed, raw) in sealed.iter().zip(raw) {
        assert_eq!(zstd::decode_all(fs::File::open(sealed).unwrap()).unwrap(), raw);
    }
}

#[test]
fn a_rewritten_segment_holds_the_other_records_and_all_else_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) = open(folder.path()).unwrap();
    append(&mut writer, 60);
    // Whoever has opened the raw segment reads it on.
    let mut early = journal.reader(0);
    early.next_below(60).unwrap();
    let edit = |changed: u64| {
        move |index, _: delistening_ingest::journal::Frame<'_>| (index == changed).then(|| record(1000))
    };
    assert!(journal.rewrite(3, edit(3)).unwrap(), "a raw one");
    assert!(journal.rewrite(2, edit(2)).unwrap(), "a sealed one");
    assert!(!journal.rewrite(59, edit(59)).unwrap(), "not the one that is being written");
    for index in 1..60 {
        assert_eq!(early.next_below(60).unwrap(), Some((index, record(index))));
    }
    drop((journal, writer));
    let (journal, _writer) = open(folder.path()).unwrap();
    let mut reader = journal.reader(0);
    for index in 0..60 {
        let expected = if index == 2 || index == 3 { record(1000) } else { record(index) };
        assert_eq!(reader.next_below(60).unwrap(), Some((index, expected)));
    }
}

#[test]
fn a_crash_between_two_forms_leaves_the_later_one() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) = open(folder.path()).unwrap();
    append(&mut writer, 60);
    let raw = files(folder.path(), ".seg");
    let copies: Vec<_> = raw.iter().map(|path| fs::read(path).unwrap()).collect();
    keep(&journal);
    drop((journal, writer));
    for (path, bytes) in raw.iter().zip(copies) {
        fs::write(path, bytes).unwrap();
    }
    fs::write(raw[0].with_extension("tmp"), b"half of a sealed segm").unwrap();
    let (journal, _writer) = open(folder.path()).unwrap();
    assert_eq!(files(folder.path(), ".seg").len(), 1);
    assert_eq!(files(folder.path(), ".tmp").len(), 0);
    assert_reads(&journal, [0, 30], 60);
}

#[test]
fn a_damaged_or_missing_sealed_segment_is_never_passed_by() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) = open(folder.path()).unwrap();
    append(&mut writer, 60);
    keep(&journal);
    drop((journal, writer));
    let sealed = files(folder.path(), ".seg.zst");
    let intact = fs::read(&sealed[1]).unwrap();
    let mut noticed = 0;
    for at in (0..intact.len()).step_by(intact.len() / 50) {
        let mut bytes = intact.clone();
        bytes[at] ^= 4;
        fs::write(&sealed[1], bytes).unwrap();
        let read = open(folder.path()).and_then(|(journal, _writer)| {
            let mut reader = journal.reader(0);
            while let Some((index, read)) = reader.next_below(60)? {
                // Some bits of a Zstandard frame say nothing.
                assert_eq!(read, record(index));
            }
            Ok(())
        });
        noticed += usize::from(matches!(read, Err(JournalError::Damage(_))));
    }
    assert!(noticed > 40, "{noticed}");
    fs::remove_file(&sealed[1]).unwrap();
    assert!(matches!(open(folder.path()), Err(JournalError::Damage(_))));
}

#[test]
fn records_are_read_while_others_are_written_and_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) = open(folder.path()).unwrap();
    let (written, seen) = std::sync::mpsc::channel();
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let journal = Arc::clone(&journal);
            let (wake, woken) = std::sync::mpsc::channel::<u64>();
            written.send(wake).unwrap();
            std::thread::spawn(move || {
                let mut reader = journal.reader(0);
                let mut next = 0;
                for end in woken {
                    while let Some((index, read)) = reader.next_below(end).unwrap() {
                        assert_eq!((index, read), (next, record(next)));
                        next += 1;
                    }
                    assert_reads(&journal, [end - 1, end / 2], end);
                }
                next
            })
        })
        .collect();
    let wakes: Vec<_> = seen.try_iter().collect();
    for _ in 0..150 {
        append(&mut writer, 2);
        for wake in &wakes {
            wake.send(writer.next()).unwrap();
        }
        keep(&journal);
    }
    drop(wakes);
    for reader in readers {
        assert_eq!(reader.join().unwrap(), 300);
    }
}

#[test]
fn what_follows_the_last_whole_record_is_cut_and_room_set_aside_is_not_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut writer) = open(folder.path()).unwrap();
    append(&mut writer, 3);
    drop(writer);
    let path = files(folder.path(), ".seg").remove(0);
    let intact = fs::read(&path).unwrap();
    assert_eq!(intact.len() as u64, SMALL, "room is set aside");
    let end = intact.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut frame = Vec::new();
    record(3).frame(&mut frame);
    let torn = |begin: usize, lost: std::ops::Range<usize>| {
        let mut bytes = intact.clone();
        bytes[end..end + frame.len()].copy_from_slice(&frame);
        bytes[end + lost.start..end + lost.end].fill(0);
        bytes.truncate(begin);
        bytes
    };
    let length = frame.len();
    let tails = [
        ("room only", intact.clone(), 3),
        ("no room", intact[..end].to_vec(), 3),
        ("its begin is lost", torn(intact.len(), 0..length / 2), 3),
        ("its end is lost", torn(intact.len(), length / 2..length), 3),
        ("its length is lost", torn(intact.len(), 0..4), 3),
        ("it is cut off", torn(end + length / 2, 0..0), 3),
        ("it is whole", torn(intact.len(), 0..0), 4),
    ];
    for (what, bytes, next) in tails {
        fs::write(&path, bytes).unwrap();
        let (journal, mut writer) = open(folder.path()).unwrap();
        assert_eq!(writer.next(), next, "{what}");
        append(&mut writer, 2);
        assert_reads(&journal, [0], next + 2);
        drop((journal, writer));
        let (journal, _) = open(folder.path()).unwrap();
        assert_reads(&journal, [0], next + 2);
    }
}
