//! An app with a folder, that gives no tokens and writes down what it is told.

use async_trait::async_trait;
use delistening_sdk_mobile::{
    CallbackError, EndReason, PlaySession, Telemetry, TelemetryEvent, TelemetryObserver, TelemetryOptions,
    TokenProvider, TokenRequest, Track,
};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub fn options(folder: &str) -> TelemetryOptions {
    // Nothing listens there; without a token nothing is ever sent.
    TelemetryOptions::new("http://127.0.0.1:9/", folder)
}

/// Short enough that half of it is heard before a clock could object.
pub fn track() -> Track {
    Track {
        id: "track-1".to_owned(),
        artist: Some("artist-7".to_owned()),
        release: None,
        duration_ms: Some(400),
        source: None,
        offline: true,
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A whole play: three events.
pub fn play(telemetry: &Telemetry) -> PlaySession {
    let play = telemetry.session(track(), "test".to_owned(), false);
    play.playing(0);
    play.ended(EndReason::Completed, 240);
    play
}

/// Ways not to give a token.
pub enum Tokens {
    Refused,
    Panic,
    /// Takes forever. What is sent along is dropped when nobody waits for it any more.
    Never(Mutex<Option<Sender<()>>>),
}

impl Tokens {
    pub fn never() -> (Self, Receiver<()>) {
        let (sender, receiver) = channel();
        (Self::Never(Mutex::new(Some(sender))), receiver)
    }
}

#[async_trait]
impl TokenProvider for Tokens {
    async fn token(&self, _: TokenRequest) -> Result<String, CallbackError> {
        match self {
            Self::Refused => Err(CallbackError::Failed { reason: "no backend".to_owned() }),
            Self::Panic => panic!("a token provider that panics"),
            Self::Never(sender) => {
                let _until_cancelled = sender.lock().unwrap().take();
                std::future::pending().await
            }
        }
    }
}

#[derive(Default)]
struct Notes(Mutex<Vec<TelemetryEvent>>);

impl TelemetryObserver for Notes {
    fn on_event(&self, event: TelemetryEvent) -> Result<(), CallbackError> {
        self.0.lock().unwrap().push(event);
        Ok(())
    }
}

/// An observer that fails.
pub struct Failing;

impl TelemetryObserver for Failing {
    fn on_event(&self, _: TelemetryEvent) -> Result<(), CallbackError> {
        Err(CallbackError::Failed { reason: "no screen to show it on".to_owned() })
    }
}

pub struct App {
    folder: TempDir,
    notes: Arc<Notes>,
}

impl App {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), notes: Arc::default() }
    }

    pub fn folder(&self) -> String {
        self.folder.path().join("telemetry").to_str().unwrap().to_owned()
    }

    pub fn open(&self, tokens: Tokens) -> Telemetry {
        Telemetry::new(options(&self.folder()), Arc::new(tokens), Some(self.notes.clone()), None, None)
            .unwrap()
    }

    pub fn told(&self) -> Vec<TelemetryEvent> {
        self.notes.0.lock().unwrap().clone()
    }

    pub fn errors(&self) -> Vec<String> {
        let code = |event| match event {
            TelemetryEvent::Error { code, .. } => Some(code),
            _ => None,
        };
        self.told().into_iter().filter_map(code).collect()
    }

    /// How and where sessions ended, in order.
    pub fn ends(&self) -> Vec<(String, u64)> {
        let end = |event| match event {
            TelemetryEvent::Event { json } => {
                let event: serde_json::Value = serde_json::from_str(&json).unwrap();
                let reason = event["reason"].as_str()?.to_owned();
                Some((reason, event["position_ms"].as_u64()?))
            }
            _ => None,
        };
        self.told().into_iter().filter_map(end).collect()
    }
}
