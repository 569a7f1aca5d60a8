//! The server of the simulated world: the real log, intake, judging and projection, without sockets and
//! with the world's clock.

use delistening_ingest::auth::DeviceToken;
use delistening_ingest::commit::{IntakeContext, Log, Options, Outcome, Submission};
use delistening_ingest::intake::{self, Checked};
use delistening_ingest::journal::Record;
use delistening_ingest::live::Live;
use delistening_ingest::projection::{self, Projection};
use delistening_ingest::store::{Bounds, Filter, SqliteStore, Store};
use delistening_schema::api::{Acknowledgement, Answer, IngestRequest, IngestResponse};
use delistening_schema::batch::ReadBatch;
use delistening_schema::key::KnownKeys;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::LogSigner;
use delistening_schema::play::{Evidence, Facts, Verdict, judge};
use delistening_schema::problem::{Code, Problem};
use delistening_schema::token::{Claims, TokenError};
use delistening_schema::{Batch, DeviceId, Event, Hash, jws, token};
use delistening_sdk_core::{FetchResult, TransportResult};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// The service that tokens and batches are for.
pub const AUDIENCE: &str = "https://plays.example";
const ISSUER: &str = "https://issuer.example";
const TOKEN_LIFE_S: u64 = 600;

/// An event, when it was received, and the signed time before it.
type Told = (Event, u64, Option<u64>);

/// The server, with the platform's backend beside it.
pub struct Server {
    folder: TempDir,
    log: Option<Arc<Log>>,
    runtime: Runtime,
    issuer: SecretKey,
}

impl Server {
    /// An empty one.
    ///
    /// # Panics
    /// Where no folder can be made.
    pub fn new() -> Self {
        let issuer = SecretKey::from_seed(&[5; 32]);
        let folder = fast_folder();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let mut server = Self { folder, log: None, runtime: runtime.expect("a runtime starts"), issuer };
        server.open();
        server
    }

    fn open(&mut self) {
        let signer = LogSigner::new("log.example", SecretKey::from_seed(&[4; 32])).expect("a good origin");
        let log = Log::open(&self.data(), signer, &Options::default()).expect("the log opens");
        self.log = Some(Arc::new(log));
    }

    fn close(&mut self) {
        let Some(log) = self.log.take() else { return };
        let committer = log.committer().clone();
        drop(log);
        committer.finish();
    }

