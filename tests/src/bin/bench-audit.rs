//! `npm run bench:audit`: how close an audit comes to the work that it cannot do without.
//!
//! A real log with verdicts is exported. In turn, the auditor goes through the lines, and what is in them is hashed and
//! verified and nothing else. Both on one thread, by its CPU time: the command `audit` checks lines on all processors.

use delistening_ingest::commit::{IntakeContext, Log, Options, Submission};
use delistening_ingest::export::Lines;
use delistening_ingest::journal::Record;
use delistening_ingest::live::Live;
use delistening_ingest::projection::{self, Projection};
use delistening_ingest::store::{SqliteStore, Store};
use delistening_schema::audit::{Auditor, CheckedLine};
use delistening_schema::export::Line;
use delistening_schema::key::{KnownKeys, SecretKey};
use delistening_schema::ledger::{LogKey, LogSigner, merkle};
use delistening_schema::{Batch, Hash};
use delistening_tests::device::{Address, Device};
use delistening_tests::figures::thread_cpu_time;
use delistening_tests::signed::Signed;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const DEVICES: u64 = 64;
const BATCHES_PER_DEVICE: u64 = 64;
const EVENTS_PER_BATCH: u64 = 20;
/// What shares a commit.
const GROUP: usize = 64;
/// The measures take turns, so that what else the machine does meets both.
const TURNS: u32 = 5;
const BEGIN_MS: u64 = 1_750_000_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    eprintln!("{DEVICES} devices seal {BATCHES_PER_DEVICE} batches each …");
    let (key, lines) = exported(folder.path()).await?;
    let needed: Vec<Needed> = lines.iter().filter_map(|line| Needed::of(line)).collect();
    let (mut audited, mut alone) = (Duration::ZERO, Duration::ZERO);
    for turn in 0..=TURNS {
        let taken = [timed(|| audit(&key, &lines)), timed(|| needed.iter().for_each(Needed::check))];
        // The first turn warms up.
        if turn > 0 {
            audited += taken[0];
            alone += taken[1];
        }
    }
    let per_second = |time: Duration| {
        f64::from(u32::try_from(needed.len()).unwrap_or(u32::MAX)) / (time / TURNS).as_secs_f64()
    };
    let (entries, limit) = (per_second(audited), per_second(alone));
    println!("{} entries, batches of {EVENTS_PER_BATCH} events, on one thread", needed.len());
    println!("  audited                     {entries:>9.0} entries/s");
    println!("  hashed and verified alone   {limit:>9.0} entries/s");
    let round = |value: f64| (value * 1e3).round() / 1e3;
    let figures = serde_json::json!({
        "entries_per_s": entries.round(), "entries_per_s_over_hash_and_verify": round(entries / limit),
    });
    println!("{figures}");
    Ok(())
}

/// A log of batches and of the verdicts on their sessions, as the lines of its export.
async fn exported(folder: &Path) -> Result<(LogKey, Vec<String>), Box<dyn Error>> {
    let signer = LogSigner::new("bench.example/log", SecretKey::from_seed(&[4; 32]))?;
    let key = signer.log_key().clone();
    let log = Arc::new(Log::open(folder, signer, &Options::default())?);
    for group in submissions()?.chunks(GROUP) {
        log.committer().commit(group.to_vec(), None).await?;
    }
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.join("plays.sqlite"))?);
    let live = Arc::new(Live::open(&*store)?);
    let options = projection::Options { verdicts_after: Duration::ZERO, ..projection::Options::default() };
    let _projection = Projection::start(Arc::clone(&log), store, live, folder, options)?;
    let (mut reader, mut judged) = (log.reader(0), 0);
    let mut size = 0;
    while judged < DEVICES * BATCHES_PER_DEVICE {
        log.grows_past(size).await;
        size = log.size();
        while let Some((_, record)) = reader.next_below(size)? {
            if let Record::Verdicts(verdicts) = record {
                judged += verdicts.items.len() as u64;
            }
        }
    }
    let lines = Lines::new(&log, 0, size)?.ok_or("the log has that size")?;
    Ok((key, lines.collect::<Result<_, _>>()?))
}

/// Each device's sessions follow one another, as they do where somebody listens.
fn submissions() -> Result<Vec<Submission>, Box<dyn Error>> {
    let mut devices: Vec<Device> = (0..DEVICES).map(Device::new).collect();
    let mut submissions = Vec::new();
    for round in 0..BATCHES_PER_DEVICE {
        let received = BEGIN_MS + (round + 1) * EVENTS_PER_BATCH * 10_000;
        for (number, device) in devices.iter_mut().enumerate() {
            let address = Address { audience: "bench", listener: &format!("listener-{number}") };
            let jws = device.seal(&address, EVENTS_PER_BATCH, received - EVENTS_PER_BATCH * 10_000);
            let opened = Batch::open(&jws).map_err(|problem| problem.to_string())?;
            let context =
                IntakeContext { issuer: "i".into(), client: "app".into(), ..IntakeContext::default() };
            submissions.push(Submission {
                reported: opened.payload.into(),
                hash: opened.hash,
                jws,
                received,
                context,
            });
        }
    }
    Ok(submissions)
}

fn audit(key: &LogKey, lines: &[String]) {
    let (mut auditor, known) = (Auditor::new(key.clone()), KnownKeys::default());
    for line in lines {
        auditor.take(CheckedLine::check_with(&known, line.as_bytes()));
    }
    let report = auditor.finish();
    assert_eq!(report.wrong, 0, "an honest log: {:?}", report.findings.first());
}

/// What has to be hashed and verified of an entry, ready to be.
struct Needed {
    entry: Vec<u8>,
    /// Of a batch, with what its context was hashed from.
    signed: Option<(Signed, Vec<u8>)>,
}

impl Needed {
    /// `None` for lines that are not an entry's.
    fn of(line: &str) -> Option<Self> {
        let Ok(Line::Row(row)) = Line::parse(line) else { return None };
        let signed = row.batch.map(|batch| {
            let context = [&batch.salt, batch.context.as_bytes()].concat();
            (Signed::new(batch.jws).expect("a good batch"), context)
        });
        Some(Self { entry: row.entry.get().as_bytes().to_vec(), signed })
    }

    fn check(&self) {
        black_box(merkle::leaf_hash(&self.entry));
        if let Some((signed, context)) = &self.signed {
            black_box((Hash::of(signed.jws.as_bytes()), Hash::of(context)));
            assert!(signed.holds());
        }
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = thread_cpu_time();
    work();
    thread_cpu_time().saturating_sub(begin)
}
