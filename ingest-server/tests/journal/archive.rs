//! Segments that were moved to an archive are read as if they were here.

use super::bucket::Bucket;
use super::support::*;
use delistening_ingest::journal::{
    ArchiveOptions, ArchivePlace, BatchRecord, Journal, JournalError, Options, Record, Writer,
};
use delistening_schema::Hash;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn open_with(folder: &Path, place: &ArchivePlace, cache_bytes: u64) -> (Arc<Journal>, Writer) {
    let archive = Some(ArchiveOptions { place: place.clone(), keep: 2, cache_bytes });
    Journal::open(folder, &Options { segment_bytes: SMALL, archive }, 0).unwrap()
}

/// The objects of an archive in a folder.
fn objects(archive: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(archive).unwrap().map(|entry| entry.unwrap().path());
    let mut objects: Vec<_> = folders.flat_map(|folder| files(&folder, ".zst")).collect();
    objects.sort();
    objects
}

/// What must hold wherever the archive is.
fn moves_and_reads(place: &ArchivePlace) {
    let folder = tempfile::tempdir().unwrap();
    let (journal, mut writer) = open_with(folder.path(), place, 2_000);
    append(&mut writer, 200);
    let mut early = journal.reader(0);
    early.next_below(200).unwrap();
    keep(&journal);
    let moved = files(folder.path(), ".moved").len();
    assert!(moved > 3, "{moved} segments were moved");
    assert_eq!(files(folder.path(), ".seg.zst").len(), 2, "some stay");
    assert_reads(&journal, (0..200).step_by(17), 200);
    let cached = files(&folder.path().join("fetched"), "");
    let bytes: u64 = cached.iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(bytes <= 2_000, "{bytes} bytes of fetched segments are kept");
    for index in 1..200 {
        assert_eq!(early.next_below(200).unwrap(), Some((index, record(index))));
    }
    drop((early, journal, writer));

    let (journal, mut writer) = open_with(folder.path(), place, 1 << 30);
    assert_eq!(writer.next(), 200);
    append(&mut writer, 20);
    assert_reads(&journal, [0, 150, 219], 220);
    assert!(journal.rewrite(1, |index, _| (index == 1).then(|| record(1000))).unwrap());
    let mut reader = journal.reader(0);
    for index in 0..220 {
        let expected = if index == 1 { record(1000) } else { record(index) };
        assert_eq!(reader.next_below(220).unwrap(), Some((index, expected)));
    }
}

#[test]
fn segments_in_a_folder_are_read_as_if_they_were_here() {
    let archive = tempfile::tempdir().unwrap();
    moves_and_reads(&ArchivePlace::Folder(archive.path().to_owned()));
}

#[test]
fn segments_in_a_bucket_are_read_as_if_they_were_here() {
    let bucket = Bucket::start();
    moves_and_reads(&bucket.place());
    assert!(!objects(&bucket.objects()).is_empty());
}

#[test]
fn a_segment_that_is_sent_in_parts_comes_back_whole() {
    const RECORDS: u64 = 120;
    let (folder, bucket) = (tempfile::tempdir().unwrap(), Bucket::start());
    // What follows from a hash compresses to no less than its entropy: the object has more than one part.
    let record = |number: u64| {
        let hashes = (0..5_000_u64).map(|part| Hash::of_parts(&[&number.to_le_bytes(), &part.to_le_bytes()]));
        Record::Batch(BatchRecord {
            tree_size: number + 1,
            received: number,
            salt: [7; 16],
            context: "{}".into(),
            jws: hashes.map(|hash| hash.to_string()).collect(),
        })
    };
    let archive = Some(ArchiveOptions { place: bucket.place(), keep: 0, cache_bytes: 0 });
    let options = Options { segment_bytes: 1 << 30, archive };
    let (journal, mut writer) = Journal::open(folder.path(), &options, 0).unwrap();
    for number in 0..RECORDS {
        writer.append(&[record(number)]).unwrap();
    }
    writer.roll().unwrap();
    keep(&journal);
    let [object] = &objects(&bucket.objects())[..] else { panic!("one segment") };
    let bytes = object.metadata().unwrap().len();
    assert!(bytes > 2 * 8 * 1024 * 1024, "{bytes} bytes are several parts");
    let mut reader = journal.reader(0);
    for number in 0..RECORDS {
        assert_eq!(reader.next_below(RECORDS).unwrap(), Some((number, record(number))));
    }
}

