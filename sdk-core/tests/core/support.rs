//! A deterministic world around a core: a disk, a clock, a key, and a server with a small real log.

use delistening_schema::api::{Acknowledgement, Answer, IngestRequest, IngestResponse, LogKeys};
use delistening_schema::event::EndReason;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::{
    BatchEntry, Checkpoint, Entry, KeyEntry, LogSigner, Receipt, merkle, reference,
};
use delistening_schema::problem::{Code, Problem};
use delistening_schema::{Batch, DeviceId, DropReason, Event, Hash, OpenedBatch, jws, token};
use delistening_sdk_core::{
    Config, Core, Entropy, FetchResult, Input, Notice, Now, Output, Record, Signal, Track, TransportResult,
};
use std::collections::BTreeMap;

/// A generator that is good enough to tell nonces apart.
pub struct Seeded(pub u64);

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
    }
}

/// What the server says instead of keeping a request.
pub type Refusal = fn() -> Problem;

/// A batch, its index, the size that its receipt is for, and its entry.
pub type Kept = (OpenedBatch, u64, u64, Vec<u8>);

/// A server with a real log of its own.
pub struct Server {
    pub signer: LogSigner,
    pub leaves: Vec<Hash>,
    pub kept: BTreeMap<(DeviceId, u64), Kept>,
    /// Refuses whole requests, most recent first.
    pub refusals: Vec<Refusal>,
    /// Refuses each batch for which this gives a problem.
    pub refuse_batch: fn(u64) -> Option<Problem>,
    /// Loses this many answers after having kept what was sent.
    pub lose_answers: u32,
    pub requests: Vec<IngestRequest>,
    /// How it shows the log itself.
    pub log: LogShown,
    /// The announcements of its keys, with their places in the log.
    pub handovers: Vec<(u64, Vec<u8>)>,
    /// What witnesses have cosigned.
    pub witnessed: Option<String>,
    /// What it was asked of the log.
    pub fetched: Vec<String>,
    /// Changes the consistency proof of an answer.
    pub consistency: fn(Vec<Hash>) -> Vec<Hash>,
}

/// How a server shows the log itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogShown {
    /// As it is.
    AsItIs,
    /// Without partial tiles.
    FullTiles,
    /// This checkpoint instead of its own.
    Checkpoint(String),
    /// Every hash with a bit flipped.
    Garbled,
    /// With this status and nothing else.
    Status(u16),
}

impl Server {
    pub fn new() -> Self {
        Self {
            signer: LogSigner::new("log.example", SecretKey::from_seed(&[9; 32])).unwrap(),
            leaves: Vec::new(),
            kept: BTreeMap::new(),
            refusals: Vec::new(),
            refuse_batch: |_| None,
            lose_answers: 0,
            requests: Vec::new(),
            log: LogShown::AsItIs,
            handovers: Vec::new(),
            witnessed: None,
            fetched: Vec::new(),
            consistency: |proof| proof,
        }
    }

    /// The signed checkpoint of the first `size` entries.
    pub fn checkpoint(&self, size: u64) -> String {
        let root = merkle::tree_root(&self.leaves[..usize::try_from(size).unwrap()]);
        let origin = self.signer.log_key().name().to_owned();
        Checkpoint { origin, size, root }.sign(&self.signer)
    }

    /// The log goes on under another key, as its old key says.
    pub fn hand_over(&mut self, to: LogSigner) {
        let entry = Entry::Key(KeyEntry::new(&self.signer, &to).unwrap()).to_bytes();
        self.handovers.push((self.leaves.len() as u64, entry.clone()));
        self.leaves.push(merkle::leaf_hash(&entry));
        self.signer = to;
    }

    fn keys(&self) -> LogKeys {
        let proof = |(index, entry): &(u64, Vec<u8>)| Receipt {
            entry: entry.clone(),
            index: *index,
            proof: reference::path(usize::try_from(*index).unwrap(), &self.leaves),
            checkpoint: self.checkpoint(self.leaves.len() as u64),
        };
        let handovers = self.handovers.iter().map(|handover| proof(handover).to_string()).collect();
        LogKeys { keys: vec![self.signer.log_key().to_vkey()], handovers }
    }

