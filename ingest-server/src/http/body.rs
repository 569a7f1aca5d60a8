//! Reads a body: of the right type, bounded in size and time.

use super::problem::Refusal;
use axum::body::Body;
use axum::body::to_bytes;
use axum::http::{HeaderMap, header};
use delistening_schema::limits;
use delistening_schema::problem::{Code, Problem};
use std::time::Duration;

/// Reads a JSON body sent as `application/json` or `text/plain`.
pub async fn read(headers: &HeaderMap, body: Body, timeout: Duration) -> Result<Vec<u8>, Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let content = text(header::CONTENT_TYPE).unwrap_or_default();
    let media = content.split(';').next().unwrap_or_default().trim();
    if !["application/json", "text/plain"].iter().any(|accepted| media.eq_ignore_ascii_case(accepted)) {
        let detail = "send the body as application/json or text/plain";
        return Err(Problem::new(Code::UnsupportedMediaType, detail).into());
    }
    // The decompressing layer takes this header off when it has done its work.
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        let detail = "send the body as it is, or encoded with gzip or zstd";
        return Err(Problem::new(Code::UnsupportedEncoding, detail).into());
    }
    let most = limits::REQUEST_BYTES;
    let too_large = || {
        Problem::new(Code::TooLarge, format!("a request may have at most {most} bytes; send fewer batches"))
    };
    let announced = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(too_large().into());
    }
    match tokio::time::timeout(timeout, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(error)) if is_length_limit(&error) => Err(too_large().into()),
        Ok(Err(error)) => {
            let detail = format!("the body did not arrive whole or cannot be decoded: {error}");
            Err(Problem::new(Code::MalformedRequest, detail).into())
        }
        Err(_) => {
            let detail = format!("the body did not arrive within {} s; send it again", timeout.as_secs());
            Err(Problem::new(Code::RequestTimeout, detail).retry_after(1).into())
        }
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}
