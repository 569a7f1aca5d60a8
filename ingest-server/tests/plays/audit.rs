//! An audit finds a real log in order, and every trick an operator could play.

use super::support::{DAY_MS, heard, now_ms, signer, start};
use delistening_ingest::export::{Lines, row};
use delistening_ingest::journal::{Record, StatementRecord, VerdictsRecord};
use delistening_schema::Hash;
use delistening_schema::audit::{Auditor, CheckedLine, Fault, Report};
use delistening_schema::export::{Footer, Header, VERSION};
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::{Checkpoint, ErasureEntry, LogKey, LogSigner, Sealed, merkle};
use delistening_schema::play::{Play, StatementLine, Status};
use serde_json::json;
use std::sync::OnceLock;
use std::time::Duration;

/// The records of a real run: a play in two batches with a verdict after each, another one yesterday with the statement
/// of that day, and one that waits for its verdict.
fn records() -> Vec<Record> {
    static RECORDS: OnceLock<Vec<Record>> = OnceLock::new();
    let run = || {
        let folder = tempfile::tempdir().unwrap();
        let running = start(folder.path(), Duration::ZERO);
        let is_verdict = |record: &&Record| matches!(record, Record::Verdicts(_));
        let judged = |count| {
            running.until(|records| (records.iter().filter(is_verdict).count() == count).then_some(()));
        };
        let first = heard(1, None, 1, now_ms(), (0, 20));
        running.commit(&first);
        judged(1);
        let second = heard(2, Some(first.hash), 1, now_ms(), (20, 45));
        running.commit(&second);
        judged(2);
        let third = heard(3, Some(second.hash), 2, now_ms() - DAY_MS, (0, 40));
        running.commit(&third);
        judged(3);
        running.until(|records| {
            records.iter().any(|record| matches!(record, Record::Statement(_))).then_some(())
        });
        running.commit(&heard(4, Some(third.hash), 3, now_ms(), (0, 10)));
        judged(4);
        let records = running.records();
        // What the server writes of it is what is made of its records here.
        let size = records.len() as u64;
        let lines =
            Lines::new(&running.log, 0, size).unwrap().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(lines, export(&records));
        let (begin, rest) = (Lines::new(&running.log, 0, 3), Lines::new(&running.log, 3, size));
        let ranges = begin.unwrap().unwrap().chain(rest.unwrap().unwrap());
        assert_clean(&audit(&ranges.collect::<Result<Vec<_>, _>>().unwrap()));
        running.end();
        records
    };
    RECORDS.get_or_init(run).clone()
}

/// The export of a log that holds `records`, signed as its operator would.
pub fn export(records: &[Record]) -> Vec<String> {
    export_by(&signer(), records)
}

fn export_by(signer: &LogSigner, records: &[Record]) -> Vec<String> {
    let (origin, to) = (signer.log_key().name().to_owned(), records.len() as u64);
    let leaves: Vec<Hash> =
        records.iter().map(|record| merkle::leaf_hash(&record.entry().to_bytes())).collect();
    let root = merkle::tree_root(&leaves);
    let checkpoint = Checkpoint { origin: origin.clone(), size: to, root }.sign(signer);
    let mut lines = vec![serde_json::to_string(&Header { export: VERSION, origin, from: 0, to }).unwrap()];
    lines.extend(
        (0..).zip(records).map(|(index, record)| serde_json::to_string(&row(index, record.clone())).unwrap()),
    );
    lines.push(serde_json::to_string(&Footer { checkpoint }).unwrap());
    lines
}

fn audit(lines: &[String]) -> Report {
    audit_by(signer().log_key(), lines)
}

fn audit_by(key: &LogKey, lines: &[String]) -> Report {
    let mut auditor = Auditor::new(key.clone());
    for line in lines {
        auditor.take(CheckedLine::check(line));
    }
    auditor.finish()
}

pub fn assert_clean(report: &Report) {
    assert_eq!((report.wrong, report.odd), (0, 0), "{:#?}", report.findings);
}

pub fn faults(report: &Report) -> Vec<Fault> {
    let mut faults: Vec<Fault> = report.findings.iter().map(|finding| finding.fault).collect();
    faults.sort();
    faults.dedup();
    faults
}

fn position(records: &[Record], wanted: impl Fn(&Record) -> bool) -> usize {
    records.iter().position(wanted).unwrap()
}

fn verdicts(records: &mut [Record], nth: usize) -> &mut VerdictsRecord {
    let mut all = records.iter_mut().filter_map(|record| match record {
        Record::Verdicts(verdicts) => Some(verdicts),
        _ => None,
    });
    all.nth(nth).unwrap()
}

