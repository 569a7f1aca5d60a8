//! A running server with an issuer of its own, and devices that sign real batches.

use clap::Parser as _;
use delistening_ingest::config::{BoundsOptions, EnrichmentOptions, ServeOptions};
use delistening_ingest::keys::{PrivateKey, TokenRequest};
use delistening_ingest::{outbound, server};
use delistening_schema::key::SecretKey;
use delistening_schema::token::{SCOPE_READ_COUNTS, SCOPE_WRITE_PLAYS};
use delistening_schema::{Batch, DeviceId, Hash, batch, bytes, jws};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const AUDIENCE: &str = "https://plays.example";
pub const ISSUER: &str = "https://issuer.example";

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    options: ServeOptions,
}

pub struct Server {
    pub address: SocketAddr,
    pub client: Client,
    pub folder: tempfile::TempDir,
    issuer: PrivateKey,
    end: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(false).await
    }

    pub async fn start_with(dev: bool) -> Self {
        // Tests send as fast as they can.
        let bounds = BoundsOptions { device_rate: 0, ..BoundsOptions::default() };
        Self::start_as(dev, bounds, EnrichmentOptions::default()).await
    }

    pub async fn start_bounded(bounds: BoundsOptions) -> Self {
        Self::start_as(false, bounds, EnrichmentOptions::default()).await
    }

    pub async fn start_as(dev: bool, bounds: BoundsOptions, enrichment: EnrichmentOptions) -> Self {
        Self::start_changed(|options| {
            (options.dev, options.bounds, options.enrichment) = (dev, bounds, enrichment);
        })
        .await
    }

    pub async fn start_changed(change: impl FnOnce(&mut ServeOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = PrivateKey::generate().unwrap();
        let jwks = folder.path().join("jwks.json");
        std::fs::write(&jwks, issuer.jwks()).unwrap();
        let data = folder.path().join("data");
        let line = ["serve", "--listen", "127.0.0.1:0", "--origin", "log.example", "--audience", AUDIENCE];
        let line = line.into_iter().chain(["--issuer", ISSUER]).map(OsStr::new);
        let paths = ["--jwks".as_ref(), jwks.as_os_str(), "--data".as_ref(), data.as_os_str()];
        let Line { mut options } = Line::parse_from(line.chain(paths));
        change(&mut options);
        let config = options.check().unwrap();
        let (told, address) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let listening = |address| told.send(address).unwrap();
            server::run(config, listening, async { drop(ended.await) }).await.unwrap();
        });
        let address = address.await.unwrap();
        let client = outbound::client().no_proxy().build().unwrap();
        Self { address, client, folder, issuer, end: Some(end), running }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub fn post(&self) -> RequestBuilder {
        self.client.post(self.url("/v1/batches")).header("content-type", "application/json")
    }

    /// Tells the server to end and waits until it has.
    pub async fn end(mut self) -> tempfile::TempDir {
        drop(self.end.take());
        self.running.await.unwrap();
        self.folder
    }

    pub fn tell_to_end(&mut self) {
        drop(self.end.take());
    }

    pub fn token_with(&self, change: impl FnOnce(&mut TokenRequest)) -> String {
        self.token_at(now(), change)
    }

    pub fn token_at(&self, at: u64, change: impl FnOnce(&mut TokenRequest)) -> String {
        Self::token_by(&self.issuer, at, change)
    }

    pub fn token_by(issuer: &PrivateKey, at: u64, change: impl FnOnce(&mut TokenRequest)) -> String {
        let mut request = TokenRequest {
            issuer: ISSUER.into(),
            audience: AUDIENCE.into(),
            subject: "listener-1".into(),
            scope: SCOPE_WRITE_PLAYS.into(),
            device: Some(Device::new(1).id()),
            life_s: 600,
        };
        change(&mut request);
        request.sign(issuer, at)
    }

    pub fn token(&self) -> String {
        self.token_with(|_| ())
    }

    pub fn service_token(&self) -> String {
        self.token_with(|request| {
            (request.scope, request.device, request.subject) =
                (SCOPE_READ_COUNTS.into(), None, "service".into());
        })
    }

    /// The token of a share link that was given away at `at` for `life_s` seconds.
    pub fn share_token(&self, at: u64, life_s: u64) -> String {
        let request = TokenRequest {
            issuer: ISSUER.into(),
            audience: AUDIENCE.into(),
            subject: "label".into(),
            scope: SCOPE_READ_COUNTS.into(),
            device: None,
            life_s,
        };
        request.sign_share(&self.issuer, at)
    }

    /// Posts batches with the token of device 1 and gives the answers.
    pub async fn ingest(&self, batches: &[String]) -> Vec<Value> {
        let body = json!({ "token": self.token(), "batches": batches });
        let response = self.post().body(body.to_string()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response_json(response).await["answers"].as_array().unwrap().clone()
    }
}

