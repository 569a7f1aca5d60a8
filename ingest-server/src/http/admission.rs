//! Who is let in, before any work is done: by network, by device, and by what the server has left.

use super::App;
use super::problem::Refusal;
use super::rate::{self, RateLimit};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use delistening_schema::key::DeviceId;
use delistening_schema::problem::{Code, Problem};
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Lets a request through whose network has not sent too many.
pub async fn of_network(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if let Some(limit) = &app.network_rate
        && let Some(network) =
            rate::network(client(peer, request.headers(), app.bounds.forwarded_header.as_ref()))
    {
        take(limit, &network, "network").inspect_err(|problem| app.metrics.refusal(problem.code.as_str()))?;
    }
    Ok(next.run(request).await)
}

/// Lets a device through that has not sent too many requests.
pub fn of_device(app: &App, device: &DeviceId) -> Result<(), Problem> {
    app.device_rate.as_ref().map_or(Ok(()), |limit| take(limit, device, "device"))
}

/// Refuses what could not be finished: before the body is read, and as cheaply as can be.
pub fn of_load(app: &App) -> Result<(), Problem> {
    let committer = app.log.committer();
    if committer.is_stopped() {
        let detail = "intake is closed until the server is restarted; keep the batches and send them later";
        return Err(Problem::new(Code::StorageUnavailable, detail).retry_after(60));
    }
    if committer.is_full() || app.workers.is_full() {
        let detail = "too many requests wait already; send the same again later";
        return Err(Problem::new(Code::Overloaded, detail).retry_after(2));
    }
    Ok(())
}

fn take(limit: &RateLimit, key: &impl Hash, whose: &str) -> Result<(), Problem> {
    limit.take(key).map_err(|wait| {
        let detail = format!("too many requests of this {whose}; send fewer, with more batches in each");
        Problem::new(Code::TooManyRequests, detail).retry_after(wait.as_secs() + 1)
    })
}

/// The client's address: the last one in the header of a trusted proxy, or else the peer's.
pub fn client(peer: SocketAddr, headers: &HeaderMap, trusted: Option<&HeaderName>) -> IpAddr {
    let told = trusted.and_then(|name| {
        let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        let last = value.rsplit(',').next()?.trim();
        last.parse().ok().or_else(|| last.parse().ok().map(|address: SocketAddr| address.ip()))
    });
    told.unwrap_or(peer.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_address_is_the_one_that_the_nearest_proxy_saw() {
        let peer = "10.0.0.1:4000".parse().unwrap();
        let name = HeaderName::from_static("x-forwarded-for");
        let told = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(&name, HeaderValue::from_str(value).unwrap());
            }
            client(peer, &headers, Some(&name)).to_string()
        };
        assert_eq!(told(&["203.0.113.7"]), "203.0.113.7");
        assert_eq!(told(&["6.6.6.6, 203.0.113.7"]), "203.0.113.7", "what the client wrote comes first");
        assert_eq!(told(&["6.6.6.6", "203.0.113.7"]), "203.0.113.7");
        assert_eq!(told(&["203.0.113.7:5000"]), "203.0.113.7");
        assert_eq!(told(&["[2001:db8::1]:5000"]), "2001:db8::1");
        for nothing in [&["unknown"][..], &[""], &[]] {
            assert_eq!(told(nothing), "10.0.0.1");
        }
        let mut headers = HeaderMap::new();
        headers.insert(&name, HeaderValue::from_static("203.0.113.7"));
        assert_eq!(client(peer, &headers, None).to_string(), "10.0.0.1", "not trusted unless told");
    }
}
