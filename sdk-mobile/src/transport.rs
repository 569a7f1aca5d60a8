//! Carries requests to the server, by a client of its own or by the app's. When to send and what an answer means is the
//! core's.

mod app;

pub use app::{AppTransport, HttpRequest, HttpResponse, HttpTransport};

use delistening_sdk_core::{FetchResult, TransportResult};
use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::response::Parts;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Far more than an answer about sixteen batches has.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Who carries requests.
#[derive(Clone)]
pub enum Transport {
    Own(Box<Https>),
    App(AppTransport),
}

/// The client of our own.
#[derive(Clone, Debug)]
pub struct Https {
    client: Client<HttpsConnector<HttpConnector>, String>,
    endpoint: Uri,
    batches: Uri,
}

/// The certificate authorities that Mozilla trusts, compiled in: Android's own cannot be asked without a way
/// into its virtual machine, and one rule for all platforms is one rule to test.
pub fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

impl Transport {
    /// Posts to `v1/batches` below `endpoint`; `device` lets a load balancer keep a device on one node.
    pub fn new(endpoint: &Uri, device: &str, roots: RootCertStore) -> Result<Self, String> {
        Https::new(endpoint.clone(), batches(endpoint, device)?, roots).map(Box::new).map(Self::Own)
    }

    /// The same through the app.
    pub fn through(transport: Arc<dyn HttpTransport>, endpoint: &Uri, device: &str) -> Result<Self, String> {
        let batches = batches(endpoint, device)?;
        Ok(Self::App(AppTransport { transport, endpoint: endpoint.clone(), batches }))
    }

    pub async fn post(&self, body: String) -> TransportResult {
        match self {
            Self::Own(client) => client.post(body).await,
            Self::App(client) => client.post(body).await,
        }
    }

    /// Gets what the log shows to anybody: the request names neither device nor listener.
    pub async fn get(&self, path: &str) -> FetchResult {
        match self {
            Self::Own(client) => client.get(path).await,
            Self::App(client) => client.get(path).await,
        }
    }
}

impl Https {
    fn new(endpoint: Uri, batches: Uri, roots: RootCertStore) -> Result<Self, String> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Self { client, endpoint, batches })
    }

    /// A redirect is an answer like any other: networks that want a login give one, and a token has no business
    /// where it leads.
    async fn post(&self, body: String) -> TransportResult {
        let answer = tokio::time::timeout(TIMEOUT, self.ask(body)).await;
        answer.ok().flatten().unwrap_or(TransportResult::NetworkError)
    }

    /// `None` where nothing came, where it broke off, or where it is longer than any answer.
    async fn ask(&self, body: String) -> Option<TransportResult> {
        let request =
            Request::post(self.batches.clone()).header(CONTENT_TYPE, "application/json").body(body).ok()?;
        let (head, body) = self.answer(request).await?;
        Some(TransportResult::Answer {
            status: head.status.as_u16(),
            retry_after_s: retry_after(&head.headers, SystemTime::now()),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    async fn get(&self, path: &str) -> FetchResult {
        let ask = async {
            let request = Request::get(below(&self.endpoint, path, None).ok()?).body(String::new()).ok()?;
            let (head, body) = self.answer(request).await?;
            Some(FetchResult::Answer { status: head.status.as_u16(), body })
        };
        tokio::time::timeout(TIMEOUT, ask).await.ok().flatten().unwrap_or(FetchResult::NetworkError)
    }

    async fn answer(&self, request: Request<String>) -> Option<(Parts, Vec<u8>)> {
        let (head, body) = self.client.request(request).await.ok()?.into_parts();
        Some((head, Limited::new(body, ANSWER_BYTES).collect().await.ok()?.to_bytes().into()))
    }
}

fn batches(endpoint: &Uri, device: &str) -> Result<Uri, String> {
    below(endpoint, "v1/batches", Some(device)).map_err(|error| error.to_string())
}

/// A path below the endpoint, with the endpoint's own query and the device's name if that is to be told.
fn below(endpoint: &Uri, path: &str, device: Option<&str>) -> http::Result<Uri> {
    let base = endpoint.path().trim_end_matches('/');
    let device = device.map(|device| format!("device={device}"));
    let query: Vec<&str> = endpoint.query().into_iter().chain(device.as_deref()).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut parts = endpoint.clone().into_parts();
    parts.path_and_query = Some(format!("{base}/{path}{query}").parse()?);
    Ok(Uri::from_parts(parts)?)
}

/// Seconds in a `Retry-After` header, which holds seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
    wait(headers.get(RETRY_AFTER)?.to_str().ok()?, now)
}

fn wait(text: &str, now: SystemTime) -> Option<u64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let wait = httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default();
    Some(wait.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
