//! Finds the bearer token of a request.

use super::{App, now_ms, problem::Refusal};
use axum::http::{HeaderMap, header};
use delistening_schema::problem::{Code, Problem};

/// The token of the `Authorization` header (RFC 6750).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Lets a service through whose token has `scope`.
pub fn service(app: &App, headers: &HeaderMap, scope: &str) -> Result<(), Refusal> {
    let token = bearer(headers).ok_or_else(|| {
        Problem::new(Code::BadToken, "this is not public: send a service token as Authorization: Bearer")
    })?;
    app.authority.service(token, scope, now_ms() / 1_000)?;
    Ok(())
}

/// Lets through who may read counts: a service whose token says so, or who was given a share link.
pub fn reader(app: &App, headers: &HeaderMap) -> Result<(), Refusal> {
    let token = bearer(headers).ok_or_else(|| {
        let detail =
            "this is not public: send a service token, or that of a share link, as Authorization: Bearer";
        Problem::new(Code::BadToken, detail)
    })?;
    reader_with(app, token)
}

/// Lets through whose token may read counts.
pub fn reader_with(app: &App, token: &str) -> Result<(), Refusal> {
    app.authority.reader(token, now_ms() / 1_000)?;
    Ok(())
}
