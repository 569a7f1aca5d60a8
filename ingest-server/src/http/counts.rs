//! Counts of plays, for services that hold a token.

use super::problem::Refusal;
use super::segment::Segment;
use super::{App, now_ms, token};
use crate::store::buckets::{self, Bucket, Zone};
use crate::store::{Bounds, Dimension, Filter, Rank, Ranked, Store, StoreError};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use delistening_schema::bytes;
use delistening_schema::play::{Counts, Subject};
use delistening_schema::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The step in which times are counted: `from` and `to` are rounded down to it.
const STEP_MS: u64 = 15 * 60 * 1000;
/// Most buckets, or most tracks or artists, in one answer.
pub const MOST_ITEMS: u32 = 1000;
const TOP_ITEMS: u32 = 100;

/// What is asked, of plays and of the most played alike. Which parameters go with which path is checked by hand, for
/// `serde(flatten)` cannot refuse unknown ones.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    from: Option<u64>,
    to: Option<u64>,
    bucket: Option<Bucket>,
    tz: Option<String>,
    by: Option<By>,
    track: Option<String>,
    artist: Option<String>,
    country: Option<String>,
    platform: Option<String>,
    source: Option<String>,
    offline: Option<bool>,
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Track,
    Artist,
    Country,
    Platform,
    Source,
}

impl From<By> for Dimension {
    fn from(by: By) -> Self {
        match by {
            By::Track => Self::Track,
            By::Artist => Self::Artist,
            By::Country => Self::Country,
            By::Platform => Self::Platform,
            By::Source => Self::Source,
        }
    }
}

/// Counts by time.
#[derive(Debug, Serialize)]
struct SeriesAnswer {
    bucket: Bucket,
    tz: String,
    /// The range that was counted, in milliseconds since 1970.
    from: u64,
    to: u64,
    /// Of the whole range, not of this page alone.
    total: Counts,
    buckets: Vec<BucketAnswer>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct BucketAnswer {
    from: u64,
    to: u64,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize)]
struct TopAnswer {
    items: Vec<Ranked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

pub(super) type Asked = Result<Query<Question>, QueryRejection>;
pub(super) type Answer = Result<Response, Refusal>;

pub async fn all(State(app): State<Arc<App>>, headers: HeaderMap, query: Asked) -> Answer {
    plays(app, &headers, query, Subject::All).await
}

pub async fn track(
    State(app): State<Arc<App>>,
    Segment(id): Segment<String>,
    headers: HeaderMap,
    query: Asked,
) -> Answer {
    plays(app, &headers, query, Subject::Track(id)).await
}

pub async fn artist(
    State(app): State<Arc<App>>,
    Segment(id): Segment<String>,
    headers: HeaderMap,
    query: Asked,
) -> Answer {
    plays(app, &headers, query, Subject::Artist(id)).await
}

async fn plays(app: Arc<App>, headers: &HeaderMap, query: Asked, subject: Subject) -> Answer {
    token::reader(&app, headers)?;
    let Query(mut question) = query.map_err(invalid)?;
    if question.by.is_some() || question.track.is_some() || question.artist.is_some() {
        return Err(parameter("by, track and artist are for /v1/top".to_owned()));
    }
    let (from, to) = question.range()?;
    let filter = question.filter(subject);
    let Some(bucket) = question.bucket else {
        for (name, given) in [
            ("tz", question.tz.is_some()),
            ("limit", question.limit.is_some()),
            ("cursor", question.cursor.is_some()),
        ] {
            if given {
                return Err(parameter(format!("{name} goes with bucket")));
            }
        }
        let end = to.unwrap_or(u64::MAX);
        return answer(app, headers, end, move |store| total(store, &filter, from, end)).await;
    };
    if question.from.is_none() {
        return Err(parameter("with bucket give from, the time at which the first one begins".to_owned()));
    }
    let tz = question.tz.take().unwrap_or_else(|| "UTC".to_owned());
    let Some(zone) = Zone::named(&tz) else {
        return Err(parameter(format!("tz must be a name of the IANA time zone database, not {tz:?}")));
    };
    // A whole last step, so that what has just been played is in it.
    let to = to.unwrap_or_else(|| floor(now_ms()) + STEP_MS);
    let begin = question.cursor::<u64>()?.unwrap_or(from);
    if !(from..to.max(from + 1)).contains(&begin) {
        return Err(parameter("cursor is not of this question".to_owned()));
    }
    let times = buckets::bounds(bucket, &zone, begin, to, question.limit(MOST_ITEMS)? as usize);
    answer(app, headers, to, move |store| {
        let next = times.last().filter(|end| **end < to).map(cursor);
        let whole = begin == from && next.is_none();
        let (page, buckets) = match Bounds::new(times.iter().copied()) {
            Some(bounds) => {
                let series = store.counts(&filter, &bounds)?;
                (series.total, series.buckets)
            }
            None => Default::default(),
        };
        let total = if whole { page } else { total(store, &filter, from, to)? };
        let buckets = times.windows(2).zip(buckets);
        let buckets = buckets.map(|(ends, counts)| BucketAnswer { from: ends[0], to: ends[1], counts });
        Ok(SeriesAnswer { bucket, tz, from, to, total, buckets: buckets.collect(), next })
    })
    .await
}

pub async fn top(State(app): State<Arc<App>>, headers: HeaderMap, query: Asked) -> Answer {
    token::reader(&app, &headers)?;
    let Query(mut question) = query.map_err(invalid)?;
    if question.bucket.is_some() || question.tz.is_some() {
        return Err(parameter("bucket and tz are not for /v1/top".to_owned()));
    }
    let Some(dimension) = question.by.map(Dimension::from) else {
        let detail = "give by, which is track, artist, country, platform or source";
        return Err(parameter(detail.to_owned()));
    };
    let subject = question.subject()?;
    if !dimension.is_of(&subject) {
        let detail =
            "track and artist go with by=country, by=platform and by=source, and artist with by=track";
        return Err(parameter(detail.to_owned()));
    }
    let (from, to) = question.range()?;
    let after = question.cursor::<Rank>()?;
    let limit = question.limit(TOP_ITEMS)?;
    let filter = question.filter(subject);
    let to = to.unwrap_or(u64::MAX);
    answer(app, &headers, to, move |store| {
        let items = match Bounds::new([from, to]) {
            Some(bounds) => store.top(dimension, &filter, &bounds, after.as_ref(), limit)?,
            None => Vec::new(),
        };
        let next = items.last().filter(|_| items.len() == limit as usize);
        let next = next.map(|last| cursor(&Rank { valid: last.counts.valid, id: last.id.clone() }));
        Ok(TopAnswer { items, next })
    })
    .await
}

impl Question {
    /// The range, rounded down to steps.
    pub(super) fn range(&self) -> Result<(u64, Option<u64>), Refusal> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from >= to => Err(parameter("from must be before to".to_owned())),
            (from, to) => Ok((floor(from.unwrap_or(0)), to.map(floor))),
        }
    }

    pub(super) fn filter(&mut self, subject: Subject) -> Filter {
        Filter {
            subject,
            country: self.country.take(),
            platform: self.platform.take(),
            source: self.source.take(),
            offline: self.offline,
        }
    }

    /// Whose plays are listed.
    pub(super) fn subject(&mut self) -> Result<Subject, Refusal> {
        match (self.track.take(), self.artist.take()) {
            (None, None) => Ok(Subject::All),
            (Some(track), None) => Ok(Subject::Track(track)),
            (None, Some(artist)) => Ok(Subject::Artist(artist)),
            (Some(_), Some(_)) => Err(parameter("give track or artist, not both".to_owned())),
        }
    }

    /// Whether anything is asked of buckets, lists or pages.
    pub(super) fn is_of_plays_alone(&self) -> bool {
        let Self { bucket, tz, by, limit, cursor, .. } = self;
        bucket.is_none() && tz.is_none() && by.is_none() && limit.is_none() && cursor.is_none()
    }

    fn limit(&self, default: u32) -> Result<u32, Refusal> {
        let limit = self.limit.unwrap_or(default);
        if (1..=MOST_ITEMS).contains(&limit) {
            return Ok(limit);
        }
        Err(parameter(format!("limit must be between 1 and {MOST_ITEMS}")))
    }

    fn cursor<T: for<'a> Deserialize<'a>>(&self) -> Result<Option<T>, Refusal> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let place = bytes::decode(text).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        place
            .map(Some)
            .ok_or_else(|| parameter("cursor must be what next was in the answer before".to_owned()))
    }
}

