//! `GET /problems/…`: a page for each problem, to which its `type` leads. Made from the contract's list.

use super::problem::Refusal;
use super::segment::Segment;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use delistening_schema::problem::{Action, Code, Problem};
use std::fmt::Write as _;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
const STYLE: &str = ":root{color-scheme:light dark;font:1rem/1.6 system-ui,sans-serif}\
    body{max-width:44rem;margin:3rem auto;padding:0 1rem}\
    dt{font-weight:600;margin-top:1rem}dd{margin:0}table{border-collapse:collapse;width:100%}\
    th,td{text-align:start;padding:.3rem .8rem .3rem 0;vertical-align:top}a{color:light-dark(#5a3fd6,#a996ff)}";

/// The list.
pub async fn index() -> Response {
    let mut rows = String::new();
    for code in Code::ALL {
        // Writing to a string cannot fail.
        let _ = write!(
            rows,
            "<tr><th scope=\"row\"><a href=\"/problems/{code}\">{code}</a></th><td>{}</td><td>{}</td><td>{}</td></tr>",
            code.status(),
            code.action().as_str(),
            code.meaning()
        );
    }
    page(
        "Problems",
        &format!(
            "<p>Everything that the server refuses, it refuses with one of these codes (RFC 9457).</p>\
             <table><thead><tr><th scope=\"col\">Code</th><th scope=\"col\">Status</th><th scope=\"col\">Action</th>\
             <th scope=\"col\">Means</th></tr></thead><tbody>{rows}</tbody></table>"
        ),
    )
}

/// The page of one.
pub async fn of(Segment(code): Segment<String>) -> Result<Response, Refusal> {
    let Some(code) = Code::ALL.iter().copied().find(|known| known.as_str() == code) else {
        return Err(Problem::new(Code::NotFound, "there is no such problem; /problems/ lists all").into());
    };
    let body = format!(
        "<p>{}</p><dl><dt>Status</dt><dd>{}</dd><dt>What a client does (<code>{}</code>)</dt><dd>{}</dd>\
         <dt>Why it happens, and what helps</dt><dd>{}</dd></dl><p><a href=\"/problems/\">All problems</a></p>",
        code.meaning(),
        code.status(),
        code.action().as_str(),
        advice(code.action()),
        remedy(code),
    );
    Ok(page(&format!("{}: <code>{code}</code>", code.title()), &body))
}

fn page(title: &str, body: &str) -> Response {
    let name = title.replace("<code>", "").replace("</code>", "");
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{name}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let headers: [(HeaderName, HeaderValue); 2] = [
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, Html(text)).into_response()
}

const fn advice(action: Action) -> &'static str {
    match action {
        Action::Retry => {
            "Send the same again later, not before <code>retry_after</code> seconds, and later each time."
        }
        Action::Refresh => "Get a new token, then send the same again.",
        Action::Drop => "Give this batch up: it will never be accepted. Others may be.",
        Action::Stop => "Send nothing more and tell a person. What is stored is kept.",
    }
}

/// The usual causes, and what helps.
const fn remedy(code: Code) -> &'static str {
    match code {
        Code::MalformedRequest => {
            "The body is not JSON of the form that <code>/openapi.json</code> describes. Look at <code>detail</code> for \
             the place."
        }
        Code::InvalidParameter => {
            "A parameter is unknown, out of range, or does not go with the others; <code>detail</code> names it. \
             Nothing is guessed, so that a question that was misspelled has no answer instead of a wrong one."
        }
        Code::NotFound => {
            "The path is misspelled, or what it names is not there (yet). <code>/openapi.json</code> lists all."
        }
        Code::MethodNotAllowed => "The header <code>Allow</code> names the methods of this path.",
        Code::UnsupportedMediaType => {
            "Send <code>application/json</code>, or the same JSON as <code>text/plain</code>."
        }
        Code::UnsupportedEncoding => "Send the body as it is, or encoded with gzip or zstd.",
        Code::TooLarge => {
            "The limits in force are <code>x-limits</code> in <code>/openapi.json</code>. A client splits what it sends; one \
             batch that is too large by itself cannot be sent."
        }
        Code::RequestTimeout => {
            "The network was too slow, or stood still. A client that sends less at once gets through."
        }
        Code::BadToken => {
            "There was no token, its form or signature is wrong, its key is not among those of the issuer, or it is for \
             another audience. If every device meets this, compare <code>--issuer</code>, <code>--audience</code> and the \
             JWK set with what the backend issues."
        }
        Code::ExpiredToken => {
            "Tokens live 15 minutes at most. If it comes at once with each new token, a clock is wrong: the backend's or the \
             server's."
        }
        Code::InsufficientScope => {
            "Devices need <code>plays:write</code>; services need <code>counts:read</code>, <code>export:read</code> or \
             <code>listeners:erase</code>. Share links read counts alone."
        }
        Code::WrongDevice => {
            "The token names another key in <code>cnf.jkt</code>. Ask the backend for a token for this device's id."
        }
        Code::WrongListener => {
            "The batch was sealed for somebody else, who used the device before. It is sent with a token of that listener, \
             or given up."
        }
        Code::WrongAudience => "The batch, or the client's settings, name another service than this one.",
        Code::MalformedBatch => {
            "The batch is not a JWS in compact serialization with the payload that the protocol describes; \
             <code>detail</code> says what is missing. This is a mistake in the client."
        }
        Code::UnsupportedVersion => {
            "The client is newer than the server. Update the server first, then the clients."
        }
        Code::BadSignature => {
            "The bytes were changed on the way or on the device's disk, or the client signs something else than it sends."
        }
        Code::UnacceptableKey => {
            "The key is not Ed25519 in its canonical form, or is of small order. The device begins anew with a new key."
        }
        Code::SequenceFork => {
            "Two batches claim the same place in the device's chain: a copy of the device's storage is in use elsewhere, or \
             it was put back from a backup. The device begins anew with a new key; the analysis counts such forks."
        }
        Code::SequenceGap => {
            "The device lost batches that were never sent, or they are on their way through another node. Nothing needs to be \
             done; many gaps make plays suspect."
        }
        Code::MalformedEvent => {
            "A member of the event is missing or out of range; <code>detail</code> names it, <code>event</code> its place. \
             This is a mistake in the client."
        }
        Code::UnknownEventType => "The client is newer than the server, or the type is misspelled.",
        Code::TooManyRequests => {
            "The device, or its network, sent more requests than it may: see <code>--device-rate</code> and \
             <code>--network-rate</code>. Batches are gathered, and sent with fewer requests."
        }
        Code::Overloaded => {
            "More came in than the server can verify or write. Clients wait and lose nothing; if it lasts, give the server \
             more processors or a faster disk, or put another node beside it."
        }
        Code::StorageUnavailable => {
            "The disk is full or failed, or the store does not answer. The server's log says which; <code>/readyz</code> says \
             whether batches are taken."
        }
        Code::Internal => {
            "This is a mistake in the server: its log says more. The client sends the same again later."
        }
    }
}
