//! What an operator who holds the log's key could do, and who sees it.

use crate::device::{Address, Device};
use crate::listener::{Answers, Shown};
use delistening_ingest::journal::{BatchRecord, Record};
use delistening_schema::Hash;
use delistening_schema::api::{Acknowledgement, Answer, IngestResponse};
use delistening_schema::audit::Fault;
use delistening_schema::ledger::Sealed;
use delistening_schema::play::{Play, StatementLine, Status};

/// A trick, on a log that a device and an auditor knew before.
#[derive(Default)]
pub struct Trick {
    /// In words.
    pub name: &'static str,
    /// The code of the error that the device raises; otherwise why it cannot see it.
    pub sdk: Seen<&'static str>,
    /// What the auditor finds; otherwise why it cannot see it.
    pub audit: Seen<Fault>,
    /// Changes what was entered.
    pub past: Option<fn(&mut Vec<Record>)>,
    /// Other devices play until the log is larger than it was.
    pub grows: bool,
    /// Changes the answers that the device is given.
    pub answers: Option<Answers>,
    /// Changes what the log shows to the device.
    pub shown: Option<Shown>,
    /// Changes the export.
    pub export: Option<fn(&mut Vec<String>)>,
    /// Signs with another key.
    pub another_key: bool,
    /// Shows another tree to everybody else.
    pub fork: bool,
}

impl Trick {
    /// Whether it is one at all.
    pub fn is_one(&self) -> bool {
        self.sdk.seen().is_some() || self.audit.seen().is_some()
    }
}

/// Whether somebody sees it.
pub enum Seen<T> {
    /// As this.
    As(T),
    /// No, for this reason.
    No(&'static str),
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self::No("there is nothing to see")
    }
}

impl<T> Seen<T> {
    /// As what, if at all.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::As(seen) => Some(seen),
            Self::No(_) => None,
        }
    }
}

const NOT_ITS_PLAYS: Seen<&str> = Seen::No("a device checks the log, not what is said in it of others");
const ONLY_GREW: Seen<&str> = Seen::No("the log is what it was");
const ANSWERS_ALONE: Seen<Fault> = Seen::No("what one device is answered is not in the log");
const REWRITTEN: Seen<&str> = Seen::As("log-inconsistent");

/// Every trick, and at the end none: what an honest operator does must raise nothing.
pub fn all() -> Vec<Trick> {
    let mut tricks = rewritten();
    tricks.extend(hidden());
    tricks.extend(answered());
    tricks.extend(claimed());
    tricks
}

/// The past is another.
fn rewritten() -> Vec<Trick> {
    let past = |name, fault, past| Trick {
        name,
        sdk: REWRITTEN,
        audit: Seen::As(fault),
        past: Some(past),
        ..Trick::default()
    };
    vec![
        past("alters when a batch was received", Fault::Root, |records| {
            batch(records, 0).received -= 3_600_000;
        }),
        past("alters what was known of a batch", Fault::Root, |records| {
            let known = &mut batch(records, 0).context;
            *known = known.replace("tool", "browser").replace("other", "browser") + " ";
        }),
        past("drops a batch", Fault::Anchor, |records| drop(records.remove(place(records, 1)))),
        past("reorders two batches", Fault::Root, |records| {
            let (first, second) = (place(records, 0), place(records, 1));
            records.swap(first, second);
        }),
        past("inserts a batch of an invented device", Fault::Root, |records| {
            let invented = invented(records);
            records.insert(place(records, 1), invented);
        }),
        past("changes the rule after it was used", Fault::Rule, |records| {
            let Some(Record::Rule(rule)) = records.first_mut() else { panic!("the rule comes first") };
            rule.text = rule.text.replace("30 s", "20 s");
        }),
        past("changes a verdict after the fact", Fault::Verdict, |records| {
            let [item, ..] = verdict(records) else { panic!("a verdict is about something") };
            *item = other_verdict(item);
        }),
        past("changes a stated count after the fact", Fault::Statement, |records| {
            let [item, ..] = statement(records) else { panic!("a statement says something") };
            *item = other_count(item);
        }),
        Trick {
            grows: true,
            ..past("begins the log anew under its key", Fault::Root, |records| records.truncate(1))
        },
        Trick {
            grows: true,
            ..past("goes back to a backup and goes on from there", Fault::Root, |records| {
                records.truncate(6);
            })
        },
        Trick { past: None, fork: true, ..past("shows two trees to two devices", Fault::Root, |_| ()) },
    ]
}

