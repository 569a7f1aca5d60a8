//! `POST /v1/batches`: the way in.

use super::body::{Full, Received, Share};
use super::connections::Connection;
use super::encoding::DecodeError;
use super::problem::Refusal;
use super::{App, admission, body, encoding, now_ms, token};
use crate::auth::DeviceToken;
use crate::commit::{CommitError, Outcome};
use crate::intake::{self, Busy, Checked, Visit};
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use axum::{Extension, Json};
use delistening_schema::api::{Acknowledgement, Answer, IngestRequest, IngestResponse, Known};
use delistening_schema::problem::{Code, Problem};
use delistening_schema::{Hash, limits};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument as _;

pub async fn ingest(
    State(app): State<Arc<App>>,
    Extension(connection): Extension<Arc<Connection>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<IngestResponse>, Refusal> {
    let begin = Instant::now();
    let answer = answer(&app, &connection, peer, &headers, body).await;
    match &answer {
        Ok(Json(response)) => {
            app.metrics.ack(begin.elapsed());
            for answer in &response.answers {
                count(&app, answer);
            }
        }
        Err(Refusal(problem)) => app.metrics.refusal(problem.code.as_str()),
    }
    answer
}

async fn answer(
    app: &Arc<App>,
    connection: &Connection,
    peer: SocketAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<Json<IngestResponse>, Refusal> {
    admission::of_load(app)?;
    // A token in a header is judged before the body is read.
    let token = token::bearer(headers).map(|token| authenticate(app, token)).transpose()?;
    let received = body::read(app, connection, headers, body).await?;
    let address = admission::client(peer, headers, app.bounds.forwarded_header.as_ref());
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let working = Arc::clone(app);
    let opening = app.workers.run(move || open(&working, received, token, address, agent.as_deref()));
    let opening = opening.instrument(tracing::debug_span!("verify")).await;
    // What it takes of the memory for bodies is given back when it is answered.
    let Opened { checked, known, share: _share } = opening.map_err(|Busy| busy())??;
    let mut submissions = Vec::with_capacity(checked.len());
    let checked: Vec<Result<_, Problem>> = checked
        .into_iter()
        .map(|one| {
            one.map(|Checked { submission, problems, dropped }| {
                submissions.push(submission);
                (problems, dropped)
            })
        })
        .collect();
    let outcomes = if submissions.is_empty() {
        Vec::new()
    } else {
        let commit = app.log.committer().commit(submissions, known);
        commit.instrument(tracing::debug_span!("commit")).await.map_err(problem)?
    };
    let mut outcomes = outcomes.into_iter();
    let answers = checked
        .into_iter()
        .map(|one| match one {
            Err(problem) => Answer::Refused { problem },
            Ok((problems, dropped)) => {
                let outcome = outcomes.next();
                if matches!(outcome, Some(Outcome::Accepted { .. })) {
                    app.metrics.given_up(&dropped);
                }
                to_answer(outcome, problems)
            }
        })
        .collect();
    Ok(Json(IngestResponse { log: app.log.vkey(), answers }))
}

/// A request whose batches were opened.
struct Opened {
    checked: Vec<Result<Checked, Problem>>,
    known: Option<Known>,
    share: Share,
}

/// Decodes a request and opens its batches: all that takes the processor's time.
fn open(
    app: &App,
    received: Received,
    token: Option<DeviceToken>,
    address: IpAddr,
    agent: Option<&str>,
) -> Result<Opened, Problem> {
    let Received { encoding, bytes, mut share } = received;
    let decoded = encoding::decode(encoding, &bytes).map_err(|error| match error {
        DecodeError::TooLarge => body::too_large(),
        DecodeError::Malformed(_) => Problem::new(Code::MalformedRequest, error.to_string()),
    })?;
    if let Some(decoded) = &decoded {
        share.grow(decoded.len()).map_err(|Full| body::no_memory())?;
    }
    let request: IngestRequest =
        serde_json::from_slice(decoded.as_deref().unwrap_or(&bytes)).map_err(|error| {
            Problem::new(Code::MalformedRequest, format!("the body is not an ingest request: {error}"))
        })?;
    drop((decoded, bytes));
    let IngestRequest { token: inside, known, batches } = request;
    if batches.len() > limits::REQUEST_BATCHES {
        let detail = format!("a request may have at most {} batches", limits::REQUEST_BATCHES);
        return Err(Problem::new(Code::TooLarge, detail));
    }
    let token = match (inside, token) {
        (Some(inside), _) => authenticate(app, &inside)?,
        (None, Some(token)) => token,
        (None, None) => {
            let detail = "send an access token in the body or as Authorization: Bearer";
            return Err(Problem::new(Code::BadToken, detail));
        }
    };
    let received = now_ms();
    let context = app.enrichers.context(&token.claims.iss, &Visit { address, agent, at: received });
    let audience = app.authority.audience();
    let check = |jws| intake::check(jws, &app.keys, &token, audience, received, context.clone());
    Ok(Opened { checked: batches.into_iter().map(check).collect(), known, share })
}

/// The device's token, if the device has not sent too many requests.
fn authenticate(app: &App, token: &str) -> Result<DeviceToken, Problem> {
    let token = app.authority.device(token, now_ms() / 1_000)?;
    admission::of_device(app, &token.device)?;
    Ok(token)
}

fn busy() -> Problem {
    Problem::new(Code::Overloaded, "too many requests wait already; send the same again later").retry_after(2)
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
                problems.push(Problem::new(
                    Code::SequenceGap,
                    "accepted, but earlier batches of this device are missing or its chain is broken",
                ));
            }
            Answer::Accepted(acknowledgement(receipt, consistency, problems))
        }
        Some(Outcome::Duplicate { receipt, consistency }) => {
            Answer::Duplicate(acknowledgement(receipt, consistency, problems))
        }
        Some(Outcome::Fork) => Answer::Refused {
            problem: Problem::new(
                Code::SequenceFork,
                "another batch of this device has this sequence number; the device must begin anew with a new key",
            ),
        },
        None => Answer::Refused { problem: Problem::new(Code::Internal, "the batch was not written") },
    }
}

fn problem(error: CommitError) -> Refusal {
    let (code, wait) = match error {
        CommitError::Busy => (Code::Overloaded, 2),
        CommitError::StorageFull => (Code::StorageUnavailable, 30),
        CommitError::Stopped => (Code::StorageUnavailable, 60),
    };
    Problem::new(code, format!("{error}; nothing of the request was kept, send the same again later"))
        .retry_after(wait)
        .into()
}

fn count(app: &App, answer: &Answer) {
    match answer {
        Answer::Accepted(ack) => {
            app.metrics.batch("accepted");
            for problem in &ack.problems {
                app.metrics.refusal(problem.code.as_str());
            }
        }
        Answer::Duplicate(_) => app.metrics.batch("duplicate"),
        Answer::Refused { problem } => {
            app.metrics.batch("refused");
            app.metrics.refusal(problem.code.as_str());
        }
    }
}
