//! Where in a track people listen, and why plays do not count, for services that hold a token.

use super::counts::{Answer, Asked, Question, answer, invalid, parameter};
use super::problem::Refusal;
use super::segment::Segment;
use super::{App, token};
use crate::store::{Bounds, Filter, Reason, Retention};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use delistening_schema::play::Subject;
use serde::Serialize;
use std::sync::Arc;

#[derive(Debug, Serialize)]
struct ReasonsAnswer {
    items: Vec<Reason>,
}

/// `GET /v1/tracks/{id}/retention`
pub async fn retention(
    State(app): State<Arc<App>>,
    Segment(id): Segment<String>,
    headers: HeaderMap,
    query: Asked,
) -> Answer {
    token::reader(&app, &headers)?;
    let mut question = asked(query)?;
    if question.subject()? != Subject::All {
        return Err(parameter("track and artist are for /v1/top and /v1/reasons".to_owned()));
    }
    let (filter, from, to) = plays(&mut question, Subject::Track(id))?;
    answer(app, &headers, to, move |store| match Bounds::new([from, to]) {
        Some(bounds) => store.retention(&filter, &bounds),
        None => Ok(Retention::default()),
    })
    .await
}

/// `GET /v1/reasons`
pub async fn reasons(State(app): State<Arc<App>>, headers: HeaderMap, query: Asked) -> Answer {
    token::reader(&app, &headers)?;
    let mut question = asked(query)?;
    let subject = question.subject()?;
    let (filter, from, to) = plays(&mut question, subject)?;
    answer(app, &headers, to, move |store| {
        let bounds = Bounds::new([from, to]);
        let items = bounds.map(|bounds| store.reasons(&filter, &bounds)).transpose()?.unwrap_or_default();
        Ok(ReasonsAnswer { items })
    })
    .await
}

fn asked(query: Asked) -> Result<Question, Refusal> {
    let Query(question) = query.map_err(invalid)?;
    if question.is_of_plays_alone() {
        return Ok(question);
    }
    Err(parameter("bucket, tz, by, limit and cursor are not for this path".to_owned()))
}

fn plays(question: &mut Question, subject: Subject) -> Result<(Filter, u64, u64), Refusal> {
    let (from, to) = question.range()?;
    Ok((question.filter(subject), from, to.unwrap_or(u64::MAX)))
}