/// The past is another, and the proof is kept back.
fn hidden() -> Vec<Trick> {
    let alter: fn(&mut Vec<Record>) = |records| batch(records, 0).received -= 1;
    vec![
        Trick {
            name: "hides a rewrite behind a made-up consistency proof",
            sdk: REWRITTEN,
            audit: Seen::As(Fault::Root),
            past: Some(alter),
            answers: Some(|response, _| {
                each(response, |ack| ack.consistency = vec![Hash::of(b"made up").to_base64(); 4]);
            }),
            ..Trick::default()
        },
        Trick {
            name: "hides a rewrite and garbles the tiles",
            sdk: Seen::As("log-unproved"),
            audit: Seen::As(Fault::Root),
            past: Some(alter),
            answers: Some(|response, _| each(response, |ack| ack.consistency.clear())),
            shown: Some(|path, bytes| {
                if path.contains("/tile/") {
                    for byte in bytes {
                        *byte ^= 1;
                    }
                }
            }),
            ..Trick::default()
        },
        Trick {
            name: "shows a shorter log than it had signed",
            sdk: Seen::As("log-unproved"),
            audit: Seen::As(Fault::Anchor),
            past: Some(|records| records.truncate(2)),
            ..Trick::default()
        },
        Trick {
            name: "signs with another key",
            sdk: Seen::As("log-key-changed"),
            audit: Seen::As(Fault::Checkpoint),
            another_key: true,
            ..Trick::default()
        },
    ]
}

/// The log is honest, the answers are not.
fn answered() -> Vec<Trick> {
    let answers = |name, answers| Trick {
        name,
        sdk: Seen::As("receipt-invalid"),
        audit: ANSWERS_ALONE,
        answers: Some(answers),
        ..Trick::default()
    };
    vec![
        answers("answers with the receipt of another batch", |response, first| {
            let receipt = first.answers.first().and_then(|answer| match answer {
                Answer::Accepted(ack) | Answer::Duplicate(ack) => Some(ack.receipt.clone()),
                Answer::Refused { .. } => None,
            });
            each(response, |ack| ack.receipt = receipt.clone().expect("the first batch was accepted"));
        }),
        answers("answers with a receipt for another place", |response, _| {
            each(response, |ack| ack.receipt = ack.receipt.replacen("\nindex ", "\nindex 1", 1));
        }),
        answers("says accepted, and shows no receipt", |response, _| {
            each(response, |ack| ack.receipt.clear());
        }),
    ]
}

