//! What a listener asks to be erased is gone from every file, and everything that was proved still is.

use super::support::{DAY_MS, Running, heard_by, now_ms, signer, start};
use delistening_ingest::commit::{Log, Options, Outcome, Submission};
use delistening_ingest::export::Lines;
use delistening_ingest::journal::Record;
use delistening_ingest::projection::Erased;
use delistening_schema::audit::{Auditor, CheckedLine, Report};
use delistening_schema::ledger::{ErasureEntry, Receipt};
use std::fs;
use std::path::Path;
use std::time::Duration;

pub const GOES: &str = "listener-who-goes";
const UNKNOWN: &str = "listener-unknown";
const STAYS: &str = "listener-who-stays";

/// Two listeners with two plays each, one of them yesterday, judged and stated.
pub struct Story {
    pub folder: tempfile::TempDir,
    goes: Vec<Submission>,
    receipts: Vec<String>,
    stays: Vec<Submission>,
}

pub fn tell() -> (Story, Running) {
    tell_in(tempfile::tempdir().unwrap())
}

fn tell_in(folder: tempfile::TempDir) -> (Story, Running) {
    let running = start(folder.path(), Duration::ZERO);
    let plays = |device: u8, listener: &str| {
        let first = heard_by((device, listener), 1, None, u32::from(device) * 2, now_ms() - DAY_MS, (0, 40));
        let second =
            heard_by((device, listener), 2, Some(first.hash), u32::from(device) * 2 + 1, now_ms(), (0, 50));
        vec![first, second]
    };
    let (goes, stays) = (plays(1, GOES), plays(2, STAYS));
    let mut receipts = Vec::new();
    for (gone, stayed) in goes.iter().zip(&stays) {
        receipts.push(receipt(running.commit(gone)));
        running.commit(stayed);
    }
    running.until(|records| {
        let judged: usize = records.iter().map(|record| verdicts(record).len()).sum();
        let stated = records.iter().any(|record| matches!(record, Record::Statement(_)));
        (judged >= 4 && stated).then_some(())
    });
    (Story { folder, goes, receipts, stays }, running)
}

fn receipt(outcome: Outcome) -> String {
    match outcome {
        Outcome::Accepted { receipt, .. } | Outcome::Duplicate { receipt, .. } => receipt,
        Outcome::Fork => panic!("a fork has no receipt"),
    }
}

fn verdicts(record: &Record) -> Vec<String> {
    match record {
        Record::Verdicts(record) => {
            record.items.iter().filter_map(|item| item.text().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

pub fn erase(running: &Running, listener: &str) -> Erased {
    running.runtime.block_on(running.projection.erase(listener.to_owned())).unwrap()
}

fn audit(log: &Log) -> Report {
    let mut auditor = Auditor::new(signer().log_key().clone());
    for line in Lines::new(log, 0, log.size()).unwrap().unwrap() {
        auditor.take(CheckedLine::check(line.unwrap()));
    }
    auditor.finish()
}

/// Everything that would give a listener's plays away: the name, the sessions, and parts of what was signed.
fn traces(submissions: &[Submission], listener: &str) -> Vec<(String, Vec<u8>)> {
    let mut traces = vec![("the listener".to_owned(), listener.as_bytes().to_vec())];
    for Submission { jws, reported, .. } in submissions {
        let seq = reported.seq;
        let batch = delistening_schema::Batch::unverified(jws).unwrap().read();
        // The device's key, its name, and the signature: what else there is may be the same for another listener.
        let [header, payload, signature] = jws.split('.').collect::<Vec<_>>()[..] else { panic!("a JWS") };
        let device = payload.len() / 8;
        for part in [&header[header.len() - 40..], &payload[device..device + 40], &signature[..40]] {
            traces.push((format!("batch {seq}"), part.as_bytes().to_vec()));
        }
        let session = batch.events[0].as_ref().unwrap().session;
        traces.push((format!("the session of batch {seq}"), session.to_string().into_bytes()));
        traces.push((format!("the session of batch {seq}, in binary"), session.as_bytes().to_vec()));
    }
    traces
}

/// Which traces are in which files below `folder`; compressed files are read as what they hold.
fn found(folder: &Path, traces: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(self::found(&path, traces));
            continue;
        }
        let mut bytes = fs::read(&path).unwrap();
        if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            bytes = zstd::stream::decode_all(&bytes[..]).unwrap();
        }
        // Room that was set aside for a segment holds nothing.
        bytes.truncate(bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1));
        for (what, trace) in traces {
            if bytes.windows(trace.len()).any(|window| window == trace) {
                found.push(format!("{what} in {}", path.display()));
            }
        }
    }
    found
}

fn reopen(folder: &Path) -> Running {
    start(folder, Duration::ZERO)
}

/// Nothing is left of the listener who goes, everything of the other, and all of it holds.
fn check(story: &Story, running: Running) {
    let folder = story.folder.path();
    let report = audit(&running.log);
    assert_eq!(report.findings, []);
    assert_eq!((report.batches, report.erased_batches, report.sessions), (4, 2, 2));
    assert!(report.erased_verdicts >= 2 && report.verdicts >= 2 && report.statements >= 1, "{report:?}");
    // Whoever sends an erased batch again is told what was told before.
    for (batch, before) in story.goes.iter().zip(&story.receipts) {
        let again = receipt(running.commit(batch));
        assert_eq!(again, *before);
        Receipt::parse(&again).unwrap().verify(batch.jws.as_bytes(), signer().log_key()).unwrap();
    }
    assert_eq!(found(folder, &traces(&story.goes, GOES)), [""; 0]);
    running.end();
    assert_eq!(found(folder, &traces(&story.goes, GOES)), [""; 0], "after the end");
    // What is derived is the same when it is made anew from what is left.
    for name in ["trail.sqlite", "plays.sqlite", "registry.sqlite"] {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.join(format!("{name}{suffix}")));
        }
    }
    let running = reopen(folder);
    for (batch, before) in story.goes.iter().zip(&story.receipts) {
        assert_eq!(receipt(running.commit(batch)), *before);
    }
    assert_eq!(erase(&running, GOES), Erased::default(), "there is nothing left");
    assert_eq!(audit(&running.log).findings, []);
    running.end();
    assert_eq!(found(folder, &traces(&story.goes, GOES)), [""; 0], "made anew");
    assert!(!found(folder, &traces(&story.stays, STAYS)).is_empty(), "the search finds what is there");
}

