//! `POST /dev/token`: tokens for anyone on this machine. Mounted by `serve --dev` alone.

use super::connections::Connection;
use super::problem::Refusal;
use super::{App, body, now_ms};
use crate::keys::TokenRequest;
use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use delistening_schema::key::DeviceId;
use delistening_schema::problem::{Code, Problem};
use delistening_schema::token::{SCOPE_WRITE_PLAYS, SERVICE_SCOPES};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;

/// Which token: for a device, or for a service that reads counts.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    device: Option<DeviceId>,
    listener: Option<String>,
    scope: Option<String>,
}

/// The token.
#[derive(Debug, Serialize)]
pub struct Token {
    token: String,
}

const LIFE_S: u64 = 300;

pub async fn token(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(connection): Extension<Arc<Connection>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Token>, Refusal> {
    // A page on another site can make a browser on this machine call here under a name of its own (DNS
    // rebinding): the host must be this machine's own name.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !peer.ip().is_loopback() || !is_loopback_name(host) {
        return Err(
            Problem::new(Code::InsufficientScope, "development tokens are for this machine only").into()
        );
    }
    let received = body::read(&app, &connection, &headers, body).await?;
    let wanted: Wanted = serde_json::from_slice(&received.bytes)
        .map_err(|error| Problem::new(Code::MalformedRequest, format!("not a token request: {error}")))?;
    let Some(dev) = &app.dev else {
        return Err(Problem::new(Code::NotFound, "there is nothing at this path").into());
    };
    let (scope, subject) = match (&wanted.device, wanted.scope.as_deref()) {
        (Some(_), None) => (SCOPE_WRITE_PLAYS, wanted.listener.unwrap_or_else(|| "dev-listener".to_owned())),
        (None, Some(scopes)) if scopes.split(' ').all(|scope| SERVICE_SCOPES.contains(&scope)) => {
            (scopes, "dev-service".to_owned())
        }
        _ => {
            let detail =
                format!("ask with a device, or with some of the scopes {}", SERVICE_SCOPES.join(", "));
            return Err(Problem::new(Code::MalformedRequest, detail).into());
        }
    };
    let request = TokenRequest {
        issuer: dev.issuer.clone(),
        audience: app.authority.audience().to_owned(),
        subject,
        scope: scope.to_owned(),
        device: wanted.device,
        life_s: LIFE_S,
    };
    Ok(Json(Token { token: request.sign(&dev.key, now_ms() / 1_000) }))
}

fn is_loopback_name(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
    });
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_own_names_are_accepted() {
        for host in ["localhost", "localhost:8787", "127.0.0.1:1", "[::1]:8787", "[::1]"] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in ["", "evil.example", "evil.example:8787", "127.0.0.1.evil.example", "localhost.evil:80"] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }
}