/// The log only grew, and what is said of it is not true.
fn claimed() -> Vec<Trick> {
    let next = |name, fault, next| Trick {
        name,
        sdk: NOT_ITS_PLAYS,
        audit: Seen::As(fault),
        past: Some(next),
        ..Trick::default()
    };
    let export = |name, fault, export| Trick {
        name,
        sdk: Seen::No("a device reads no export"),
        audit: Seen::As(fault),
        export: Some(export),
        ..Trick::default()
    };
    vec![
        next("judges a play as the rule does not", Fault::Verdict, |records| {
            let mut again = last(records, |record| matches!(record, Record::Verdicts(_)));
            let Record::Verdicts(verdicts) = &mut again else { unreachable!() };
            verdicts.items = verdicts.items.iter().map(other_verdict).collect();
            records.push(again);
        }),
        next("judges a play that nobody made", Fault::Verdict, |records| {
            let mut again = last(records, |record| matches!(record, Record::Verdicts(_)));
            let Record::Verdicts(verdicts) = &mut again else { unreachable!() };
            let mut play = read::<Play>(&verdicts.items[0]);
            play.session = uuid::Uuid::from_u128(5);
            verdicts.items = vec![seal(play.to_text())];
            records.push(again);
        }),
        next("states a count that does not follow from verdicts", Fault::Statement, |records| {
            let mut again = last(records, |record| matches!(record, Record::Statement(_)));
            let Record::Statement(statement) = &mut again else { unreachable!() };
            statement.items[0] = other_count(&statement.items[0]);
            records.push(again);
        }),
        next("enters a batch twice", Fault::DeviceFork, |records| {
            records.push(records[place(records, 0)].clone());
        }),
        next("enters a batch that no device signed", Fault::BatchSignature, |records| {
            let Record::Batch(mut batch) = invented(records) else { unreachable!() };
            let (head, rest) = batch.jws.split_at(batch.jws.len() - 20);
            batch.jws = format!("{head}{}", "A".repeat(rest.len()));
            records.push(Record::Batch(batch));
        }),
        Trick {
            name: "erases a verdict that no erasure names",
            sdk: ONLY_GREW,
            audit: Seen::As(Fault::Erasure),
            past: Some(|records| {
                let [item, ..] = verdict(records) else { panic!("a verdict is about something") };
                *item = item.erase();
            }),
            ..Trick::default()
        },
        export("leaves what an acked batch says out of the export", Fault::Erasure, |lines| {
            let row = lines.iter_mut().find(|line| line.contains(BATCH)).expect("there is a batch");
            *row = format!("{}}}", &row[..row.find(BATCH).expect("it was found")]);
        }),
        export("leaves an acked batch out of the export", Fault::Order, |lines| {
            let row = lines.iter().position(|line| line.contains(BATCH)).expect("there is a batch");
            lines.remove(row);
        }),
        Trick { name: "none: an honest operator", ..Trick::default() },
        Trick {
            name: "none: an honest operator whose answers lose their proofs",
            answers: Some(|response, _| each(response, |ack| ack.consistency.clear())),
            ..Trick::default()
        },
    ]
}

/// Where a row of the export begins to show its batch.
const BATCH: &str = r#","batch":{"jws""#;

fn each(response: &mut IngestResponse, change: impl Fn(&mut Acknowledgement)) {
    for answer in &mut response.answers {
        if let Answer::Accepted(ack) | Answer::Duplicate(ack) = answer {
            change(ack);
        }
    }
}

/// Where the batch number `nth` is.
fn place(records: &[Record], nth: usize) -> usize {
    let batches = records.iter().enumerate().filter(|(_, record)| matches!(record, Record::Batch(_)));
    batches.map(|(place, _)| place).nth(nth).expect("there are some batches")
}

fn batch(records: &mut [Record], nth: usize) -> &mut BatchRecord {
    let place = place(records, nth);
    let Record::Batch(batch) = &mut records[place] else { unreachable!() };
    batch
}

fn verdict(records: &mut [Record]) -> &mut [Sealed] {
    let items = records.iter_mut().find_map(|record| match record {
        Record::Verdicts(verdicts) => Some(&mut verdicts.items),
        _ => None,
    });
    items.expect("there is a verdict")
}

fn statement(records: &mut [Record]) -> &mut [Sealed] {
    let items = records.iter_mut().find_map(|record| match record {
        Record::Statement(statement) => Some(&mut statement.items),
        _ => None,
    });
    items.expect("there is a statement")
}

fn last(records: &[Record], wanted: impl Fn(&Record) -> bool) -> Record {
    records.iter().rfind(|record| wanted(record)).expect("there is one").clone()
}

/// A good batch of a device that never played, received with the last one.
fn invented(records: &[Record]) -> Record {
    let Record::Batch(mut batch) = last(records, |record| matches!(record, Record::Batch(_))) else {
        unreachable!()
    };
    let address = Address { audience: "delistening-dev", listener: "listener-2" };
    batch.jws = Device::new(77).seal(&address, 5, batch.received - 60_000);
    Record::Batch(batch)
}

fn read<T: serde::de::DeserializeOwned>(item: &Sealed) -> T {
    serde_json::from_str(item.text().expect("it is not erased")).expect("it can be read")
}

fn seal(text: String) -> Sealed {
    Sealed::Open { salt: [7; 16], text }
}

fn other_verdict(item: &Sealed) -> Sealed {
    let mut play = read::<Play>(item);
    let status = &mut play.verdict.status;
    *status = if *status == Status::Valid { Status::Short } else { Status::Valid };
    seal(play.to_text())
}

fn other_count(item: &Sealed) -> Sealed {
    let mut line = read::<StatementLine>(item);
    line.counts.valid += 1;
    seal(line.to_text())
}
