//! What the server says of plays is entered in the log: verdicts, and a statement of each day that is over.

use delistening_ingest::commit::{IntakeContext, Log, Options, Submission};
use delistening_ingest::journal::{Record, StatementRecord, VerdictsRecord};
use delistening_ingest::live::Live;
use delistening_ingest::projection::{self, Projection};
use delistening_ingest::store::{SqliteStore, Store};
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::LogSigner;
use delistening_schema::play::{Play, StatementLine, Status, Subject, day_of};
use delistening_schema::{Batch, Hash, bytes, jws};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

struct Running {
    runtime: Runtime,
    log: Arc<Log>,
    store: Arc<dyn Store>,
}

fn start(folder: &Path, verdicts_after: Duration) -> Running {
    let signer = LogSigner::new("log.example", SecretKey::from_seed(&[4; 32])).unwrap();
    let log = Arc::new(Log::open(folder, signer, &Options::default()).unwrap());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.join("plays.sqlite")).unwrap());
    let live = Arc::new(Live::open(&*store).unwrap());
    let options = projection::Options { verdicts_after };
    let runtime = Runtime::new().unwrap();
    {
        let _inside = runtime.enter();
        Projection::start(Arc::clone(&log), Arc::clone(&store), live, folder, options).unwrap();
    }
    Running { runtime, log, store }
}

impl Running {
    fn commit(&self, submission: &Submission) {
        self.runtime.block_on(self.log.committer().commit(vec![submission.clone()], None)).unwrap();
    }

    fn records(&self) -> Vec<Record> {
        let mut reader = self.log.reader(0);
        let mut records = Vec::new();
        while let Some((_, record)) = reader.next_below(self.log.size()).unwrap() {
            records.push(record);
        }
        records
    }

    /// Waits until the log holds what `find` finds in it.
    fn until<T>(&self, mut find: impl FnMut(&[Record]) -> Option<T>) -> T {
        loop {
            let records = self.records();
            if let Some(found) = find(&records) {
                return found;
            }
            assert!(self.runtime.block_on(self.log.grows_past(records.len() as u64)));
        }
    }

    /// Ends everything, so that the folder can be opened again.
    fn end(self) {
        let Self { runtime, log, store } = self;
        drop((runtime, store));
        let committer = log.committer().clone();
        drop(log);
        committer.finish();
    }
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Batch `seq` of device 1, which tells that session `number` was heard from the `from`th to the `to`th second.
fn heard(seq: u64, prev: Option<Hash>, number: u32, at: u64, (from, to): (u64, u64)) -> Submission {
    let event = |place: u64, mono: u64, rest: Value| {
        let mut event = json!({
            "id": format!("018f4e3a-7c00-7000-8000-{number:08x}{:04x}", seq * 16 + place),
            "session": format!("018f4e3a-7c00-7000-9000-{number:012x}"),
            "at": at, "mono": mono, "track": "track-1",
        });
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        event
    };
    let events = [
        event(
            0,
            0,
            json!({ "type": "play.started", "artist": "artist-1", "duration_ms": 200_000, "offline": false,
            "engine": "native", "autoplay": false }),
        ),
        event(
            1,
            to * 1000,
            json!({ "type": "play.progress", "heard": [[from * 1000, to * 1000]], "rate": 1,
            "volume": 1, "muted": false, "visible": true }),
        ),
    ];
    let key = SecretKey::from_seed(&[1; 32]);
    let payload: Batch = serde_json::from_value(json!({
        "v": 1, "batch": uuid::Uuid::from_u128(u128::from(seq)), "device": key.public().thumbprint(), "seq": seq,
        "prev": prev.map_or_else(String::new, |hash| hash.to_string()), "nonce": bytes::encode(&[0; 16]),
        "aud": "a", "listener": "listener-1", "sent_at": at, "sdk": "test", "events": events,
    }))
    .unwrap();
    let input = payload.signing_input(&key.public());
    let signature = key.sign(input.as_bytes());
    let jws = jws::with_signature(input, &signature);
    Submission {
        device: payload.device,
        seq,
        prev,
        hash: Hash::of(jws.as_bytes()),
        jws,
        received: now_ms(),
        context: IntakeContext { issuer: "i".into(), client: "tool".into() },
    }
}

fn verdicts(records: &[Record]) -> Vec<(u64, Play)> {
    let lists = records.iter().filter_map(|record| match record {
        Record::Verdicts(VerdictsRecord { through, items }) => Some((*through, items)),
        _ => None,
    });
    lists
        .flat_map(|(through, items)| {
            items.iter().map(move |item| (through, serde_json::from_str(item.text().unwrap()).unwrap()))
        })
        .collect()
}

fn statements(records: &[Record]) -> Vec<&StatementRecord> {
    records
        .iter()
        .filter_map(|record| if let Record::Statement(statement) = record { Some(statement) } else { None })
        .collect()
}

#[test]
fn a_verdict_is_entered_and_a_later_one_supersedes_it() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path(), Duration::ZERO);
    let first = heard(1, None, 1, now_ms(), (0, 20));
    running.commit(&first);
    let (through, play) = running.until(|records| verdicts(records).into_iter().next());
    assert_eq!((play.verdict.status, play.verdict.heard_ms), (Status::Short, 20_000));
    assert_eq!((through, play.track.as_str(), play.listener.as_str()), (2, "track-1", "listener-1"));

    running.commit(&heard(2, Some(first.hash), 1, now_ms(), (20, 45)));
    let (through, play) = running.until(|records| verdicts(records).into_iter().nth(1));
    assert_eq!((play.verdict.status, play.verdict.heard_ms), (Status::Valid, 45_000));
    assert_eq!(through, 4);
    let key = (&play).into();
    assert_eq!(running.store.plays(&[key]).unwrap(), [play], "what is served is what is entered");
}