fn statement(records: &mut [Record]) -> &mut StatementRecord {
    let mut all = records.iter_mut().filter_map(|record| match record {
        Record::Statement(statement) => Some(statement),
        _ => None,
    });
    all.next().unwrap()
}

fn seal(text: String) -> Sealed {
    Sealed::Open { salt: [7; 16], text }
}

fn play(record: &VerdictsRecord) -> Play {
    serde_json::from_str(record.items[0].text().unwrap()).unwrap()
}

#[test]
fn a_real_run_is_in_order_and_counted_again() {
    let report = audit(&export(&records()));
    assert_clean(&report);
    assert_eq!(report.entries, records().len() as u64);
    assert_eq!((report.batches, report.sessions, report.valid), (4, 3, 2));
    assert_eq!((report.verdicts, report.statements), (4, 1));
}

/// What an operator who holds the log's key could enter, publish and sign.
#[test]
fn every_trick_of_an_operator_is_found_and_named() {
    type Trick = fn(&mut Vec<Record>);
    let tricks: Vec<(&str, Fault, Trick)> = vec![
        ("a batch that no device signed", Fault::BatchSignature, |records| {
            let at = position(records, |record| matches!(record, Record::Batch(_)));
            let Record::Batch(batch) = &mut records[at] else { unreachable!() };
            let (head, rest) = batch.jws.split_at(batch.jws.len() - 20);
            batch.jws = format!("{head}{}", "A".repeat(rest.len()));
        }),
        ("a batch twice", Fault::DeviceFork, |records| {
            let at = position(records, |record| matches!(record, Record::Batch(_)));
            records.push(records[at].clone());
        }),
        ("a batch left out, and the later ones kept", Fault::DeviceChain, |records| {
            let at = position(records, |record| matches!(record, Record::Batch(_)));
            records.remove(at);
        }),
        ("a play judged valid that is not", Fault::Verdict, |records| {
            let first = verdicts(records, 0);
            let mut play = play(first);
            assert_eq!(play.verdict.status, Status::Short);
            play.verdict.status = Status::Valid;
            first.items[0] = seal(play.to_text());
        }),
        ("a play that no batch tells of", Fault::Verdict, |records| {
            let first = verdicts(records, 0);
            let mut invented = play(first);
            invented.session = uuid::Uuid::from_u128(5);
            first.items.push(seal(invented.to_text()));
        }),
        ("a verdict on batches that came later", Fault::Verdict, |records| {
            verdicts(records, 0).through = 1_000;
        }),
        ("a verdict kept back before its day is stated", Fault::VerdictMissing, |records| {
            verdicts(records, 2).items.clear();
        }),
        ("a statement with one play more", Fault::Statement, |records| {
            let all = statement(records);
            let mut line: StatementLine = serde_json::from_str(all.items[0].text().unwrap()).unwrap();
            line.counts.valid += 1;
            all.items[0] = seal(line.to_text());
        }),
        ("a statement without a track", Fault::Statement, |records| {
            statement(records).items.remove(1);
        }),
        ("a rule that says something else", Fault::Rule, |records| {
            let Record::Rule(rule) = &mut records[0] else { panic!("the rule comes first") };
            rule.text = rule.text.replace("30 s", "20 s");
        }),
        ("a verdict erased that no erasure names", Fault::Erasure, |records| {
            let first = verdicts(records, 0);
            first.items[0] = first.items[0].erase();
        }),
        ("another log shown to a device", Fault::Anchor, |records| {
            let key = SecretKey::from_seed(&[9; 32]);
            let batch = json!({
                "v": 1, "batch": uuid::Uuid::from_u128(9), "device": key.public().thumbprint(), "seq": 1, "prev": "",
                "nonce": delistening_schema::bytes::encode(&[0; 16]), "aud": "a", "listener": "l", "sent_at": 1,
                "sdk": "test", "events": [],
                "anchor": { "origin": "log.example", "size": 2, "root": Hash::of(b"another root") },
            });
            let batch: delistening_schema::Batch = serde_json::from_value(batch).unwrap();
            let input = batch.signing_input(&key.public());
            let signature = key.sign(input.as_bytes());
            let at = position(records, |record| matches!(record, Record::Batch(_)));
            let Record::Batch(mut record) = records[at].clone() else { unreachable!() };
            record.jws = delistening_schema::jws::with_signature(input, &signature);
            record.received = now_ms();
            records.push(Record::Batch(record));
        }),
    ];
    for (name, fault, trick) in tricks {
        let mut forged = records();
        trick(&mut forged);
        let report = audit(&export(&forged));
        assert!(faults(&report).contains(&fault), "{name}: {:#?}", report.findings);
        assert!(report.findings.iter().all(|finding| finding.sentence.len() > 20), "{name}");
    }
}

