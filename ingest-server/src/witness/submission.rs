//! One witness, as seen from a log.

use super::request::{AddCheckpoint, decimal};
use crate::commit::Log;
use delistening_schema::ledger::{Checkpoint, SignedNote, WitnessKey};
use reqwest::{Client, StatusCode, Url};
use std::io;
use std::time::{Duration, Instant};

/// After a failure the witness is left alone for this long, doubled with each further one.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// No answer has more.
const ANSWER_BYTES: usize = 16 * 1024;

/// Why a checkpoint was not cosigned.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("no answer: {0}")]
    Network(#[from] reqwest::Error),
    #[error("the proof cannot be made: {0}")]
    Proof(#[from] io::Error),
    #[error(
        "it has seen size {0}, which is more than this log has: another server may be using this log's key"
    )]
    SeenMore(u64),
    #[error("it answered {status}: {sentence}")]
    Status { status: StatusCode, sentence: String },
    #[error("its answer holds no cosignature by its key")]
    NoCosignature,
}

/// A witness that checkpoints are submitted to.
#[derive(Debug)]
pub struct Submission {
    name: String,
    key: WitnessKey,
    url: Url,
    /// What the witness has seen.
    seen: u64,
    failures: u32,
    paused_until: Option<Instant>,
}

impl Submission {
    /// A witness with its submission prefix; `None` if that is not a URL for HTTP.
    pub fn new(name: &str, key: WitnessKey, prefix: &str) -> Option<Self> {
        let url = Url::parse(&format!("{}/add-checkpoint", prefix.trim_end_matches('/'))).ok()?;
        let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
        usable.then(|| Self { name: name.to_owned(), key, url, seen: 0, failures: 0, paused_until: None })
    }

    /// Has a checkpoint cosigned; gives the line to add to it. `None` if that did not succeed this time.
    pub async fn cosign(&mut self, client: &Client, log: &Log, note: &str) -> Option<String> {
        if self.paused_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        match self.submit(client, log, note).await {
            Ok(line) => {
                self.failures = 0;
                Some(line)
            }
            Err(refused) => {
                tracing::warn!(witness = self.name, %refused, "a checkpoint was not cosigned");
                let pause = LONGEST_PAUSE.min(PAUSE * 2_u32.saturating_pow(self.failures));
                self.failures += 1;
                self.paused_until = Some(Instant::now() + pause);
                None
            }
        }
    }

    async fn submit(&mut self, client: &Client, log: &Log, note: &str) -> Result<String, Refused> {
        let size = Checkpoint::unverified(note).map_err(io::Error::other)?.size;
        // The witness may have seen another size than is known here: it says which, and is asked once more.
        for _ in 0..2 {
            if self.seen > size {
                return Err(Refused::SeenMore(self.seen));
            }
            let request = AddCheckpoint {
                old_size: self.seen,
                proof: log.consistency(self.seen, size)?,
                note: note.to_owned(),
            };
            let response = client.post(self.url.clone()).body(request.to_string()).send().await?;
            let status = response.status();
            let answer = text(response).await?;
            match (status, decimal(answer.trim_end())) {
                (StatusCode::OK, _) => {
                    let cosigned = note.to_owned() + &answer;
                    let cosigned = SignedNote::parse(&cosigned).ok().map(|note| note.cosigned(&self.key));
                    self.seen = size;
                    return match cosigned {
                        Some(Ok(Some(_))) => Ok(answer),
                        _ => Err(Refused::NoCosignature),
                    };
                }
                (StatusCode::CONFLICT, Some(seen)) => self.seen = seen,
                _ => {
                    let sentence = answer.lines().next().unwrap_or_default().to_owned();
                    return Err(Refused::Status { status, sentence });
                }
            }
        }
        Err(Refused::Status { status: StatusCode::CONFLICT, sentence: "it has seen yet another size".into() })
    }
}

async fn text(mut response: reqwest::Response) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES {
            bytes.truncate(ANSWER_BYTES);
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
