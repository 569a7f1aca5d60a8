//! Erasure as a service asks for it.

use super::support::{Device, Server, expect_problem, response_json, session};
use delistening_schema::ledger::{Entry, Receipt};
use delistening_schema::token::{SCOPE_ERASE, SCOPE_READ_EXPORT};
use reqwest::Response;
use serde_json::json;

async fn delete(server: &Server, listener: &str, token: &str) -> Response {
    let request = server.client.delete(server.url(&format!("/v1/listeners/{listener}"))).bearer_auth(token);
    request.send().await.unwrap()
}

fn service(server: &Server, scope: &str) -> String {
    server.token_with(|request| {
        (request.scope, request.device, request.subject) = (scope.into(), None, "privacy".into());
    })
}

#[tokio::test]
async fn a_listener_is_erased_by_whoever_may_do_that_and_nobody_else() {
    let server = Server::start().await;
    let mut device = Device::new(1);
    let batches = [device.seal(&session(1, "track-1", 12_000)), device.seal(&session(2, "track-2", 12_000))];
    let before = server.ingest(&batches).await;
    let token = service(&server, SCOPE_ERASE);

    let without = server.client.delete(server.url("/v1/listeners/listener-1")).send().await.unwrap();
    expect_problem(without, 401, "bad-token", "without a token").await;
    for token in [service(&server, SCOPE_READ_EXPORT), server.service_token(), server.token()] {
        expect_problem(
            delete(&server, "listener-1", &token).await,
            403,
            "insufficient-scope",
            "another scope",
        )
        .await;
    }
    let long = "x".repeat(2_000);
    expect_problem(delete(&server, &long, &token).await, 400, "invalid-parameter", "a long name").await;
    let nobody = response_json(delete(&server, "nobody", &token).await).await;
    assert_eq!(nobody, json!({ "entries": [], "batches": 0, "verdicts": 0 }));

    let erased = response_json(delete(&server, "listener-1", &token).await).await;
    assert_eq!(erased["batches"], 2, "{erased}");
    let counts = server.get("/v1/plays").bearer_auth(server.service_token()).send().await.unwrap();
    assert_eq!(response_json(counts).await["valid"], 0);
    // The log says what was erased, and proves it.
    let index = &erased["entries"][0];
    let proof = server.get(&format!("/log/proof/{index}")).send().await.unwrap().text().await.unwrap();
    let entry = Entry::from_bytes(&Receipt::parse(&proof).unwrap().entry);
    assert!(matches!(entry, Some(Entry::Erasure(erasure)) if erasure.batches == [1, 2]));
    // The device learns nothing new when it sends the same again.
    for (before, after) in before.iter().zip(server.ingest(&batches).await) {
        assert_eq!((&after["status"], &after["receipt"]), (&json!("duplicate"), &before["receipt"]));
    }
    let export = service(&server, SCOPE_READ_EXPORT);
    let export = server.get("/v1/export").bearer_auth(export).send().await.unwrap().text().await.unwrap();
    assert!(!export.contains("\"jws\""), "{export}");
    let again = response_json(delete(&server, "listener-1", &token).await).await;
    assert_eq!(again, json!({ "entries": [], "batches": 0, "verdicts": 0 }));
}
