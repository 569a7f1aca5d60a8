//! `POST /v1/batches`: the way in.

use super::problem::Refusal;
use super::{App, body, now_ms, token};
use crate::commit::{CommitError, IntakeContext, Outcome};
use crate::intake::{self, Checked};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use delistening_schema::api::{Acknowledgement, Answer, IngestRequest, IngestResponse};
use delistening_schema::problem::{Code, Problem};
use delistening_schema::{Hash, limits};
use std::sync::Arc;
use std::time::Instant;

/// Requests above this are opened off the async threads; below, handing over would cost more.
const INLINE_BYTES: usize = 64 * 1024;

pub async fn ingest(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<IngestResponse>, Refusal> {
    let begin = Instant::now();
    let answer = answer(&app, &headers, body).await;
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

async fn answer(app: &Arc<App>, headers: &HeaderMap, body: Body) -> Result<Json<IngestResponse>, Refusal> {
    let Ok(_place) = app.places.try_acquire() else {
        return Err(Problem::new(Code::Overloaded, "the server is busy; send the same again later")
            .retry_after(2)
            .into());
    };
    let bytes = body::read(headers, body, app.bounds.body_timeout).await?;
    let request: IngestRequest = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::new(Code::MalformedRequest, format!("the body is not an ingest request: {error}"))
    })?;
    if request.batches.len() > limits::REQUEST_BATCHES {
        let detail = format!("a request may have at most {} batches", limits::REQUEST_BATCHES);
        return Err(Problem::new(Code::TooLarge, detail).into());
    }
    let received = now_ms();
    let token = request.token.as_deref().or_else(|| token::bearer(headers)).ok_or_else(|| {
        Problem::new(Code::BadToken, "send an access token in the body or as Authorization: Bearer")
    })?;
    let token = app.authority.device(token, received / 1_000)?;
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let client = intake::client_class(agent).to_owned();
    let context = IntakeContext { issuer: token.claims.iss.clone(), client };
    let IngestRequest { batches, known, .. } = request;
    let opening = {
        let (app, large) = (Arc::clone(app), bytes.len() > INLINE_BYTES);
        drop(bytes);
        let open = move || {
            let audience = app.authority.audience();
            let check = |jws| intake::check(jws, &token, audience, received, context.clone());
            batches.into_iter().map(check).collect::<Vec<_>>()
        };
        if large { tokio::task::spawn_blocking(open).await } else { Ok(open()) }
    };
    let checked = opening.map_err(|_| Problem::new(Code::Internal, "the batches could not be opened"))?;
    let submissions = checked
        .iter()
        .filter_map(|one| one.as_ref().ok())
        .map(|one| one.submission.clone())
        .collect::<Vec<_>>();
    let outcomes = if submissions.is_empty() {
        Vec::new()
    } else {
        app.log.committer().commit(submissions, known).await.map_err(problem)?
    };
    let mut outcomes = outcomes.into_iter();
    let answers = checked
        .into_iter()
        .map(|one| match one {
            Err(problem) => Answer::Refused { problem },
            Ok(Checked { problems, .. }) => to_answer(outcomes.next(), problems),
        })
        .collect();
    Ok(Json(IngestResponse { log: app.log.vkey(), answers }))
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