/// What can be done to an export without the log's key.
#[test]
fn an_export_that_was_changed_on_its_way_is_found() {
    type Change = fn(&mut Vec<String>);
    let lines = export(&records());
    let changes: Vec<(&str, Fault, Change)> = vec![
        ("a line left out", Fault::Order, |lines| drop(lines.remove(2))),
        ("two lines swapped", Fault::Order, |lines| lines.swap(2, 3)),
        ("a line twice", Fault::Order, |lines| lines.insert(2, lines[2].clone())),
        ("the end left out", Fault::Incomplete, |lines| drop(lines.pop())),
        ("a batch taken out of its line", Fault::Erasure, |lines| {
            let at = lines.iter().position(|line| line.contains(r#""batch":{"jws""#)).unwrap();
            let row = &lines[at];
            lines[at] = format!("{}}}", &row[..row.find(r#","batch":{"jws""#).unwrap()]);
        }),
    ];
    for (name, fault, change) in changes {
        let mut other = lines.clone();
        change(&mut other);
        let report = audit(&other);
        assert!(report.wrong > 0 && faults(&report).contains(&fault), "{name}: {:#?}", report.findings);
    }
    let stranger = LogSigner::new("log.example", SecretKey::from_seed(&[5; 32])).unwrap();
    let report = audit(&export_by(&stranger, &records()));
    assert_eq!(faults(&report), [Fault::Checkpoint]);
    let key = LogKey::new("other.example", SecretKey::from_seed(&[4; 32]).public()).unwrap();
    assert!(audit_by(&key, &lines).wrong > 0, "of another log");
}

/// Every byte of a small export, one bit of each.
#[test]
fn one_flipped_bit_anywhere_is_found() {
    let text = export(&records()).join("\n") + "\n";
    let check = |bytes: &[u8]| -> Vec<CheckedLine> {
        let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|&byte| byte == b'\n');
        lines.map(CheckedLine::check).collect()
    };
    let audit = |lines: Vec<CheckedLine>| {
        let mut auditor = Auditor::new(signer().log_key().clone());
        for line in lines {
            auditor.take(line);
        }
        auditor.finish()
    };
    // Lines that are as they were need not be checked by themselves again.
    let whole = check(text.as_bytes());
    assert_clean(&audit(whole.clone()));
    let mut begin = 0;
    for (place, line) in text.split_inclusive('\n').enumerate() {
        for at in 0..line.len() {
            let bit = 1 << ((begin + at) % 8);
            // Without its newline, a line goes on with the next one.
            let next = if at + 1 == line.len() {
                text[begin + line.len()..].split_inclusive('\n').next()
            } else {
                None
            };
            let mut bytes = [line, next.unwrap_or_default()].concat().into_bytes();
            bytes[at] ^= bit;
            let mut lines = whole[..place].to_vec();
            lines.extend(check(&bytes));
            lines.extend_from_slice(&whole[(place + 1 + usize::from(next.is_some())).min(whole.len())..]);
            let report = audit(lines);
            assert!(report.wrong > 0, "byte {at} of line {place}: {:?}: {report:?}", char::from(bytes[at]));
            assert!(report.findings.iter().all(|finding| finding.sentence.len() > 10));
        }
        begin += line.len();
    }
}

#[test]
fn what_an_erasure_names_is_erased_and_everything_else_still_holds() {
    let mut records = records();
    // Everything is of one listener: all batches and verdicts go. The statement stays, as far as it can be checked.
    let mut erasure = ErasureEntry { at: now_ms(), batches: Vec::new(), verdicts: Vec::new() };
    for (index, record) in (0..).zip(&mut records) {
        if let Record::Verdicts(verdicts) = record {
            erasure.verdicts.extend((0..).zip(&verdicts.items).map(|(place, _)| (index, place)));
            verdicts.items = verdicts.items.iter().map(Sealed::erase).collect();
        }
    }
    let batches: Vec<u64> = (0..)
        .zip(&records)
        .filter(|(_, record)| matches!(record, Record::Batch(_)))
        .map(|(index, _)| index)
        .collect();
    erasure.batches.clone_from(&batches);
    records.push(Record::Erasure(erasure));
    let mut lines = export(&records);
    for index in batches {
        let line = &mut lines[usize::try_from(index).unwrap() + 1];
        *line = format!("{}}}", &line[..line.find(r#","batch":{"jws""#).unwrap()]);
    }
    let report = audit(&lines);
    assert_clean(&report);
    assert_eq!((report.erased_batches, report.erased_verdicts, report.sessions), (4, 4, 0));
}
