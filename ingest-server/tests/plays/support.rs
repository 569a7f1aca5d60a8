//! A log whose plays are followed, and a device that tells of some.

use delistening_ingest::commit::{Hold, IntakeContext, Log, OpenError, Options, Outcome, Submission};
use delistening_ingest::journal::{ArchiveOptions, ArchivePlace, Record};
use delistening_ingest::live::Live;
use delistening_ingest::projection::{self, Projection};
use delistening_ingest::store::{SqliteStore, Store};
use delistening_schema::analysis::Analysis;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::LogSigner;
use delistening_schema::{Batch, Hash, bytes, jws};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub struct Running {
    pub runtime: Runtime,
    pub log: Arc<Log>,
    pub store: Arc<dyn Store>,
    pub projection: Projection,
}

pub fn signer() -> LogSigner {
    LogSigner::new("log.example", SecretKey::from_seed(&[4; 32])).unwrap()
}

pub fn start(folder: &Path, verdicts_after: Duration) -> Running {
    start_with(folder, verdicts_after, Analysis::v1())
}

pub fn start_with(folder: &Path, verdicts_after: Duration, analysis: Analysis) -> Running {
    // Small segments: their room is set aside, and tests look through it.
    let place = ArchivePlace::Folder(folder.join("archive"));
    // Where the folder has an archive, it is used.
    let archive =
        folder.join("archive").is_dir().then_some(ArchiveOptions { place, keep: 0, cache_bytes: 1 << 20 });
    let options = Options { segment_bytes: 256 * 1024, archive, ..Options::default() };
    // A program that another test starts has a copy of the lock until it runs.
    let begin = Instant::now();
    let hold = loop {
        match Hold::take(folder) {
            Err(OpenError::Held(_)) if begin.elapsed() < Duration::from_secs(10) => std::thread::yield_now(),
            taken => break taken.unwrap(),
        }
    };
    let log = Arc::new(Log::open_held(hold, signer(), &options).unwrap());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.join("plays.sqlite")).unwrap());
    let live = Arc::new(Live::open(&*store).unwrap());
    let options = projection::Options { verdicts_after, analysis: Arc::new(analysis) };
    let runtime = Runtime::new().unwrap();
    let projection = {
        let _inside = runtime.enter();
        Projection::start(Arc::clone(&log), Arc::clone(&store), live, folder, options).unwrap()
    };
    Running { runtime, log, store, projection }
}

impl Running {
    pub fn commit(&self, submission: &Submission) -> Outcome {
        let committed = self.log.committer().commit(vec![submission.clone()], None);
        self.runtime.block_on(committed).unwrap().remove(0)
    }

    pub fn records(&self) -> Vec<Record> {
        let mut reader = self.log.reader(0);
        let mut records = Vec::new();
        while let Some((_, record)) = reader.next_below(self.log.size()).unwrap() {
            records.push(record);
        }
        records
    }

    /// Waits until the log holds what `find` finds in it.
    pub fn until<T>(&self, mut find: impl FnMut(&[Record]) -> Option<T>) -> T {
        loop {
            let records = self.records();
            if let Some(found) = find(&records) {
                return found;
            }
            assert!(self.runtime.block_on(self.log.grows_past(records.len() as u64)));
        }
    }

    /// Ends everything, so that the folder can be opened again.
    pub fn end(self) {
        let Self { runtime, log, store, projection } = self;
        drop((runtime, store, projection));
        let committer = log.committer().clone();
        drop(log);
        committer.finish();
    }
}

pub fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Batch `seq` of device 1, which tells that session `number` was heard from the `from`th to the `to`th second.
pub fn heard(seq: u64, prev: Option<Hash>, number: u32, at: u64, interval: (u64, u64)) -> Submission {
    heard_by((1, "listener-1"), seq, prev, number, at, interval)
}

/// The same of another device and listener.
pub fn heard_by(
    (device, listener): (u8, &str),
    seq: u64,
    prev: Option<Hash>,
    number: u32,
    at: u64,
    (from, to): (u64, u64),
) -> Submission {
    let event = |place: u64, mono: u64, rest: Value| {
        let mut event = json!({
            "id": format!("018f4e3a-7c00-7000-8000-{number:08x}{:04x}", seq * 16 + place),
            "session": format!("018f4e3a-7c00-7000-9000-{number:012x}"),
            "at": at + mono, "mono": mono, "track": "track-1",
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
    let key = SecretKey::from_seed(&[device; 32]);
    let payload: Batch = serde_json::from_value(json!({
        "v": 1, "batch": uuid::Uuid::from_u128(u128::from(seq)), "device": key.public().thumbprint(), "seq": seq,
        "prev": prev.map_or_else(String::new, |hash| hash.to_string()), "nonce": bytes::encode(&[0; 16]),
        "aud": "a", "listener": listener, "sent_at": at, "sdk": "test", "events": events,
    }))
    .unwrap();
    let input = payload.signing_input(&key.public());
    let signature = key.sign(input.as_bytes());
    let jws = jws::with_signature(input, &signature);
    Submission {
        reported: payload.read().into(),
        hash: Hash::of(jws.as_bytes()),
        jws,
        received: now_ms(),
        context: IntakeContext { issuer: "i".into(), client: "app".into(), ..IntakeContext::default() },
    }
}
