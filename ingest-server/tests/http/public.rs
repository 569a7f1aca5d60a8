//! What everybody may ask: methods, paths, the ledger, operations, CORS, and development tokens.

use super::support::{Device, Server, expect_problem, response_json};
use delistening_schema::ledger::{Checkpoint, LogKey, merkle};
use delistening_schema::problem::{Code, Problem};
use delistening_schema::{Hash, token::Claims};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn wrong_methods_and_paths_are_refused() {
    let server = Server::start_with(true).await;
    for (path, right) in [
        ("/v1/batches", "POST"),
        ("/v1/plays", "GET,HEAD"),
        ("/v1/tracks/t/plays", "GET,HEAD"),
        ("/v1/artists/a/plays", "GET,HEAD"),
        ("/v1/top", "GET,HEAD"),
        ("/v1/tracks/t/retention", "GET,HEAD"),
        ("/v1/reasons", "GET,HEAD"),
        ("/problems/", "GET,HEAD"),
        ("/v1/live", "GET,HEAD"),
        ("/log/checkpoint", "GET,HEAD"),
        ("/log/vkey", "GET,HEAD"),
        ("/log/tile/0/000", "GET,HEAD"),
        ("/healthz", "GET,HEAD"),
        ("/readyz", "GET,HEAD"),
        ("/metrics", "GET,HEAD"),
        ("/openapi.json", "GET,HEAD"),
        ("/dev/token", "POST"),
    ] {
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let response = server.client.request(method, server.url(path)).send().await.unwrap();
            assert_eq!(response.headers()["allow"], right, "{path}");
            expect_problem(response, 405, "method-not-allowed", path).await;
        }
    }
    for path in ["/v1", "/v2/batches", "/log", "/log/tile", "/v1/tracks", "/%00", "/..%2f..%2fetc/passwd"] {
        expect_problem(server.get(path).send().await.unwrap(), 404, "not-found", path).await;
    }
}