    /// Ends the server and starts it again on the same folder.
    pub fn restart(&mut self) {
        self.close();
        self.open();
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> &Arc<Log> {
        self.log.as_ref().expect("the server runs")
    }

    /// What the platform's backend answers a signed-in listener.
    ///
    /// # Panics
    /// Never: claims are always representable.
    pub fn token(&self, device: &str, listener: &str, now_ms: u64) -> String {
        let now = now_ms / 1_000;
        let claims = serde_json::json!({
            "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + TOKEN_LIFE_S, "sub": listener,
            "scope": "plays:write", "cnf": { "jkt": device },
        });
        let input = jws::signing_input(&token::header("k"), claims.to_string().as_bytes());
        let signature = self.issuer.sign(input.as_bytes());
        jws::with_signature(input, &signature)
    }

    /// Takes a request at `now_ms` of the world's clock and answers it.
    pub fn answer(&mut self, body: &str, now_ms: u64) -> TransportResult {
        match self.ingest(body, now_ms) {
            Ok(response) => answered(200, None, &response),
            Err(problem) => answered(problem.status, problem.retry_after, &problem),
        }
    }

    fn ingest(&mut self, body: &str, now_ms: u64) -> Result<IngestResponse, Problem> {
        let IngestRequest { token, known, batches } = serde_json::from_str(body)
            .map_err(|error| Problem::new(Code::MalformedRequest, error.to_string()))?;
        let token = self.check_token(token.as_deref().unwrap_or_default(), now_ms / 1_000)?;
        let checked: Vec<_> = batches.into_iter().map(|jws| check(jws, &token, now_ms)).collect();
        let submissions: Vec<Submission> =
            checked.iter().flatten().map(|checked| checked.submission.clone()).collect();
        let committed = self.runtime.block_on(self.log().committer().commit(submissions, known));
        let mut outcomes = committed
            .map_err(|error| Problem::new(Code::StorageUnavailable, error.to_string()).retry_after(5))?
            .into_iter();
        let answers = checked
            .into_iter()
            .map(|checked| match checked {
                Err(problem) => Answer::Refused { problem },
                Ok(Checked { problems, .. }) => to_answer(outcomes.next(), problems),
            })
            .collect();
        Ok(IngestResponse { log: self.log().vkey(), answers })
    }

    /// What the log shows to anybody: its checkpoint and tiles.
    pub fn fetch(&self, path: &str) -> FetchResult {
        let found = match path.strip_prefix("log/tile/") {
            _ if path == "log/checkpoint" => Some(self.log().checkpoint().into_bytes()),
            Some(tile) => self.tile(tile),
            None => None,
        };
        let status = if found.is_some() { 200 } else { 404 };
        FetchResult::Answer { status, body: found.unwrap_or_default() }
    }

    /// Logs of simulated worlds are small: an index has three digits.
    fn tile(&self, path: &str) -> Option<Vec<u8>> {
        let (level, rest) = path.split_once('/')?;
        let (index, width) = rest.split_once(".p/").unwrap_or((rest, "256"));
        self.log().tile(level.parse().ok()?, index.parse().ok()?, width.parse().ok()?).ok()?
    }

    fn check_token(&self, token: &str, now: u64) -> Result<DeviceToken, Problem> {
        let key = self.issuer.public();
        let claims = Claims::verify(token, AUDIENCE, now, |_, _| Some(&key)).map_err(|error| {
            let code = if error == TokenError::Expired { Code::ExpiredToken } else { Code::BadToken };
            Problem::new(code, error.to_string())
        })?;
        match &claims.cnf {
            Some(confirmation) => Ok(DeviceToken { device: confirmation.jkt, claims: Arc::new(claims) }),
            None => Err(Problem::new(Code::BadToken, "bound to no device")),
        }
    }

    /// Every batch that is kept, with the time when it was received.
    ///
    /// # Panics
    /// When the journal cannot be read.
    pub fn batches(&self) -> Vec<(u64, ReadBatch)> {
        let log = self.log();
        let mut reader = log.reader(0);
        let mut batches = Vec::new();
        while let Some((_, record)) = reader.next_below(log.size()).expect("the journal can be read") {
            if let Record::Batch(record) = record {
                let batch = Batch::unverified(&record.jws).expect("what is kept can be read").read();
                batches.push((record.received, batch));
            }
        }
        batches
    }

    /// Every session, judged by the rule from the journal alone.
    pub fn verdicts(&self) -> BTreeMap<(Uuid, DeviceId), Verdict> {
        let mut sessions: BTreeMap<(Uuid, DeviceId), Vec<Told>> = BTreeMap::new();
        for (received, batch) in self.batches() {
            let anchored = batch.anchor.as_ref().and_then(|anchor| self.log().time_at(anchor.size));
            for event in batch.events.into_iter().flatten() {
                let key = (event.session, batch.device);
                sessions.entry(key).or_default().push((event, received, anchored));
            }
        }
        let judged = sessions.into_iter().map(|(key, events)| {
            let evidence =
                events.iter().map(|&(ref event, received, anchored)| Evidence { event, received, anchored });
            (key, judge(&Facts::gather(evidence)))
        });
        judged.collect()
    }

    /// How many plays the projection has counted in the store, those that analysis finds suspicious among them.
    ///
    /// # Panics
    /// When the store refuses.
    pub fn counted(&mut self) -> u64 {
        let log = Arc::clone(self.log());
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&self.folder.path().join("plays.sqlite")).expect("a store opens"));
        let live = Arc::new(Live::open(&*store).expect("the store can be read"));
        let options = projection::Options {
            verdicts_after: Duration::from_hours(24),
            ..projection::Options::default()
        };
        // Of its own, so that it ends with this call.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let size = log.size();
        let projection = {
            let _inside = runtime.enter();
            Projection::start(log, Arc::clone(&store), live, &self.data(), options)
        };
        let projection = projection.expect("the projection starts");
        runtime.block_on(projection.reaches(size));
        let counts = store.counts(&Filter::default(), &Bounds::all()).expect("the store can be read").total;
        drop(runtime);
        counts.valid + counts.suspect
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

fn check(jws: String, token: &DeviceToken, now_ms: u64) -> Result<Checked, Problem> {
    let context =
        IntakeContext { issuer: ISSUER.to_owned(), client: "app".to_owned(), ..IntakeContext::default() };
    intake::check(jws, &KnownKeys::default(), token, AUDIENCE, now_ms, context)
}

fn to_answer(outcome: Option<Outcome>, mut problems: Vec<Problem>) -> Answer {
    let acknowledgement = |receipt, consistency: Vec<Hash>, problems| Acknowledgement {
        receipt,
        consistency: consistency.into_iter().map(Hash::to_base64).collect(),
        problems,
    };
    match outcome {
        Some(Outcome::Accepted { receipt, consistency, gap }) => {
            if gap {
                problems.push(Problem::new(Code::SequenceGap, "a gap"));
            }
            Answer::Accepted(acknowledgement(receipt, consistency, problems))
        }
        Some(Outcome::Duplicate { receipt, consistency }) => {
            Answer::Duplicate(acknowledgement(receipt, consistency, problems))
        }
        Some(Outcome::Fork) => Answer::Refused { problem: Problem::new(Code::SequenceFork, "a fork") },
        None => Answer::Refused { problem: Problem::new(Code::Internal, "nothing was written") },
    }
}

fn answered<T: serde::Serialize>(status: u16, retry_after_s: Option<u64>, body: &T) -> TransportResult {
    let body = serde_json::to_string(body).expect("an answer is JSON");
    TransportResult::Answer { status, retry_after_s, body }
}

/// In memory where the system has such a place: what is tested here is not whether disks keep what they synced.
fn fast_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder can be made")
}
