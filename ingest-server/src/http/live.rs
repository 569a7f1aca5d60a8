//! `GET /v1/live`: counts as they change, as server-sent events.

use super::problem::Refusal;
use super::{App, token};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use delistening_schema::problem::{Code, Problem};
use delistening_schema::token::SCOPE_READ_COUNTS;
use futures_util::{Stream, stream};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Changes within this time are told together.
const CONFLATE: Duration = Duration::from_millis(100);

/// First a `snapshot`, then an `update` with what changed since. Nothing is queued for a slow reader: what it
/// is sent next is what is true then.
pub async fn stream(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    token::service(&app, &headers, SCOPE_READ_COUNTS)?;
    let Ok(place) = Arc::clone(&app.live_places).try_acquire_owned() else {
        let detail = "too many live connections are open; try again later";
        return Err(Problem::new(Code::Overloaded, detail).retry_after(10).into());
    };
    let counted = app.metrics.live_reader();
    let (bell, ending) = (app.live.bell(), app.ending.clone());
    let state = (app, bell, ending, None::<u64>, (place, counted));
    let events = stream::unfold(state, |(app, mut bell, mut ending, seq, held)| async move {
        let (name, frame) = match seq {
            None => {
                bell.mark_unchanged();
                ("snapshot", app.live.snapshot())
            }
            Some(seq) => {
                tokio::select! {
                    changed = bell.changed() => changed.ok()?,
                    _ = ending.wait_for(|ending| *ending) => return None,
                }
                tokio::time::sleep(CONFLATE).await;
                bell.mark_unchanged();
                ("update", app.live.update(seq))
            }
        };
        let event = Event::default().event(name).id(frame.seq.to_string());
        let event = event.json_data(&frame).unwrap_or_else(|_| Event::default().comment("unreadable"));
        Some((Ok(event), (app, bell, ending, Some(frame.seq), held)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
