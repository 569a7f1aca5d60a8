//! The dashboard's pages, and the share links that let people see counts without an account.

use super::support::{Server, expect_problem, now, response_json};
use delistening_schema::limits::SHARE_LIFE_S;
use reqwest::Method;

#[tokio::test]
async fn its_pages_are_guarded_and_hold_no_more_than_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    let pages = folder.path().join("pages");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("index.html"), "<!doctype html>").unwrap();
    std::fs::write(pages.join("main.js"), "1").unwrap();
    let server = Server::start_changed(|options| options.dashboard = Some(pages)).await;
    for (path, kind) in [("/dashboard/", "text/html"), ("/dashboard/main.js", "text/javascript")] {
        let response = server.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert!(header("content-type").starts_with(kind), "{path}");
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        assert_eq!((header("x-content-type-options"), header("referrer-policy")), ("nosniff", "no-referrer"));
    }
    for path in ["/", "/dashboard"] {
        let response = server.get(path).send().await.unwrap();
        assert_eq!(response.status(), 307, "{path}");
        assert_eq!(response.headers()["location"], "/dashboard/", "{path}");
    }
    for path in ["/dashboard/none", "/dashboard/%2e%2e/secret", "/dashboard/..%2fsecret"] {
        let response = server.get(path).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        assert!(!response.text().await.unwrap().contains("secret"), "{path}");
    }
}

#[tokio::test]
async fn a_share_link_reads_counts_and_nothing_else() {
    let server = Server::start().await;
    let share = server.share_token(now(), SHARE_LIFE_S);
    for path in ["/v1/plays", "/v1/top?by=country", "/v1/tracks/one/plays"] {
        assert_eq!(server.get(path).bearer_auth(&share).send().await.unwrap().status(), 200, "{path}");
    }
    let live = server.get("/v1/live").bearer_auth(&share).send().await.unwrap();
    assert_eq!(live.status(), 200);
    for (method, path) in [(Method::GET, "/v1/export"), (Method::DELETE, "/v1/listeners/listener-1")] {
        let request = server.client.request(method, server.url(path)).bearer_auth(&share);
        expect_problem(request.send().await.unwrap(), 401, "bad-token", path).await;
    }
    let body = serde_json::json!({ "token": share, "batches": [] }).to_string();
    let answer = server.post().body(body).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    for (about, token, code) in [
        ("it has expired", server.share_token(now() - 1_000, 900), "expired-token"),
        ("it lives too long", server.share_token(now(), SHARE_LIFE_S + 1), "bad-token"),
        ("it is from the future", server.share_token(now() + 1_000, 900), "bad-token"),
        ("it was changed", share.replacen('.', ".A", 1), "bad-token"),
    ] {
        let response = server.get("/v1/plays").bearer_auth(token).send().await.unwrap();
        expect_problem(response, 401, code, about).await;
    }
}

#[tokio::test]
async fn what_is_listed_goes_with_whose_plays_are_listed() {
    let server = Server::start().await;
    for query in
        ["", "?by=song", "?by=track&track=one", "?by=artist&artist=a", "?by=country&track=a&artist=b"]
    {
        let path = format!("/v1/top{query}");
        let response = server.get(&path).bearer_auth(server.service_token()).send().await.unwrap();
        expect_problem(response, 400, "invalid-parameter", &path).await;
    }
    let path = "/v1/plays?track=one";
    let response = server.get(path).bearer_auth(server.service_token()).send().await.unwrap();
    expect_problem(response, 400, "invalid-parameter", path).await;
    let path = "/v1/top?by=source&track=one";
    let response = server.get(path).bearer_auth(server.service_token()).send().await.unwrap();
    assert_eq!(response_json(response).await["items"], serde_json::json!([]));
}