    fn fetch(&mut self, path: &str) -> FetchResult {
        self.fetched.push(path.to_owned());
        let answer = |status, body| FetchResult::Answer { status, body };
        if let LogShown::Status(status) = self.log {
            return answer(status, Vec::new());
        }
        if path == "log/checkpoint" {
            let LogShown::Checkpoint(note) = &self.log else {
                return answer(200, self.checkpoint(self.leaves.len() as u64).into_bytes());
            };
            return answer(200, note.clone().into_bytes());
        }
        if path == "log/witnessed" {
            let witnessed = self.witnessed.clone();
            return witnessed.map_or(answer(404, Vec::new()), |note| answer(200, note.into_bytes()));
        }
        if path == "log/keys" {
            return answer(200, serde_json::to_vec(&self.keys()).unwrap());
        }
        match self.tile(path.strip_prefix("log/tile/0/000").expect("small logs have one tile")) {
            Some(bytes) => answer(200, bytes),
            None => answer(404, Vec::new()),
        }
    }

    fn tile(&self, width: &str) -> Option<Vec<u8>> {
        // Without partial tiles, the one tile stands for a full one.
        let width = match width.strip_prefix(".p/") {
            Some(_) if self.log == LogShown::FullTiles => return None,
            Some(width) => width.parse().unwrap(),
            None if self.log == LogShown::FullTiles => self.leaves.len(),
            None => 256,
        };
        let mut bytes: Vec<u8> = self.leaves.get(..width)?.iter().flat_map(|hash| hash.0).collect();
        if self.log == LogShown::Garbled {
            for byte in &mut bytes {
                *byte ^= 1;
            }
        }
        Some(bytes)
    }

    fn answer(&mut self, body: &str, wall_ms: u64) -> TransportResult {
        let request: IngestRequest = serde_json::from_str(body).unwrap();
        self.requests.push(request.clone());
        if let Some(refusal) = self.refusals.pop() {
            let problem = refusal();
            let (status, retry_after_s) = (problem.status, problem.retry_after);
            return TransportResult::Answer {
                status,
                retry_after_s,
                body: serde_json::to_string(&problem).unwrap(),
            };
        }
        let mut known = request.known.map_or(0, |known| known.size);
        let mut answers = Vec::new();
        // The batches of a request come into the log together, and their receipts are of one size.
        let opened: Vec<OpenedBatch> = request
            .batches
            .iter()
            .map(|jws| Batch::open(jws).expect("the core seals good batches"))
            .collect();
        let new: Vec<_> = opened
            .iter()
            .map(|opened| (opened, (opened.payload.device, opened.payload.seq)))
            .filter(|(_, name)| (self.refuse_batch)(name.1).is_none() && !self.kept.contains_key(name))
            .collect();
        let size = (self.leaves.len() + new.len()) as u64;
        let mut entered = Vec::new();
        for (opened, name) in new {
            let context = Hash::of(b"");
            let entry =
                Entry::Batch(BatchEntry { batch: opened.hash, received: wall_ms, context }).to_bytes();
            let index = self.leaves.len() as u64;
            self.leaves.push(merkle::leaf_hash(&entry));
            self.kept.insert(name, (opened.clone(), index, size, entry));
            entered.push(name);
        }
        for opened in &opened {
            let seq = opened.payload.seq;
            if let Some(problem) = (self.refuse_batch)(seq) {
                answers.push(Answer::Refused { problem });
                continue;
            }
            let name = (opened.payload.device, seq);
            let duplicate = !entered.contains(&name);
            let (kept, index, size, entry) = &self.kept[&name];
            assert_eq!(kept.hash, opened.hash, "a fork at {seq}");
            let leaves = &self.leaves[..usize::try_from(*size).unwrap()];
            let receipt = Receipt {
                entry: entry.clone(),
                index: *index,
                proof: reference::path(usize::try_from(*index).unwrap(), leaves),
                checkpoint: self.checkpoint(*size),
            };
            let (old, new) = (known.min(*size), known.max(*size));
            let consistency = if old == 0 || old == new || new > self.leaves.len() as u64 {
                Vec::new()
            } else {
                let leaves = &self.leaves[..usize::try_from(new).unwrap()];
                reference::subproof(usize::try_from(old).unwrap(), leaves, true)
            };
            known = new;
            let consistency = (self.consistency)(consistency).into_iter().map(Hash::to_base64).collect();
            let ack = Acknowledgement { receipt: receipt.to_string(), consistency, problems: Vec::new() };
            answers.push(if duplicate { Answer::Duplicate(ack) } else { Answer::Accepted(ack) });
        }
        if self.lose_answers > 0 {
            self.lose_answers -= 1;
            return TransportResult::NetworkError;
        }
        let response = IngestResponse { log: self.signer.log_key().to_vkey(), answers };
        TransportResult::Answer {
            status: 200,
            retry_after_s: None,
            body: serde_json::to_string(&response).unwrap(),
        }
    }