fn cursor(place: &impl Serialize) -> String {
    bytes::encode(&serde_json::to_vec(place).unwrap_or_default())
}

const fn floor(time: u64) -> u64 {
    time - time % STEP_MS
}

fn total(store: &dyn Store, filter: &Filter, from: u64, to: u64) -> Result<Counts, StoreError> {
    let bounds = Bounds::new([from, to]);
    Ok(bounds.map(|bounds| store.counts(filter, &bounds)).transpose()?.unwrap_or_default().total)
}

pub(super) fn parameter(detail: String) -> Refusal {
    Problem::new(Code::InvalidParameter, detail).into()
}

// The signature is that of `map_err`.
#[allow(clippy::needless_pass_by_value)]
pub(super) fn invalid(rejection: QueryRejection) -> Refusal {
    parameter(rejection.body_text())
}

/// Puts a question to the store, unless the answer that the client has still holds. It holds as long as the store has
/// the same version, and as long as `to`, which may be the present, is the same.
pub(super) async fn answer<T: Serialize + Send + 'static>(
    app: Arc<App>,
    headers: &HeaderMap,
    to: u64,
    question: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Answer {
    let known =
        headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    // Stores are asked off the async threads.
    let asked = tokio::task::spawn_blocking(move || {
        let tag = format!("W/\"{:x}-{:x}\"", app.store.version()?, to / STEP_MS);
        if known.split(',').any(|one| one.trim() == tag) {
            return Ok((tag, None));
        }
        question(&*app.store).map(|answer| (tag, Some(answer)))
    });
    match asked.await {
        Ok(Ok((tag, answer))) => {
            let headers =
                [(ETAG, tag.as_str()), (CACHE_CONTROL, "private, no-cache"), (VARY, "authorization")];
            Ok(match answer {
                Some(answer) => (headers, Json(answer)).into_response(),
                None => (StatusCode::NOT_MODIFIED, headers).into_response(),
            })
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the store did not answer");
            let detail = "the store does not answer at the moment; ask again later";
            Err(Problem::new(Code::StorageUnavailable, detail).retry_after(5).into())
        }
        Err(_) => Err(Problem::new(Code::Internal, "the question could not be put to the store").into()),
    }
}
