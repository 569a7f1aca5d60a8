//! Requests that the app carries itself, so that they go on while it sleeps, or by its own rules.

use crate::errors::CallbackError;
use delistening_sdk_core::{FetchResult, TransportResult};
use http::Uri;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What is under way for longer is given up, and sent again later: the server takes nothing twice.
const TIMEOUT: Duration = Duration::from_mins(10);

/// A request to the server.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HttpRequest {
    /// Where to.
    pub url: String,
    /// `GET` or `POST`.
    pub method: String,
    /// The `Content-Type`, where there is a body.
    pub content_type: Option<String>,
    /// The body; empty for a `GET`. It holds the access token: keep it from logs.
    pub body: Vec<u8>,
}

/// The server's answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`, if there is one.
    #[uniffi(default = None)]
    pub retry_after: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Carries requests in place of the SDK's own client.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait HttpTransport: Send + Sync {
    /// The answer; throws where none came. Redirects are answers and not followed. Cancelled after ten minutes.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, CallbackError>;
}

/// The app's transport, to the server at `endpoint`.
#[derive(Clone)]
pub struct AppTransport {
    pub transport: Arc<dyn HttpTransport>,
    pub endpoint: Uri,
    pub batches: Uri,
}

impl AppTransport {
    pub async fn post(&self, body: String) -> TransportResult {
        let request = HttpRequest {
            url: self.batches.to_string(),
            method: "POST".to_owned(),
            content_type: Some("application/json".to_owned()),
            body: body.into_bytes(),
        };
        match self.answer(request).await {
            Some(HttpResponse { status, retry_after, body }) => TransportResult::Answer {
                status,
                retry_after_s: retry_after.and_then(|text| super::wait(&text, SystemTime::now())),
                body: String::from_utf8_lossy(&body).into_owned(),
            },
            None => TransportResult::NetworkError,
        }
    }

    pub async fn get(&self, path: &str) -> FetchResult {
        let Ok(url) = super::below(&self.endpoint, path, None) else { return FetchResult::NetworkError };
        let request = HttpRequest {
            url: url.to_string(),
            method: "GET".to_owned(),
            content_type: None,
            body: Vec::new(),
        };
        match self.answer(request).await {
            Some(HttpResponse { status, body, .. }) => FetchResult::Answer { status, body },
            None => FetchResult::NetworkError,
        }
    }

    async fn answer(&self, request: HttpRequest) -> Option<HttpResponse> {
        let answer = tokio::time::timeout(TIMEOUT, self.transport.send(request)).await.ok()?.ok()?;
        (answer.body.len() <= super::ANSWER_BYTES).then_some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Transport;
    use std::sync::Mutex;

    /// Gives an answer, or nothing, and keeps what was asked.
    struct App(Option<HttpResponse>, Mutex<Vec<HttpRequest>>);

    #[async_trait::async_trait]
    impl HttpTransport for App {
        async fn send(&self, request: HttpRequest) -> Result<HttpResponse, CallbackError> {
            self.1.lock().unwrap().push(request);
            self.0.clone().ok_or_else(|| CallbackError::Failed { reason: "no network".to_owned() })
        }
    }

    fn ask(answer: Option<HttpResponse>) -> (TransportResult, FetchResult, Vec<HttpRequest>) {
        let app = Arc::new(App(answer, Mutex::default()));
        let endpoint = "https://plays.example.com/in/?a=b".parse().unwrap();
        let transport = Transport::through(app.clone(), &endpoint, "the-device").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (posted, got) = runtime.block_on(async {
            (transport.post("{}".to_owned()).await, transport.get("log/checkpoint").await)
        });
        let asked = app.1.lock().unwrap().clone();
        (posted, got, asked)
    }

    #[test]
    fn the_app_is_given_all_that_a_request_needs_and_the_log_is_asked_without_a_name() {
        let answer = HttpResponse { status: 429, retry_after: Some("17".to_owned()), body: b"busy".to_vec() };
        let (posted, got, asked) = ask(Some(answer));
        let body = "busy".to_owned();
        assert_eq!(posted, TransportResult::Answer { status: 429, retry_after_s: Some(17), body });
        assert_eq!(got, FetchResult::Answer { status: 429, body: b"busy".to_vec() });
        let post = HttpRequest {
            url: "https://plays.example.com/in/v1/batches?a=b&device=the-device".to_owned(),
            method: "POST".to_owned(),
            content_type: Some("application/json".to_owned()),
            body: b"{}".to_vec(),
        };
        let get = HttpRequest {
            url: "https://plays.example.com/in/log/checkpoint?a=b".to_owned(),
            method: "GET".to_owned(),
            content_type: None,
            body: Vec::new(),
        };
        assert_eq!(asked, [post, get]);
    }

    #[test]
    fn an_app_that_throws_or_gives_too_much_gave_no_answer() {
        let large =
            HttpResponse { status: 200, retry_after: None, body: vec![0; super::super::ANSWER_BYTES + 1] };
        for answer in [None, Some(large)] {
            let (posted, got, _) = ask(answer);
            assert_eq!((posted, got), (TransportResult::NetworkError, FetchResult::NetworkError));
        }
    }
}