#[test]
fn what_is_erased_is_gone_from_every_file_and_all_proofs_hold() {
    let (story, running) = tell();
    assert!(!found(story.folder.path(), &traces(&story.goes, GOES)).is_empty());
    let erased = erase(&running, GOES);
    assert_eq!(erased.batches, 2);
    assert!(erased.verdicts >= 2);
    let records = running.records();
    let Record::Erasure(ErasureEntry { batches, .. }) = &records[usize::try_from(erased.entries[0]).unwrap()]
    else {
        panic!("the entry says what was erased: {records:?}")
    };
    assert_eq!(batches.len(), 2);
    check(&story, running);
}

#[test]
fn nobody_else_is_erased_and_whoever_comes_back_is_counted_again() {
    let (story, running) = tell();
    assert_eq!(erase(&running, UNKNOWN), Erased::default());
    let unknown = [("the listener".to_owned(), UNKNOWN.as_bytes().to_vec())];
    assert_eq!(found(story.folder.path(), &unknown), [""; 0], "who is not known leaves nothing");
    erase(&running, GOES);
    let last = &story.goes[1];
    let back = heard_by((1, GOES), 3, Some(last.hash), 90, now_ms(), (0, 60));
    assert!(matches!(running.commit(&back), Outcome::Accepted { gap: false, .. }));
    running.until(|records| {
        let texts: Vec<String> = records.iter().flat_map(verdicts).collect();
        texts.iter().any(|text| text.contains(GOES)).then_some(())
    });
    let report = audit(&running.log);
    assert_eq!((report.findings.as_slice(), report.erased_batches, report.sessions), (&[][..], 2, 3));
    let again = erase(&running, GOES);
    assert_eq!((again.batches, again.verdicts), (1, 1));
    assert_eq!(found(story.folder.path(), &traces(&[back], GOES)), [""; 0]);
    running.end();
}

#[test]
fn an_erasure_that_was_entered_is_carried_out_at_the_next_start() {
    let (story, running) = tell();
    let holdings = running.records();
    let named = |index: usize| u64::try_from(index).unwrap();
    let mut entry = ErasureEntry { at: now_ms(), batches: Vec::new(), verdicts: Vec::new() };
    for (index, record) in holdings.iter().enumerate() {
        match record {
            Record::Batch(batch) if story.goes.iter().any(|goes| goes.jws == batch.jws) => {
                entry.batches.push(named(index));
            }
            Record::Verdicts(verdicts) => {
                for (place, item) in (0..).zip(&verdicts.items) {
                    if item.text().is_some_and(|text| text.contains(GOES)) {
                        entry.verdicts.push((named(index), place));
                    }
                }
            }
            _ => {}
        }
    }
    running.end();
    // The process ended as soon as the entry was durable.
    let log = Log::open(story.folder.path(), signer(), &Options::default()).unwrap();
    log.committer().append(vec![Record::Erasure(entry)]).unwrap();
    let committer = log.committer().clone();
    drop(log);
    committer.finish();
    let running = reopen(story.folder.path());
    assert_eq!(erase(&running, GOES), Erased::default(), "done before anything else");
    check(&story, running);
}

/// Older segments may lie in an archive: they are replaced there, and not left behind.
#[test]
fn what_is_erased_is_gone_from_the_archive_too() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    fs::create_dir(&archive).unwrap();
    let (story, running) = tell_in(folder);
    running.log.committer().roll().unwrap();
    running.log.journal().keep(&|_| Ok(())).unwrap();
    let there = traces(&story.goes, GOES);
    assert!(!found(&archive, &there).is_empty(), "the segment is in the archive");
    assert_eq!(erase(&running, GOES).batches, 2);
    assert_eq!(found(&archive, &there), [""; 0]);
    assert!(!found(&archive, &traces(&story.stays, STAYS)).is_empty());
    check(&story, running);
}

/// Whatever fails on the way, the same again or a restart finishes it.
#[cfg(feature = "faults")]
#[test]
fn an_erasure_goes_on_after_any_failed_file_operation() {
    use delistening_ingest::disk::faults;
    let mut failures = 0;
    for restart in [false, true] {
        for operation in ["create", "write", "sync", "rename"] {
            for nth in 1..12 {
                let (story, running) = tell();
                let plan = faults::inject(story.folder.path(), &format!("{operation}:fail@{nth}")).unwrap();
                let erasing = running.projection.erase(GOES.to_owned());
                let failed = running.runtime.block_on(erasing).is_err();
                drop(plan);
                failures += usize::from(failed);
                let stopped = running.log.committer().is_stopped();
                let running = if restart || stopped {
                    running.end();
                    reopen(story.folder.path())
                } else {
                    running
                };
                erase(&running, GOES);
                check(&story, running);
                if !failed {
                    break;
                }
            }
        }
    }
    assert!(failures >= 10, "{failures} erasures failed on the way");
}
