//! A witness for other logs.

use super::memory::{Memory, Seen};
use super::request::{AddCheckpoint, MOST_BYTES};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use delistening_schema::ledger::{Checkpoint, CheckpointError, LogKey, NoteError, SignedNote, WitnessSigner};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Who witnesses, for whom, and what was seen.
#[derive(Debug)]
pub struct Service {
    signer: WitnessSigner,
    logs: Vec<LogKey>,
    memory: Mutex<Memory>,
}

impl Service {
    /// A witness for `logs`. Of one log there may be several keys.
    pub fn new(signer: WitnessSigner, logs: Vec<LogKey>, memory: Memory) -> Self {
        Self { signer, logs, memory: Mutex::new(memory) }
    }

    fn answer(&self, body: &str) -> Response {
        let Some(request) = AddCheckpoint::parse(body) else {
            return refusal(StatusCode::BAD_REQUEST, "the body is not that of add-checkpoint");
        };
        let Ok(claimed) = Checkpoint::unverified(&request.note) else {
            return refusal(StatusCode::BAD_REQUEST, "the note is not a checkpoint");
        };
        let mut keys = self.logs.iter().filter(|key| key.name() == claimed.origin).peekable();
        if keys.peek().is_none() {
            return refusal(StatusCode::NOT_FOUND, "this witness does not know the log");
        }
        let checkpoint = match signed_by(&request.note, keys) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return refusal(StatusCode::FORBIDDEN, &error.to_string()),
        };
        if request.old_size > checkpoint.size {
            return refusal(StatusCode::BAD_REQUEST, "the old size is above the checkpoint's");
        }
        let seen = self.memory.lock().unwrap_or_else(PoisonError::into_inner).compare(
            &checkpoint,
            request.old_size,
            &request.proof,
        );
        match seen {
            Ok(Seen::Grown) => {
                let text = SignedNote::parse(&request.note).map_or("", |note| note.unverified_text());
                self.signer.cosign(text, now_s()).into_response()
            }
            Ok(Seen::OtherSize(size)) => {
                let content = [(header::CONTENT_TYPE, "text/x.tlog.size")];
                (StatusCode::CONFLICT, content, format!("{size}\n")).into_response()
            }
            Ok(Seen::Contradiction) => {
                tracing::error!(note = request.note, "a checkpoint contradicts what was seen before");
                refusal(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "the checkpoint does not follow from what was seen last",
                )
            }
            Err(error) => {
                tracing::error!(%error, "what was seen cannot be read or kept");
                refusal(StatusCode::INTERNAL_SERVER_ERROR, "this witness cannot remember at the moment")
            }
        }
    }
}

/// The checkpoint, if one of `keys` signed it and none of their signatures is bad.
fn signed_by<'a>(note: &str, keys: impl Iterator<Item = &'a LogKey>) -> Result<Checkpoint, CheckpointError> {
    let mut outcome = Err(CheckpointError::Malformed);
    for key in keys {
        match Checkpoint::verify(note, key) {
            Err(CheckpointError::Note(NoteError::NotSigned(_))) if outcome.is_ok() => {}
            Err(error @ CheckpointError::Note(NoteError::BadSignature(_))) => return Err(error),
            other => outcome = other,
        }
    }
    outcome
}

fn refusal(status: StatusCode, sentence: &str) -> Response {
    (status, format!("{sentence}\n")).into_response()
}

async fn add_checkpoint(State(service): State<Arc<Service>>, body: String) -> Response {
    // Remembering waits for the disk.
    tokio::task::spawn_blocking(move || service.answer(&body)).await.unwrap_or_else(|_| {
        refusal(StatusCode::INTERNAL_SERVER_ERROR, "this witness failed; the request may be sent again")
    })
}

/// The witness's interface.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(service)
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
