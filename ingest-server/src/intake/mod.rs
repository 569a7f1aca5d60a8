//! From the batches of a request to submissions: opened, checked, each with its own problem if it has one.

mod enrich;
mod workers;

pub use enrich::{Clients, Enricher, Enrichers, GeoIp, GeoIpError, NetworkKeyError, Networks, Visit};
pub use workers::{Busy, Workers};

use crate::auth::DeviceToken;
use crate::commit::{IntakeContext, Submission};
use delistening_schema::event::EventError;
use delistening_schema::key::KnownKeys;
use delistening_schema::problem::{Code, Problem};
use delistening_schema::{Batch, Dropped, Event, OpenedBatch};
use std::collections::HashSet;

/// A batch that can be committed, and what is wrong with single events of it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What is committed.
    pub submission: Submission,
    /// Problems of single events.
    pub problems: Vec<Problem>,
    /// What the device says it gave up before.
    pub dropped: Vec<Dropped>,
}

/// Opens a batch and holds it against the token it came with.
pub fn check(
    jws: String,
    keys: &KnownKeys,
    token: &DeviceToken,
    audience: &str,
    received: u64,
    context: IntakeContext,
) -> Result<Checked, Problem> {
    let OpenedBatch { payload: batch, hash, key } = Batch::open_with(&jws, |bytes| keys.get(bytes))?;
    if batch.device != token.device {
        return Err(Problem::new(
            Code::WrongDevice,
            "the token is bound to another device than the one that signed; get a token for this device",
        ));
    }
    if batch.aud != audience {
        return Err(Problem::new(
            Code::WrongAudience,
            format!("the batch is for another service; this one is {audience:?}"),
        ));
    }
    if batch.listener != token.claims.sub {
        return Err(Problem::new(
            Code::WrongListener,
            "the batch holds plays of another listener than the token's; send it with that listener's token",
        ));
    }
    // Only now: a key that no token names takes no place.
    keys.insert(&key);
    let problems = problems(&batch.events);
    let dropped = batch.dropped.clone();
    let submission = Submission { reported: batch.into(), hash, jws, received, context };
    Ok(Checked { submission, problems, dropped })
}

/// What is wrong with some of the events.
fn problems(events: &[Result<Event, EventError>]) -> Vec<Problem> {
    let mut seen = HashSet::with_capacity(events.len());
    let mut problems = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let problem = match event {
            Ok(Event { id, .. }) => {
                // Of what stands twice, the judge takes the first.
                if seen.insert(*id) {
                    continue;
                }
                Problem::new(Code::MalformedEvent, format!("the event id {id} stands twice in the batch"))
            }
            Err(error @ EventError::Malformed(_)) => Problem::new(Code::MalformedEvent, error.to_string()),
            Err(error @ EventError::UnknownType(_)) => {
                Problem::new(Code::UnknownEventType, error.to_string())
            }
        };
        problems.push(problem.of_event(index));
    }
    problems
}
