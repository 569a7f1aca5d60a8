//! HTTP: one router, one module per group of endpoints, and one way to say no.

mod admission;
mod batches;
mod body;
mod connections;
mod counts;
mod dashboard;
mod details;
mod dev;
mod encoding;
mod erasure;
mod export;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod live;
mod log;
mod openapi;
mod ops;
mod problem;
mod problems;
mod rate;
mod segment;
mod token;

pub use body::Bodies;
pub use connections::{Connections, Drain};
pub use rate::{RateLimit, network};

use crate::auth::Authority;
use crate::commit::Log;
use crate::config::Bounds;
use crate::export::Format;
use crate::intake::{Enrichers, Workers};
use crate::keys::PrivateKey;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::projection::Projection;
use crate::store::Store;
use crate::witness::Witnessed;
use axum::Router;
use axum::handler::HandlerWithoutStateExt as _;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use delistening_schema::key::KnownKeys;
use delistening_schema::problem::{Code, Problem};
use problem::Refusal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::services::ServeDir;

/// What every handler may use.
#[derive(Debug)]
pub struct App {
    /// The data folder.
    pub data: PathBuf,
    /// The log.
    pub log: Arc<Log>,
    /// Who may do what.
    pub authority: Authority,
    /// What is learned of requests.
    pub enrichers: Enrichers,
    /// How far the store is.
    pub projection: Projection,
    /// The checkpoint that witnesses have cosigned, where there are witnesses.
    pub witnessed: Option<Witnessed>,
    /// Live counts.
    pub live: Arc<Live>,
    /// Metrics.
    pub metrics: Metrics,
    /// How requests are bounded.
    pub bounds: Bounds,
    /// Requests of one device.
    pub device_rate: Option<RateLimit>,
    /// Requests of one network.
    pub network_rate: Option<RateLimit>,
    /// The memory for bodies.
    pub bodies: Bodies,
    /// Keys of devices.
    pub keys: KnownKeys,
    /// Who decode, verify and open requests.
    pub workers: Workers,
    /// Free places for live readers.
    pub live_places: Arc<Semaphore>,
    /// Becomes true when the server is to end.
    pub ending: watch::Receiver<bool>,
    /// The issuer's key, in development alone.
    pub dev: Option<DevIssuer>,
    /// Counts.
    pub store: Arc<dyn Store>,
}

/// The issuer that a server in development is for itself.
#[derive(Debug)]
pub struct DevIssuer {
    /// Its name.
    pub issuer: String,
    /// Its key.
    pub key: PrivateKey,
}

/// The router. Pages of `allow_origins` may call it (`*` for any); the dashboard is the one in the folder `dashboard`, or
/// that which the program was built with; `www` is served below `/` in development.
pub fn router(
    app: Arc<App>,
    allow_origins: &[HeaderValue],
    dashboard: Option<PathBuf>,
    www: Option<PathBuf>,
) -> Router {
    let any = allow_origins.iter().any(|origin| origin == "*");
    let cors = CorsLayer::new()
        .allow_origin(if any { AllowOrigin::any() } else { AllowOrigin::list(allow_origins.iter().cloned()) })
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::CONTENT_ENCODING])
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static("allow")])
        .max_age(Duration::from_hours(24));
    // Entries and exports shrink to a part; hashes do not.
    let tables = NotForContentType::const_new(Format::Parquet.media_type());
    let compress = CompressionLayer::new().compress_when(DefaultPredicate::new().and(tables));
    let mut router = Router::new()
        .route("/v1/batches", post(batches::ingest))
        .route("/v1/plays", get(counts::all))
        .route("/v1/tracks/{id}/plays", get(counts::track))
        .route("/v1/tracks/{id}/retention", get(details::retention))
        .route("/v1/artists/{id}/plays", get(counts::artist))
        .route("/v1/top", get(counts::top))
        .route("/v1/reasons", get(details::reasons))
        .route("/v1/listeners/{sub}", delete(erasure::erase))
        .route("/v1/live", get(live::stream))
        .route("/v1/export", get(export::range).layer(compress.clone()))
        .route("/log/checkpoint", get(log::checkpoint))
        .route("/log/witnessed", get(log::witnessed))
        .route("/log/proof/{index}", get(log::proof))
        .route("/log/vkey", get(log::vkey))
        .route("/log/keys", get(log::keys))
        .route("/log/tile/entries/{*path}", get(log::bundle).layer(compress))
        .route("/log/tile/{*path}", get(log::tile))
        .route("/problems/", get(problems::index))
        .route("/problems/{code}", get(problems::of))
        .route("/openapi.json", get(openapi::document));
    if app.dev.is_some() {
        router = router.route("/dev/token", post(dev::token));
    }
    if app.network_rate.is_some() {
        router = router.route_layer(from_fn_with_state(Arc::clone(&app), admission::of_network));
    }
    // Operations are not limited: they are asked for most when something is wrong.
    router = router
        .route("/healthz", get(ops::health))
        .route("/readyz", get(ops::ready))
        .route("/metrics", get(ops::metrics));
    router = router.merge(dashboard::router(dashboard));
    router = match www {
        Some(folder) => {
            router.fallback_service(ServeDir::new(folder).not_found_service(not_found.into_service()))
        }
        None => router.route("/", get(dashboard::lead)).fallback(not_found),
    };
    router
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(app)
}

async fn not_found() -> Refusal {
    Problem::new(Code::NotFound, "there is nothing at this path; /openapi.json lists what there is").into()
}

async fn method_not_allowed(method: Method) -> Refusal {
    Problem::new(Code::MethodNotAllowed, format!("{method} is not for this path; see the Allow header"))
        .into()
}

// The signature is tower-http's.
#[allow(clippy::needless_pass_by_value)]
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Refusal::from(Problem::new(Code::Internal, "the server failed; send the same again later"))
        .into_response()
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