#[test]
fn a_bucket_that_refuses_leaves_segments_where_they_are() {
    let (folder, bucket) = (tempfile::tempdir().unwrap(), Bucket::start());
    let (journal, mut writer) = open_with(folder.path(), &bucket.place_of_a_stranger(), 0);
    append(&mut writer, 200);
    let error = journal.keep(&|_| Ok(())).unwrap_err();
    assert!(matches!(error, JournalError::Archive { .. }), "{error}");
    assert_reads(&journal, [0], 200);
    drop((journal, writer));
    let (journal, _writer) = open_with(folder.path(), &bucket.place(), 0);
    keep(&journal);
    assert!(objects(&bucket.objects()).len() > 3, "they are moved once it lets them in");
    assert_reads(&journal, [0], 200);
}

#[test]
fn nothing_is_left_of_a_segment_that_is_rewritten() {
    let (folder, archive) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = ArchivePlace::Folder(archive.path().to_owned());
    let (journal, mut writer) = open_with(folder.path(), &place, 1 << 30);
    append(&mut writer, 200);
    keep(&journal);
    assert_reads(&journal, [0], 200);
    let holds = |needle: &[u8]| {
        let cached = files(&folder.path().join("fetched"), "");
        let all = objects(archive.path()).into_iter().chain(cached).chain(files(folder.path(), ".zst"));
        all.filter(|path| {
            let bytes = zstd::decode_all(fs::File::open(path).unwrap()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle)
        })
        .count()
    };
    let mut frame = Vec::new();
    record(3).frame(&mut frame);
    assert_eq!(holds(&frame), 2, "in the archive, and where it was fetched");
    let before = objects(archive.path()).len();
    assert!(journal.rewrite(3, |index, _| (index == 3).then(|| record(1000))).unwrap());
    assert_eq!(holds(&frame), 0);
    assert_eq!(objects(archive.path()).len(), before);
}

#[test]
fn what_a_crash_left_in_the_archive_is_tidied_up() {
    let (folder, archive) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = ArchivePlace::Folder(archive.path().to_owned());
    let (journal, mut writer) = open_with(folder.path(), &place, 1 << 30);
    append(&mut writer, 200);
    keep(&journal);
    drop((journal, writer));
    // The ticket says that it is not known whether there is more; and there is.
    let ticket = files(folder.path(), ".moved").remove(1);
    let text = fs::read_to_string(&ticket).unwrap();
    assert!(text.contains(r#""untidy":false"#));
    fs::write(&ticket, text.replace(r#""untidy":false"#, r#""untidy":true"#)).unwrap();
    let objects_before = objects(archive.path());
    fs::write(objects_before[1].with_file_name("0123456789abcdef.seg.zst"), "what it was before").unwrap();
    let (journal, _writer) = open_with(folder.path(), &place, 1 << 30);
    keep(&journal);
    assert_eq!(objects(archive.path()), objects_before);
    assert_reads(&journal, [0], 200);
}

#[test]
fn an_object_that_was_altered_or_is_gone_is_never_read() {
    let (folder, archive) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = ArchivePlace::Folder(archive.path().to_owned());
    let (journal, mut writer) = open_with(folder.path(), &place, 0);
    append(&mut writer, 200);
    keep(&journal);
    let object = objects(archive.path()).remove(0);
    let intact = fs::read(&object).unwrap();
    let mut altered = intact.clone();
    altered[20] ^= 1;
    for bytes in [altered, intact[..100].to_vec(), Vec::new()] {
        fs::write(&object, bytes).unwrap();
        assert!(matches!(journal.reader(0).next_below(200), Err(JournalError::Archive { .. })));
    }
    fs::remove_file(&object).unwrap();
    assert!(matches!(journal.reader(0).next_below(200), Err(JournalError::Archive { .. })));
    assert!(journal.reader(199).next_below(200).unwrap().is_some(), "what is here is read");
    fs::write(&object, intact).unwrap();
    assert_reads(&journal, [0], 200);
}

#[test]
fn a_start_asks_for_the_archive_by_name() {
    let (folder, archive) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = ArchivePlace::Folder(archive.path().to_owned());
    let (journal, mut writer) = open_with(folder.path(), &place, 0);
    append(&mut writer, 200);
    keep(&journal);
    drop((journal, writer));
    let error = open(folder.path()).map(|_| ()).unwrap_err();
    assert!(matches!(error, JournalError::NoArchive(0)) && error.to_string().contains("--archive"));
}
