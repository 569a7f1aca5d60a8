//! What clients may not take: refused early, with a code and a time to wait, and others are served all the while.

use super::support::{Device, Server, expect_problem, response_json};
use delistening_ingest::config::BoundsOptions;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn server(change: impl FnOnce(&mut BoundsOptions)) -> Server {
    let mut bounds = BoundsOptions { device_rate: 0, ..BoundsOptions::default() };
    change(&mut bounds);
    Server::start_bounded(bounds).await
}

/// Sends the head of a request and what else is given, and reads until the server closes or the answer is whole.
async fn raw(server: &Server, text: impl AsRef<str>) -> String {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(text.as_ref().as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is cut off may end with an error.
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

async fn within_a_minute<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work).await.expect("a minute is enough")
}

fn head(length: usize, more: &str) -> String {
    format!(
        "POST /v1/batches HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: text/plain\r\n\
         content-length: {length}\r\n{more}\r\n"
    )
}

fn problem(answer: &str, status: u16, code: &str) -> Value {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["code"], code);
    problem
}

#[tokio::test]
async fn a_device_that_sends_too_many_requests_is_told_to_wait_and_others_are_not() {
    let server = server(|bounds| bounds.device_rate = 1).await;
    let post = |device: u8| {
        let token = server.token_with(|token| token.device = Some(Device::new(device).id()));
        server.post().body(json!({ "token": token, "batches": [] }).to_string()).send()
    };
    for _ in 0..10 {
        assert_eq!(post(1).await.unwrap().status(), 200);
    }
    let refused = post(1).await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    expect_problem(refused, 429, "too-many-requests", "the eleventh").await;
    assert_eq!(post(2).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_network_that_sends_too_many_requests_is_told_to_wait_and_others_are_not() {
    let server = server(|bounds| {
        (bounds.network_rate, bounds.forwarded_header) = (1, Some("x-forwarded-for".into()));
    })
    .await;
    let get = |path: &'static str, address: &'static str| {
        server.get(path).header("x-forwarded-for", address).header("origin", "https://page.example").send()
    };
    for last in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"] {
        let address = format!("203.0.113.{last}");
        let answer = server.get("/log/vkey").header("x-forwarded-for", address).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let refused = get("/log/vkey", "203.0.113.99").await.unwrap();
    assert!(refused.headers().contains_key("access-control-allow-origin"), "a page can read why");
    expect_problem(refused, 429, "too-many-requests", "the eleventh").await;
    expect_problem(get("/v1/plays", "203.0.113.5").await.unwrap(), 429, "too-many-requests", "another path")
        .await;
    assert_eq!(get("/healthz", "203.0.113.5").await.unwrap().status(), 200, "operations are not limited");
    assert_eq!(get("/log/vkey", "198.51.100.1").await.unwrap().status(), 200, "another network");
    let metrics = server.get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"delistening_refusals_total{code="too-many-requests"} 2"#), "{metrics}");
}

#[tokio::test]
async fn what_is_refused_is_refused_before_its_body_is_sent() {
    let server = server(|bounds| bounds.device_rate = 1).await;
    let head = |token: &str| head(5_000, &format!("authorization: Bearer {token}\r\n"));
    problem(&raw(&server, head("nonsense")).await, 401, "bad-token");
    for _ in 0..10 {
        let body = json!({ "batches": [] }).to_string();
        let answer = server.post().bearer_auth(server.token()).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    problem(&raw(&server, head(&server.token())).await, 429, "too-many-requests");
    problem(&raw(&server, super::bounds::head(2 << 20, "")).await, 413, "too-large");
}

#[tokio::test]
async fn the_memory_for_bodies_is_shared_and_given_back() {
    let server = server(|bounds| bounds.body_memory = 1).await;
    let mut holder = TcpStream::connect(server.address).await.unwrap();
    holder.write_all(head(1 << 20, "").as_bytes()).await.unwrap();
    holder.write_all(&vec![b' '; (1 << 20) - 1]).await.unwrap();
    // Its bytes take their time to arrive; a request sent meanwhile would take from the same memory.
    within_a_minute(holds(&server, (1 << 20) - 1)).await;
    let body = json!({ "token": server.token(), "batches": [] }).to_string();
    let post = || async { server.post().body(body.clone()).send().await.unwrap() };
    let refused = post().await;
    assert_eq!(refused.headers()["retry-after"], "2");
    expect_problem(refused, 503, "overloaded", "no memory").await;
    drop(holder);
    within_a_minute(holds(&server, 0)).await;
    assert_eq!(post().await.status(), 200);
}

/// Waits until the bodies under way take this many bytes.
async fn holds(server: &Server, bytes: usize) {
    let line = format!("delistening_body_bytes {bytes}");
    loop {
        let metrics = server.get("/metrics").send().await.unwrap().text().await.unwrap();
        if metrics.lines().any(|found| found == line) {
            return;
        }
    }
}

#[tokio::test]
async fn slow_clients_are_cut_off() {
    let server = server(|bounds| {
        (bounds.idle_timeout, bounds.body_timeout) = (1, 1);
    })
    .await;
    let answers = tokio::join!(
        raw(&server, ""),
        raw(&server, "GET /healthz HTTP/1.1\r\nhos"),
        raw(&server, head(100, "") + "{"),
        raw(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"),
    );
    assert_eq!(answers.0, "", "said nothing");
    assert!(!answers.1.contains("200"), "half a head: {}", answers.1);
    assert_eq!(problem(&answers.2, 408, "request-timeout")["action"], "retry");
    assert!(answers.3.starts_with("HTTP/1.1 200"), "an idle one was served first");
    let metrics = server.get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"delistening_connections_closed_total{reason="timeout"} 3"#), "{metrics}");
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up_before_its_time_is_over() {
    let server = server(|bounds| (bounds.body_timeout, bounds.body_rate) = (600, 1024)).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all((head(100_000, "") + "{").as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    within_a_minute(socket.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn who_keeps_the_server_waiting_makes_room_for_others() {
    let server = server(|bounds| bounds.max_connections = 8).await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    for number in 1..=3 {
        let answer = raw(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{number}: {answer}");
    }
    // The one that waited longest was cut off.
    assert_eq!(idle[0].read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn limits_in_force_are_described() {
    let server = server(|bounds| (bounds.device_rate, bounds.network_rate) = (7, 0)).await;
    let limits = &response_json(server.get("/openapi.json").send().await.unwrap()).await["x-limits"];
    assert_eq!(limits["device_requests_per_s"], 7);
    assert_eq!(limits["network_requests_per_s"], Value::Null);
    assert_eq!(limits["connections"], 20_000);
    assert_eq!(limits["request_bytes"], 1 << 20);
}