pub async fn response_json(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

pub struct Device {
    pub key: SecretKey,
    seq: u64,
    prev: Option<Hash>,
}

impl Device {
    pub fn new(number: u8) -> Self {
        Self { key: SecretKey::from_seed(&[number; 32]), seq: 0, prev: None }
    }

    pub fn id(&self) -> DeviceId {
        self.key.public().thumbprint()
    }

    pub fn payload(&self, events: &[Value]) -> Value {
        json!({
            "v": 1, "batch": "018f4e3a-7c00-7000-8000-000000000001", "device": self.id(), "seq": self.seq + 1,
            "prev": self.prev.map_or_else(String::new, |hash| hash.to_string()),
            "nonce": bytes::encode(&Hash::of(&self.seq.to_be_bytes()).0[..16]), "aud": AUDIENCE,
            "listener": "listener-1", "sent_at": now() * 1000, "sdk": "test/1", "events": events,
        })
    }

    pub fn sign(&self, payload: &Value) -> String {
        sign(&self.key, &batch::header(&self.key.public()), payload)
    }

    /// Seals the next batch of the chain.
    pub fn seal(&mut self, events: &[Value]) -> String {
        let jws = self.sign(&self.payload(events));
        assert!(Batch::unverified(&jws).is_ok());
        self.seq += 1;
        self.prev = Some(Hash::of(jws.as_bytes()));
        jws
    }

    /// The next batch with one member changed; the chain does not move on.
    pub fn with(&self, member: &str, value: Value) -> String {
        let mut payload = self.payload(&[]);
        payload[member] = value;
        self.sign(&payload)
    }
}

pub fn sign(key: &SecretKey, header: &str, payload: &Value) -> String {
    let input = jws::signing_input(header, payload.to_string().as_bytes());
    let signature = key.sign(input.as_bytes());
    jws::with_signature(input, &signature)
}

/// The events of a session that hears the first `heard_ms` of a 12 s track.
pub fn session(number: u32, track: &str, heard_ms: u64) -> Vec<Value> {
    let event = |place: u32, mono: u64, rest: Value| {
        let mut event = json!({
            "id": format!("018f4e3a-7c00-7000-8000-{number:08x}{place:04x}"),
            "session": format!("018f4e3a-7c00-7000-9000-{number:012x}"),
            "at": now() * 1000, "mono": mono, "track": track,
        });
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        event
    };
    vec![
        event(
            0,
            0,
            json!({ "type": "play.started", "artist": "artist-1", "duration_ms": 12_000, "offline": false,
                "engine": "native", "autoplay": false }),
        ),
        event(
            1,
            heard_ms,
            json!({ "type": "play.progress", "heard": [[0, heard_ms]], "rate": 1, "volume": 1, "muted": false,
                "visible": true }),
        ),
        event(
            2,
            heard_ms,
            json!({ "type": "play.ended", "reason": "completed", "position_ms": heard_ms,
                "heard": [[0, heard_ms]], "played_ms": heard_ms, "pauses": 0, "seeks": 0, "stalls": 0 }),
        ),
    ]
}

/// Checks that a response is a problem document with this status and code.
pub async fn expect_problem(response: Response, status: u16, code: &str, about: &str) -> Value {
    assert_eq!(response.status().as_u16(), status, "{about}");
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{about}");
    if status == 401 {
        assert!(response.headers().contains_key("www-authenticate"), "{about}");
    }
    let problem = response_json(response).await;
    check_problem(&problem, status, code, about);
    problem
}

pub fn check_problem(problem: &Value, status: u16, code: &str, about: &str) {
    assert_eq!(problem["code"], code, "{about}: {problem}");
    assert_eq!(problem["status"], status, "{about}");
    assert_eq!(problem["type"], format!("/problems/{code}"), "{about}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.len() > 10 && !detail.contains('\n'), "{about}: {detail}");
    assert!(problem["title"].is_string() && problem["action"].is_string(), "{about}");
}
