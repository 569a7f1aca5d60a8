//! What a signal costs an app in Rust: the same as `Signals.kt` and `Signals.swift` do through their bindings. Prints
//! microseconds. See `npm run bench:mobile`.

use delistening_sdk_mobile::{
    CallbackError, Telemetry, TelemetryOptions, TokenProvider, TokenRequest, Track,
};
use std::sync::Arc;
use std::time::Instant;

const SIGNALS: u32 = 100_000;
const ROUNDS: usize = 6;

struct NoBackend;

#[async_trait::async_trait]
impl TokenProvider for NoBackend {
    async fn token(&self, _: TokenRequest) -> Result<String, CallbackError> {
        Err(CallbackError::Failed { reason: "there is no backend".to_owned() })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = std::env::args().nth(1).expect("usage: signals FOLDER");
    let options = TelemetryOptions::new("http://127.0.0.1:9/", &folder);
    let telemetry = Telemetry::new(options, Arc::new(NoBackend), None, None, None).expect("it opens");
    let track = Track {
        id: "track-1".to_owned(),
        artist: None,
        release: None,
        duration_ms: Some(180_000),
        source: None,
        offline: false,
    };
    let play = telemetry.session(track, "bench".to_owned(), false);
    play.playing(0);
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        for _ in 0..SIGNALS {
            play.position(100);
        }
        // Every signal is taken up when this is answered.
        telemetry.evidence().await;
        best = best.min(begin.elapsed().as_secs_f64() * 1e6 / f64::from(SIGNALS));
    }
    println!("{best}");
}