#[test]
fn verdicts_that_come_soon_after_each_other_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let waiting = start(folder.path(), Duration::from_hours(1));
    let first = heard(1, None, 1, now_ms(), (0, 20));
    waiting.commit(&first);
    waiting.commit(&heard(2, Some(first.hash), 1, now_ms(), (20, 45)));
    assert!(verdicts(&waiting.records()).is_empty());
    waiting.end();
    // What waited is entered by whoever comes after.
    let running = start(folder.path(), Duration::ZERO);
    let entered = running.until(|records| Some(verdicts(records)).filter(|entered| !entered.is_empty()));
    assert_eq!(entered.len(), 1);
    assert_eq!(entered[0].1.verdict.heard_ms, 45_000);
}

#[test]
fn a_day_that_is_over_is_stated_and_today_is_not() {
    let folder = tempfile::tempdir().unwrap();
    // Yesterday's play and today's wait for their verdicts together.
    let yesterday = now_ms() - DAY_MS;
    let waiting = start(folder.path(), Duration::from_hours(1));
    let first = heard(1, None, 1, yesterday, (0, 40));
    waiting.commit(&first);
    waiting.commit(&heard(2, Some(first.hash), 2, now_ms(), (0, 50)));
    waiting.end();

    let running = start(folder.path(), Duration::ZERO);
    let statement = running.until(|records| statements(records).first().copied().cloned());
    assert_eq!(statement.day, day_of(yesterday));
    assert_eq!((statement.part, statement.parts), (1, 1));
    let lines: Vec<StatementLine> =
        statement.items.iter().map(|item| serde_json::from_str(item.text().unwrap()).unwrap()).collect();
    let subjects: Vec<&Subject> = lines.iter().map(|line| &line.subject).collect();
    assert_eq!(
        subjects,
        [&Subject::All, &Subject::Track("track-1".into()), &Subject::Artist("artist-1".into())]
    );
    assert!(lines.iter().all(|line| line.counts.valid == 1 && line.counts.heard_ms == 40_000));
    assert_eq!(statements(&running.records()).len(), 1);
}

#[test]
fn without_trail_and_store_the_same_is_known_and_nothing_is_entered_twice() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path(), Duration::ZERO);
    let first = heard(1, None, 1, now_ms() - DAY_MS, (0, 40));
    running.commit(&first);
    running.until(|records| statements(records).first().map(|_| ()));
    let before = running.records();
    running.end();
    for name in ["trail.sqlite", "plays.sqlite"] {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.path().join(format!("{name}{suffix}")));
        }
    }
    let running = start(folder.path(), Duration::ZERO);
    running.commit(&heard(2, Some(first.hash), 2, now_ms(), (0, 50)));
    running.until(|records| verdicts(records).get(1).map(|_| ()));
    let after = running.records();
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(after.len(), before.len() + 2, "the batch and its verdict, and nothing else");
}