    /// What devices told of having given up, by reason.
    pub fn dropped(&self) -> Vec<(DropReason, u64)> {
        let mut all = BTreeMap::new();
        for dropped in self.kept.values().flat_map(|(opened, ..)| &opened.payload.dropped) {
            *all.entry(dropped.reason).or_default() += dropped.events;
        }
        all.into_iter().collect()
    }

    /// Every event kept, in the order of batches and events.
    pub fn events(&self) -> Vec<Event> {
        self.kept
            .values()
            .flat_map(|(opened, ..)| &opened.payload.events)
            .map(|event| event.clone().unwrap())
            .collect()
    }
}

/// A device: a disk that survives its cores, a key, a clock.
pub struct World {
    pub disk: BTreeMap<String, String>,
    pub disk_works: bool,
    /// Takes nothing new, but deletes.
    pub disk_full: bool,
    pub network: bool,
    pub server: Server,
    pub now: Now,
    pub listener: &'static str,
    /// Seconds a token lives.
    pub token_life: u64,
    /// By how many seconds the device's wall clock is ahead of that of whoever issues tokens.
    pub ahead_s: u64,
    pub notices: Vec<Notice>,
    pub handed_over: Vec<Record>,
    pub tokens: u32,
    pub wake_at: Option<u64>,
    key: SecretKey,
    seed: u64,
}

impl World {
    pub fn new() -> Self {
        Self {
            disk: BTreeMap::new(),
            disk_works: true,
            disk_full: false,
            network: true,
            server: Server::new(),
            now: Now { wall_ms: 1_700_000_000_000, mono_ms: 1_000 },
            listener: "listener-1",
            token_life: 900,
            ahead_s: 0,
            notices: Vec::new(),
            handed_over: Vec::new(),
            tokens: 0,
            wake_at: None,
            key: SecretKey::from_seed(&[1; 32]),
            seed: 1,
        }
    }

    /// A core of this device that does not lead yet.
    pub fn follower(&mut self, owner: &str, config: Config) -> Core {
        self.seed += 1;
        let mut core = Core::new(config, owner, Box::new(Seeded(self.seed)));
        self.give(&mut core, Input::Key { public: self.key.public().to_bytes() });
        core
    }

    /// A core that leads with what the disk holds; `alive` names other living owners.
    pub fn start_with(&mut self, config: Config, alive: &[&str]) -> Core {
        let owner = format!("owner-{}", self.seed + 1);
        let mut core = self.follower(&owner, config);
        self.lead(&mut core, alive);
        core
    }

    pub fn start(&mut self) -> Core {
        self.start_with(Config::default(), &[])
    }

    pub fn lead(&mut self, core: &mut Core, alive: &[&str]) {
        let records =
            self.disk.iter().map(|(key, value)| Record { key: key.clone(), value: value.clone() }).collect();
        let alive = alive.iter().map(|&owner| owner.to_owned()).collect();
        self.give(core, Input::Lead { records, alive });
    }

    pub fn pass(&mut self, ms: u64) {
        self.now.wall_ms += ms;
        self.now.mono_ms += ms;
    }

    /// Gives an input and does everything the core then asks for.
    pub fn give(&mut self, core: &mut Core, input: Input) {
        core.handle(self.now, input);
        self.run(core);
    }

    pub fn run(&mut self, core: &mut Core) {
        loop {
            let outputs = core.take_outputs();
            if outputs.is_empty() {
                return;
            }
            for output in outputs {
                self.perform(core, output);
            }
        }
    }

