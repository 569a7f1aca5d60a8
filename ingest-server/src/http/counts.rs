//! Counts of plays, for services that hold a token.

use super::problem::Refusal;
use super::{App, token};
use crate::store::{Dimension, Filter, Ranked, StoreError};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use delistening_schema::play::Counts;
use delistening_schema::problem::{Code, Problem};
use delistening_schema::token::SCOPE_READ_COUNTS;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A range of time: plays begun at or after `from` and before `to`, milliseconds since 1970.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    from: Option<u64>,
    to: Option<u64>,
}

/// A list of the most played.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Top {
    by: By,
    limit: Option<u32>,
    from: Option<u64>,
    to: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Track,
    Artist,
}

/// The answer of a list.
#[derive(Debug, Serialize)]
pub struct TopList {
    items: Vec<Ranked>,
}

const MOST_ITEMS: u32 = 1000;

type Answer<T> = Result<Json<T>, Refusal>;

pub async fn all(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    range: Result<Query<Range>, QueryRejection>,
) -> Answer<Counts> {
    count(app, &headers, range, Filter::default()).await
}

pub async fn track(
    State(app): State<Arc<App>>,
    Path(track): Path<String>,
    headers: HeaderMap,
    range: Result<Query<Range>, QueryRejection>,
) -> Answer<Counts> {
    count(app, &headers, range, Filter { track: Some(track), ..Filter::default() }).await
}

pub async fn artist(
    State(app): State<Arc<App>>,
    Path(artist): Path<String>,
    headers: HeaderMap,
    range: Result<Query<Range>, QueryRejection>,
) -> Answer<Counts> {
    count(app, &headers, range, Filter { artist: Some(artist), ..Filter::default() }).await
}

async fn count(
    app: Arc<App>,
    headers: &HeaderMap,
    range: Result<Query<Range>, QueryRejection>,
    filter: Filter,
) -> Answer<Counts> {
    token::service(&app, headers, SCOPE_READ_COUNTS)?;
    let Query(Range { from, to }) = range.map_err(invalid)?;
    let filter = within(Filter { from, to, ..filter })?;
    ask(move || app.store.counts(&filter)).await.map(Json)
}

pub async fn top(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<Top>, QueryRejection>,
) -> Answer<TopList> {
    token::service(&app, &headers, SCOPE_READ_COUNTS)?;
    let Query(Top { by, limit, from, to }) = query.map_err(invalid)?;
    let filter = within(Filter { from, to, ..Filter::default() })?;
    let limit = limit.unwrap_or(100);
    if !(1..=MOST_ITEMS).contains(&limit) {
        return Err(parameter(format!("limit must be between 1 and {MOST_ITEMS}")));
    }
    let dimension = match by {
        By::Track => Dimension::Track,
        By::Artist => Dimension::Artist,
    };
    let items = ask(move || app.store.top(dimension, &filter, limit)).await?;
    Ok(Json(TopList { items }))
}

fn within(filter: Filter) -> Result<Filter, Refusal> {
    match (filter.from, filter.to) {
        (Some(from), Some(to)) if from >= to => Err(parameter("from must be before to".to_owned())),
        _ => Ok(filter),
    }
}

fn parameter(detail: String) -> Refusal {
    Problem::new(Code::InvalidParameter, detail).into()
}

// The signature is that of `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn invalid(rejection: QueryRejection) -> Refusal {
    parameter(rejection.body_text())
}

/// Asks the store off the async threads.
async fn ask<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            tracing::error!(%error, "the store did not answer");
            let detail = "the store does not answer at the moment; ask again later";
            Err(Problem::new(Code::StorageUnavailable, detail).retry_after(5).into())
        }
        Err(_) => Err(Problem::new(Code::Internal, "the question could not be put to the store").into()),
    }
}
