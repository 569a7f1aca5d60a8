//! Issuers change their keys while the server runs, and nobody notices.

use super::support::{ISSUER, Server, now};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use delistening_ingest::auth::{Issuers, Keyring, Source};
use delistening_ingest::keys::PrivateKey;
use delistening_ingest::outbound;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// The status of a request with a token of `issuer`.
async fn status(server: &Server, issuer: &PrivateKey) -> u16 {
    let token = Server::token_by(issuer, now(), |_| ());
    let body = json!({ "token": token, "batches": [] });
    server.post().body(body.to_string()).send().await.unwrap().status().as_u16()
}

/// Asks until `holds`, for at most as long as a test may take.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let asking = async { while !holds().await {} };
    tokio::time::timeout(Duration::from_secs(30), asking).await.expect("it comes about");
}

#[tokio::test]
async fn keys_in_a_file_change_while_the_server_runs() {
    let server = Server::start().await;
    let jwks = server.folder.path().join("jwks.json");
    let next = PrivateKey::generate().unwrap();
    assert_eq!(status(&server, &next).await, 401);
    std::fs::write(&jwks, next.jwks()).unwrap();
    // The server looks again because of the first token with the new key; SIGHUP would tell it sooner.
    let pid = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    until(async || status(&server, &next).await == 200).await;
    assert_eq!(server.ingest(&[]).await.len(), 0, "tokens of the old key hold for as long as they live");

    std::fs::write(&jwks, "not a JWK set").unwrap();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    let failed = r#"delistening_issuer_keys_total{outcome="failed"}"#;
    until(async || server.get("/metrics").send().await.unwrap().text().await.unwrap().contains(failed)).await;
    assert_eq!(status(&server, &next).await, 200, "a set that cannot be used changes nothing");
}

#[tokio::test]
async fn keys_at_a_url_are_fetched_again_and_kept() {
    let answer = Arc::new(Mutex::new((StatusCode::OK, String::new())));
    let answering = Arc::clone(&answer);
    let serve = move || std::future::ready(answering.lock().unwrap().clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/jwks.json", get(serve))).await.unwrap();
    });
    let kept = tempfile::tempdir().unwrap();
    let client = outbound::client().no_proxy().build().unwrap();
    let open = || {
        let sources = vec![(ISSUER.to_owned(), Source::parse(&url).unwrap())];
        Keyring::open(Issuers::default(), sources, client.clone(), kept.path().join("issuers"))
    };
    let set = |status, text: String| *answer.lock().unwrap() = (status, text);
    let keys = [PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap()];
    let trusted = |keyring: &Keyring, key: &PrivateKey| {
        let jwks: serde_json::Value = serde_json::from_str(&key.jwks()).unwrap();
        keyring.issuers().find(ISSUER, jwks["keys"][0]["kid"].as_str()).is_some()
    };

    set(StatusCode::NOT_FOUND, String::new());
    let error = open().await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("--jwks {url}: ")) && error.contains("404"), "{error}");
    set(StatusCode::OK, keys[0].jwks());
    let keyring = open().await.unwrap();
    assert!(trusted(&keyring, &keys[0]) && !trusted(&keyring, &keys[1]));
    set(StatusCode::OK, keys[1].jwks());
    keyring.refresh(|usable| assert!(usable)).await;
    assert!(trusted(&keyring, &keys[0]) && trusted(&keyring, &keys[1]), "both, for as long as tokens live");
    let large = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(70_000));
    for (status, text) in [
        (StatusCode::OK, large),
        (StatusCode::OK, r#"{"keys":[]}"#.into()),
        (StatusCode::OK, "{".into()),
        (StatusCode::INTERNAL_SERVER_ERROR, keys[0].jwks()),
    ] {
        set(status, text.clone());
        keyring.refresh(|usable| assert!(!usable, "{status}: {text}")).await;
        assert!(trusted(&keyring, &keys[1]), "{status}: {text}");
    }
    // The issuer is away: the server starts with what it fetched last.
    serving.abort();
    let _ = serving.await;
    let keyring = open().await.unwrap();
    assert!(trusted(&keyring, &keys[1]) && !trusted(&keyring, &keys[0]));
}
