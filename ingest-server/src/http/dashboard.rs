//! The dashboard: pages that hold no data of their own. What they show they ask for with the visitor's token.

use super::problem::Refusal;
use super::segment::Segment;
use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use delistening_schema::Hash;
use delistening_schema::problem::{Code, Problem};
use std::path::PathBuf;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

/// Each file's path and bytes, as they were when the program was built.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// Nothing but its own scripts runs in the page, and it speaks to its own server alone. `wasm-unsafe-eval` allows WASM
/// modules, for the audit, and no `eval`.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
    style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// What lies below `/dashboard/`, from `folder` if there is one.
pub fn router<S: Clone + Send + Sync + 'static>(folder: Option<PathBuf>) -> Router<S> {
    let router = Router::new().route("/dashboard", get(lead));
    let router = match folder {
        Some(folder) => router.nest_service("/dashboard/", ServeDir::new(folder)),
        None => router.route("/dashboard/", get(index)).route("/dashboard/{*path}", get(file)),
    };
    router.layer(CompressionLayer::new()).layer(from_fn(guard))
}

/// To where it begins.
pub async fn lead() -> Redirect {
    Redirect::temporary("/dashboard/")
}

async fn index(headers: HeaderMap) -> Response {
    embedded("index.html", &headers)
}

async fn file(Segment(path): Segment<String>, headers: HeaderMap) -> Response {
    embedded(&path, &headers)
}

fn embedded(path: &str, headers: &HeaderMap) -> Response {
    let Some((name, bytes)) = FILES.iter().find(|(name, _)| *name == path) else {
        let detail = if FILES.is_empty() {
            "this server was built without its dashboard: run `npm run build` and build it again, or give --dashboard"
        } else {
            "the dashboard has no such file"
        };
        return Refusal::from(Problem::new(Code::NotFound, detail)).into_response();
    };
    let tag = format!("\"{}\"", Hash::of(bytes));
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
    }
    ([(CONTENT_TYPE, media_type(name)), (ETAG, tag.as_str())], *bytes).into_response()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

/// What protects a page that holds a token.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        // It is asked for again each time, and is mostly what it was.
        (CACHE_CONTROL, "no-cache"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
