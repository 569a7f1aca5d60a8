//! Carries request bodies to the server. When to send and what an answer means is the core's.

use delistening_sdk_core::TransportResult;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Far more than an answer about sixteen batches has.
const ANSWER_BYTES: usize = 1024 * 1024;

#[derive(Clone, Debug)]
pub struct Transport {
    client: Client,
    url: Url,
}

/// The certificate authorities that Mozilla trusts, compiled in: Android's own cannot be asked without a way
/// into its virtual machine, and one rule for all platforms is one rule to test.
pub fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

impl Transport {
    /// Posts to `v1/batches` below `endpoint`; `device` lets a load balancer keep a device on one node.
    pub fn new(endpoint: &Url, device: &str, roots: RootCertStore) -> Result<Self, String> {
        let mut url = endpoint.clone();
        url.set_path(&format!("{}/v1/batches", endpoint.path().trim_end_matches('/')));
        url.query_pairs_mut().append_pair("device", device);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            // A network that wants a login redirects to it: that is no answer, and no place to send a token to.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, url })
    }

    pub async fn post(&self, body: String) -> TransportResult {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let Ok(response) = request.send().await else { return TransportResult::NetworkError };
        let status = response.status().as_u16();
        let retry_after_s = retry_after(response.headers(), SystemTime::now());
        match read(response).await {
            Some(body) => TransportResult::Answer { status, retry_after_s, body },
            None => TransportResult::NetworkError,
        }
    }
}

/// The body; `None` where it breaks off or is longer than any answer.
async fn read(mut response: Response) -> Option<String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&body).into_owned())
}

/// Seconds in a `Retry-After` header, which holds seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let wait = httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default();
    Some(wait.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