#[tokio::test]
async fn the_type_of_each_problem_leads_to_a_page_about_it() {
    let server = Server::start().await;
    let page = async |path: &str| {
        let response = server.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        response.text().await.unwrap()
    };
    let index = page("/problems/").await;
    for &code in Code::ALL {
        let problem = Problem::new(code, "");
        let text = page(&problem.r#type).await;
        for part in [problem.code.as_str(), &problem.title, code.meaning().trim(), code.action().as_str()] {
            assert!(text.contains(part), "{code}: {part}");
        }
        assert!(index.contains(&format!("href=\"{}\"", problem.r#type)), "{code}");
    }
    for path in ["/log/proof/x", "/log/proof/-1", "/v1/tracks/%ff/plays", "/problems/%ff"] {
        expect_problem(server.get(path).send().await.unwrap(), 400, "invalid-parameter", path).await;
    }
    expect_problem(server.get("/problems/none").send().await.unwrap(), 404, "not-found", "no such problem")
        .await;
}

#[tokio::test]
async fn the_ledger_is_what_its_checkpoint_says() {
    let server = Server::start().await;
    let mut device = Device::new(1);
    for _ in 0..30 {
        let batches: Vec<String> = (0..10).map(|_| device.seal(&[])).collect();
        server.ingest(&batches).await;
    }
    let text = async |path: &str| server.get(path).send().await.unwrap().text().await.unwrap();
    let key = LogKey::parse(text("/log/vkey").await.trim()).unwrap();
    let checkpoint = Checkpoint::verify(&text("/log/checkpoint").await, &key).unwrap();
    assert_eq!(checkpoint.size, 301);
    let mut leaves = Vec::new();
    for (tile, bundle) in
        [("/log/tile/0/000", "/log/tile/entries/000"), ("/log/tile/0/001.p/45", "/log/tile/entries/001.p/45")]
    {
        let response = server.get(tile).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/octet-stream");
        assert!(response.headers()["cache-control"].to_str().unwrap().contains("immutable"));
        let hashes = response.bytes().await.unwrap();
        let entries = server.get(bundle).send().await.unwrap().bytes().await.unwrap();
        let mut rest = &entries[..];
        for hash in hashes.as_chunks::<32>().0 {
            let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            assert_eq!(merkle::leaf_hash(&rest[2..2 + length]), Hash(*hash));
            rest = &rest[2 + length..];
            leaves.push(Hash(*hash));
        }
    }
    assert_eq!(merkle::tree_root(&leaves), checkpoint.root);
    // Entries are compressed for those who take it, hashes are not.
    let compressed = async |path: &str| {
        let response = server.get(path).header("accept-encoding", "gzip").send().await.unwrap();
        (response.headers().get("content-encoding").cloned(), response.bytes().await.unwrap())
    };
    let (encoding, bytes) = compressed("/log/tile/entries/000").await;
    assert_eq!(encoding.unwrap(), "gzip");
    let mut entries = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut entries).unwrap();
    assert_eq!(entries, server.get("/log/tile/entries/000").send().await.unwrap().bytes().await.unwrap());
    assert!(bytes.len() * 3 < entries.len() * 2);
    assert_eq!(compressed("/log/tile/0/000").await.0, None);
    let brief = server.get("/log/checkpoint").send().await.unwrap();
    assert_eq!(brief.headers()["cache-control"], "public, max-age=1");
    assert_eq!(brief.headers()["content-type"], "text/plain; charset=utf-8");
    for path in [
        "/log/tile/0/002",
        "/log/tile/0/001",
        "/log/tile/0/001.p/46",
        "/log/tile/0/001.p/0",
        "/log/tile/0/001.p/256",
        "/log/tile/0/1",
        "/log/tile/64/000",
        "/log/tile/x/000",
        "/log/tile/00/000",
        "/log/tile/entries",
        "/log/tile/entries/x000/000",
        "/log/tile/entries/001.p/46",
        "/log/tile/0/x999/x999/x999/x999/x999/x999/999",
    ] {
        expect_problem(server.get(path).send().await.unwrap(), 404, "not-found", path).await;
    }
}

#[tokio::test]
async fn operations_answer() {
    let server = Server::start().await;
    server.ingest(&[Device::new(1).seal(&[]), "not a batch".into()]).await;
    let text = async |path: &str| server.get(path).send().await.unwrap().text().await.unwrap();
    assert_eq!((text("/healthz").await.as_str(), text("/readyz").await.as_str()), ("ok\n", "ready\n"));
    let metrics = text("/metrics").await;
    for line in [
        r#"delistening_batches_total{outcome="accepted"} 1"#,
        r#"delistening_batches_total{outcome="refused"} 1"#,
        r#"delistening_refusals_total{code="malformed-batch"} 1"#,
        "delistening_log_size 2",
        "delistening_intake_stopped 0",
        "delistening_ack_seconds_count 1",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    let openapi = response_json(server.get("/openapi.json").send().await.unwrap()).await;
    assert_eq!(openapi["openapi"], "3.1.0");
    assert_eq!(openapi["x-limits"]["request_batches"], 16);
}

#[tokio::test]
async fn pages_of_other_sites_may_post_without_a_preflight_and_read_the_answer() {
    let server = Server::start().await;
    let origin = "https://player.example";
    let simple = server
        .client
        .post(server.url("/v1/batches"))
        .header("origin", origin)
        .header("content-type", "text/plain;charset=UTF-8")
        .body(json!({ "token": server.token(), "batches": [] }).to_string());
    let response = simple.send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["access-control-allow-origin"]),
        (200, &"*".parse().unwrap())
    );
    let preflight = server
        .client
        .request(Method::OPTIONS, server.url("/v1/batches"))
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let response = preflight.send().await.unwrap();
    assert!(response.status().is_success());
    let allowed = response.headers()["access-control-allow-headers"].to_str().unwrap().to_owned();
    assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{allowed}");
}

#[tokio::test]
async fn development_tokens_are_for_this_machine_alone() {
    let server = Server::start_with(true).await;
    let ask = |host: &'static str, body: serde_json::Value| {
        let request = server.client.post(server.url("/dev/token")).header("content-type", "application/json");
        let request = if host.is_empty() { request } else { request.header("host", host) };
        request.body(body.to_string()).send()
    };
    let device = Device::new(1).id();
    let response = ask("", json!({ "device": device, "listener": "me" })).await.unwrap();
    let token = response_json(response).await["token"].as_str().unwrap().to_owned();
    let claims = Claims::peek(&token).unwrap();
    assert_eq!((claims.sub.as_str(), claims.cnf.unwrap().jkt), ("me", device));
    let rebound = ask("evil.example", json!({ "device": device })).await.unwrap();
    expect_problem(rebound, 403, "insufficient-scope", "a name that is not this machine's").await;
    for body in [json!({}), json!({ "device": "x" }), json!({ "scope": "admin" }), json!([])] {
        expect_problem(ask("", body.clone()).await.unwrap(), 400, "malformed-request", &body.to_string())
            .await;
    }
    let plain = Server::start().await;
    let missing = plain.client.post(plain.url("/dev/token")).body("{}").send().await.unwrap();
    expect_problem(missing, 404, "not-found", "without --dev").await;
}
