//! A listener's device: the real SDK core over HTTP, with a disk in memory and a clock of its own.

#![allow(clippy::missing_panics_doc, reason = "it is a test's: whatever does not work ends it")]

use delistening_schema::api::IngestResponse;
use delistening_schema::event::EndReason;
use delistening_schema::key::SecretKey;
use delistening_schema::{Hash, ledger::Checkpoint};
use delistening_sdk_core::{
    Config, Core, Entropy, FetchResult, Input, Notice, Now, Output, Record, Signal, Track, TransportResult,
};
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The log is asked without an occasion when this much time of the device's clock has passed.
const AUDIT_EVERY_MS: u64 = 60 * 60 * 1000;

/// Changes an answer on its way to the device; the first answer that the device had is given as well.
pub type Answers = fn(&mut IngestResponse, &IngestResponse);
/// Changes what the log shows on its way to the device.
pub type Shown = fn(&str, &mut Vec<u8>);

/// A device. What it knows outlives its core: see [`Listener::restart`].
pub struct Listener {
    core: Core,
    disk: BTreeMap<String, String>,
    key: SecretKey,
    client: Client,
    now: Now,
    plays: u32,
    first: Option<IngestResponse>,
    /// Where it posts.
    pub url: String,
    /// Where it asks the log.
    pub log_url: String,
    /// What stands between it and the server's answers.
    pub answers: Option<Answers>,
    /// What stands between it and the log.
    pub shown: Option<Shown>,
    /// What its app was told.
    pub notices: Vec<Notice>,
}

/// Bytes that depend on the device and nothing else.
struct Seeded(Hash);

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = Hash::of(&self.0.0);
            *byte = self.0.0[0];
        }
    }
}

impl Listener {
    /// Device number `number`, whose clock begins at `wall_ms`.
    pub async fn new(client: &Client, number: u8, url: &str, wall_ms: u64) -> Self {
        let key = SecretKey::from_seed(&[number; 32]);
        let mut listener = Self {
            core: core(number, 0),
            disk: BTreeMap::new(),
            key,
            client: client.clone(),
            now: Now { wall_ms, mono_ms: 0 },
            plays: 0,
            first: None,
            url: url.to_owned(),
            log_url: url.to_owned(),
            answers: None,
            shown: None,
            notices: Vec::new(),
        };
        listener.lead().await;
        listener
    }

    /// The same device, started again from what its disk holds, with another server at its endpoint.
    pub async fn restart(&self, number: u8, url: &str) -> Self {
        let mut listener = Self {
            core: core(number, self.plays + 1),
            disk: self.disk.clone(),
            key: SecretKey::from_seed(&[number; 32]),
            client: self.client.clone(),
            now: self.now,
            plays: self.plays,
            first: self.first.clone(),
            url: url.to_owned(),
            log_url: url.to_owned(),
            answers: None,
            shown: None,
            notices: Vec::new(),
        };
        listener.lead().await;
        listener
    }

    async fn lead(&mut self) {
        self.give(Input::Key { public: self.key.public().to_bytes() }).await;
        let records = self.disk.iter();
        let records = records.map(|(key, value)| Record { key: key.clone(), value: value.clone() }).collect();
        self.give(Input::Lead { records, alive: Vec::new() }).await;
    }

    /// Plays most of a short track, and sends what there is.
    pub async fn play(&mut self) {
        self.plays += 1;
        let handle = self.plays;
        let track = Track {
            id: format!("track-{}", handle % 3),
            artist: Some("artist-1".into()),
            duration_ms: Some(40_000),
            ..Track::default()
        };
        self.give(Input::OpenSession { handle, id: None, track, engine: "test".into(), autoplay: false })
            .await;
        for second in 0..=25 {
            let position_ms = second * 1_000;
            let signal =
                if second == 0 { Signal::Playing { position_ms } } else { Signal::Position { position_ms } };
            self.give(Input::Signal { handle, signal }).await;
            self.pass(1_000);
        }
        let ended = Signal::Ended { reason: EndReason::Skipped, position_ms: 25_000 };
        self.give(Input::Signal { handle, signal: ended }).await;
        self.give(Input::Flush).await;
    }

    /// Plays until the log that it posts to has more than `size` entries.
    pub async fn play_beyond(&mut self, size: u64) {
        while self.known() <= size {
            self.play().await;
        }
    }

    /// Asks the log itself, as it does from time to time.
    pub async fn audit(&mut self) {
        self.pass(AUDIT_EVERY_MS);
        self.give(Input::Tick).await;
    }

