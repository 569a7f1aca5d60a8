//! `GET /v1/live`: counts as they change, as server-sent events or over a WebSocket.

use super::problem::Refusal;
use super::{App, token};
use crate::live::{Reader, Watched};
use crate::metrics::Counted;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse as _, Response};
use delistening_schema::problem::{Code, Problem};
use futures_util::stream;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

/// How often a reader to whom there is nothing to say hears that the connection lives.
const ALIVE: Duration = Duration::from_secs(15);
/// The WebSocket's subprotocol.
const PROTOCOL: &str = "delistening.live.v1";
/// A page cannot give a WebSocket headers: it offers its token as a second subprotocol, behind this.
const BEARER: &str = "bearer.";
/// Readers have nothing to say.
const HEARD_BYTES: usize = 1024;
/// What is written is sent at once, and a reader who does not take it is waited for.
const WRITTEN_BYTES: usize = 0;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What is watched, and from where on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    track: Option<String>,
    artist: Option<String>,
    /// The total alone.
    #[serde(default)]
    total: bool,
    /// The number of the last frame that the reader has. `Last-Event-ID` says the same and wins.
    since: Option<u64>,
}

/// A reader with its place among the readers.
struct Place {
    reader: Reader,
    ending: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
    _counted: Counted,
}

/// First a `snapshot`, then an `update` with what changed since.
pub async fn stream(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    question: Result<Query<Question>, QueryRejection>,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let offered = socket.is_ok().then(|| offered(&headers)).flatten();
    match offered {
        Some(token) => token::reader_with(&app, token)?,
        None => token::reader(&app, &headers)?,
    }
    let Query(question) =
        question.map_err(|rejection| Problem::new(Code::InvalidParameter, rejection.body_text()))?;
    let since = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse().ok()).or(question.since);
    let watched = question.watched()?;
    let Ok(permit) = Arc::clone(&app.live_places).try_acquire_owned() else {
        let detail = "too many live connections are open; try again later";
        return Err(Problem::new(Code::Overloaded, detail).retry_after(10).into());
    };
    let place = Place {
        reader: Reader::new(Arc::clone(&app.live), watched, since),
        ending: app.ending.clone(),
        _permit: permit,
        _counted: app.metrics.live_reader(),
    };
    Ok(match socket {
        Ok(socket) => socket
            .protocols([PROTOCOL])
            .max_message_size(HEARD_BYTES)
            .write_buffer_size(WRITTEN_BYTES)
            .on_upgrade(|socket| talk(socket, place)),
        Err(_) => events(place),
    })
}

impl Question {
    fn watched(self) -> Result<Watched, Refusal> {
        match (self.track, self.artist, self.total) {
            (None, None, false) => Ok(Watched::Everything),
            (None, None, true) => Ok(Watched::Total),
            (Some(id), None, false) => Ok(Watched::Track(id)),
            (None, Some(id), false) => Ok(Watched::Artist(id)),
            _ => {
                Err(Problem::new(Code::InvalidParameter, "give one of track, artist and total, or none")
                    .into())
            }
        }
    }
}

/// The token that a page offers.
fn offered(headers: &HeaderMap) -> Option<&str> {
    let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).find_map(|offer| offer.trim().strip_prefix(BEARER))
}

fn events(place: Place) -> Response {
    let events = stream::unfold(place, |mut place| async move {
        let event = tokio::select! {
            next = timeout(ALIVE, place.reader.next()) => {
                next.map_or(Bytes::from_static(b":\n\n"), |message| message.event)
            }
            () = ended(&mut place.ending) => return None,
        };
        Some((Ok::<_, Infallible>(event), place))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(events)).into_response()
}

/// Talks until either side has had enough.
async fn talk(mut socket: WebSocket, mut place: Place) {
    loop {
        let message = tokio::select! {
            next = timeout(ALIVE, place.reader.next()) => {
                next.map_or_else(|_| Message::Ping(Bytes::new()), |message| Message::Text(message.text))
            }
            heard = socket.recv() => match heard {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            () = ended(&mut place.ending) => {
                // Whether it arrives does not matter: the connection ends.
                let _ = socket.send(Message::Close(None)).await;
                return;
            }
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// The server is to end; an error means that the sender is gone, which is an end as well.
async fn ended(ending: &mut watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}