    pub fn perform(&mut self, core: &mut Core, output: Output) {
        match output {
            Output::Store { ticket, puts, deletes } => {
                let ok = self.disk_works && (!self.disk_full || puts.is_empty());
                if ok {
                    self.disk.extend(puts.into_iter().map(|record| (record.key, record.value)));
                    self.disk.retain(|key, _| !deletes.contains(key));
                }
                core.handle(self.now, Input::Stored { ticket, ok });
            }
            Output::Handover { records } => self.handed_over.extend(records),
            Output::Sign { ticket, message } => {
                let signature = Some(self.key.sign(message.as_bytes()));
                core.handle(self.now, Input::Signed { ticket, signature });
            }
            Output::NeedToken { device } => {
                self.tokens += 1;
                let token = Ok(self.token(&device));
                core.handle(self.now, Input::Token { token });
            }
            Output::Send { ticket, body, .. } => {
                let result = if self.network {
                    self.server.answer(&body, self.now.wall_ms)
                } else {
                    TransportResult::NetworkError
                };
                core.handle(self.now, Input::Response { ticket, result });
            }
            Output::Fetch { ticket, path } => {
                let result = if self.network { self.server.fetch(&path) } else { FetchResult::NetworkError };
                core.handle(self.now, Input::Fetched { ticket, result });
            }
            Output::WakeAt { mono_ms } => self.wake_at = Some(mono_ms),
            Output::Notify { notice } => self.notices.push(notice),
        }
    }

    /// Lets time pass to each moment the core asks for, `rounds` times.
    pub fn let_wait(&mut self, core: &mut Core, rounds: u32) {
        for _ in 0..rounds {
            let Some(at) = self.wake_at.take() else { return };
            self.pass(at.saturating_sub(self.now.mono_ms));
            self.give(core, Input::Tick);
        }
    }

    /// The device's key is gone: makes another, and names the former device.
    pub fn replace_key(&mut self) -> DeviceId {
        let former = std::mem::replace(&mut self.key, SecretKey::from_seed(&[2; 32]));
        former.public().thumbprint()
    }

    /// How many events the app was told are given up.
    pub fn given_up(&self) -> usize {
        let dropped = self.notices.iter().filter_map(|notice| match notice {
            Notice::Dropped { events, .. } => Some(*events),
            _ => None,
        });
        dropped.sum()
    }

    fn token(&self, device: &str) -> String {
        let now = self.now.wall_ms / 1_000 - self.ahead_s;
        let claims = serde_json::json!({
            "iss": "i", "aud": "https://plays.example", "iat": now, "exp": now + self.token_life,
            "sub": self.listener, "scope": "plays:write", "cnf": { "jkt": device },
        });
        let input = jws::signing_input(&token::header("k"), claims.to_string().as_bytes());
        let signature = self.key.sign(input.as_bytes());
        jws::with_signature(input, &signature)
    }

    /// Plays `ms` of `track` from its begin, four positions a second, and ends the session if asked.
    pub fn play(&mut self, core: &mut Core, handle: u32, track: &str, ms: u64, end: Option<EndReason>) {
        let track = Track { id: track.into(), duration_ms: Some(60_000), ..Track::default() };
        let open = Input::OpenSession { handle, id: None, track, engine: "test".into(), autoplay: false };
        self.give(core, open);
        self.signal(core, handle, Signal::Playing { position_ms: 0 });
        for step in 1..=ms / 250 {
            self.pass(250);
            self.signal(core, handle, Signal::Position { position_ms: step * 250 });
        }
        if let Some(reason) = end {
            self.signal(core, handle, Signal::Ended { reason, position_ms: ms });
        }
    }

    pub fn signal(&mut self, core: &mut Core, handle: u32, signal: Signal) {
        self.give(core, Input::Signal { handle, signal });
    }

    pub fn error_codes(&self) -> Vec<&str> {
        self.notices
            .iter()
            .filter_map(|notice| match notice {
                Notice::Error(error) => Some(error.code.as_str()),
                _ => None,
            })
            .collect()
    }

    pub fn receipts(&self) -> usize {
        self.notices.iter().filter(|notice| matches!(notice, Notice::Receipt { .. })).count()
    }
}

/// A problem as the server would give it.
pub fn problem(code: Code) -> Problem {
    Problem::new(code, "because the test says so")
}