    /// The codes of the errors that its app was told of.
    pub fn errors(&self) -> Vec<&str> {
        let errors = self.notices.iter().filter_map(|notice| match notice {
            Notice::Error(error) => Some(error.code.as_str()),
            _ => None,
        });
        errors.collect()
    }

    /// How many batches and events it keeps because no receipt for them holds.
    pub fn kept(&self) -> usize {
        self.disk.keys().filter(|key| key.starts_with("batch/") || key.starts_with("event/")).count()
    }

    /// What it holds against the log.
    pub fn evidence(&self) -> Option<String> {
        self.core.evidence()
    }

    /// The size of the newest checkpoint that it believes.
    pub fn known(&self) -> u64 {
        let state = self.disk.get("state").map_or("{}", String::as_str);
        let state: Value = serde_json::from_str(state).expect("records are JSON");
        let log = state["newest"].as_str().map(|origin| &state["logs"][origin]["checkpoint"]);
        let note = log.and_then(Value::as_str).unwrap_or_default();
        Checkpoint::unverified(note).map_or(0, |checkpoint| checkpoint.size)
    }

    fn pass(&mut self, ms: u64) {
        self.now.wall_ms += ms;
        self.now.mono_ms += ms;
    }

    async fn give(&mut self, input: Input) {
        self.core.handle(self.now, input);
        loop {
            let outputs = self.core.take_outputs();
            if outputs.is_empty() {
                return;
            }
            for output in outputs {
                if let Some(input) = self.perform(output).await {
                    self.core.handle(self.now, input);
                }
            }
        }
    }

    async fn perform(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Store { ticket, puts, deletes } => {
                self.disk.extend(puts.into_iter().map(|record| (record.key, record.value)));
                self.disk.retain(|key, _| !deletes.contains(key));
                Some(Input::Stored { ticket, ok: true })
            }
            Output::Sign { ticket, message } => {
                Some(Input::Signed { ticket, signature: Some(self.key.sign(message.as_bytes())) })
            }
            Output::NeedToken { .. } => {
                let wanted = json!({ "device": self.key.public().thumbprint(), "listener": "listener-1" });
                Some(Input::Token { token: Ok(token(&self.client, &self.url, &wanted).await) })
            }
            Output::Send { ticket, body, .. } => {
                Some(Input::Response { ticket, result: self.send(body).await })
            }
            Output::Fetch { ticket, path } => {
                Some(Input::Fetched { ticket, result: self.fetch(&path).await })
            }
            Output::Notify { notice } => {
                self.notices.push(notice);
                None
            }
            Output::WakeAt { .. } | Output::Handover { .. } => None,
        }
    }

    async fn send(&mut self, body: String) -> TransportResult {
        let request =
            self.client.post(format!("{}/v1/batches", self.url)).header("content-type", "text/plain");
        let answer = request.body(body).send().await.expect("the server answers");
        let status = answer.status().as_u16();
        let mut body = answer.text().await.expect("the answer arrives");
        if let Ok(mut response) = serde_json::from_str::<IngestResponse>(&body) {
            let first = self.first.get_or_insert_with(|| response.clone());
            if let Some(change) = self.answers {
                change(&mut response, first);
                body = serde_json::to_string(&response).expect("an answer is JSON");
            }
        }
        TransportResult::Answer { status, retry_after_s: None, body }
    }

    async fn fetch(&self, path: &str) -> FetchResult {
        let answer = self.client.get(format!("{}/{path}", self.log_url)).send().await;
        let answer = answer.expect("the server answers");
        let status = answer.status().as_u16();
        let mut body = answer.bytes().await.expect("the answer arrives").to_vec();
        if let Some(change) = self.shown {
            change(path, &mut body);
        }
        FetchResult::Answer { status, body }
    }
}

/// A token of a server in development, as anybody on this machine gets it.
pub async fn token(client: &Client, url: &str, wanted: &Value) -> String {
    let request = client.post(format!("{url}/dev/token")).header("content-type", "text/plain");
    let answer = request.body(wanted.to_string()).send().await.expect("the server answers");
    let text = answer.text().await.expect("the answer arrives");
    let token: Value = serde_json::from_str(&text).expect("the answer is JSON");
    token["token"].as_str().unwrap_or_else(|| panic!("no token: {text}")).to_owned()
}

fn core(number: u8, start: u32) -> Core {
    let config = Config { audit_every_ms: AUDIT_EVERY_MS, ..Config::default() };
    let seed = Hash::of_parts(&[&[number], &start.to_be_bytes()]);
    Core::new(config, format!("start-{start}"), Box::new(Seeded(seed)))
}
