//! `POST /v1/batches`: what is kept, and how everything else is refused.

use super::support::{Device, Server, check_problem, expect_problem, now, response_json, session, sign};
use delistening_schema::batch;
use delistening_schema::ledger::{LogKey, Receipt};
use serde_json::{Value, json};

fn receipt(answer: &Value) -> &str {
    answer["receipt"].as_str().unwrap()
}

#[tokio::test]
async fn an_accepted_batch_has_a_receipt_that_verifies_and_a_resend_gets_the_same() {
    let server = Server::start().await;
    let mut device = Device::new(1);
    let first = device.seal(&session(1, "t", 12_000));
    let second = device.seal(&[]);
    let body = json!({ "token": server.token(), "batches": [first, second] }).to_string();
    let response = response_json(server.post().body(body.clone()).send().await.unwrap()).await;
    let key = LogKey::parse(response["log"].as_str().unwrap()).unwrap();
    for (answer, jws) in response["answers"].as_array().unwrap().iter().zip([&first, &second]) {
        assert_eq!(answer["status"], "accepted");
        Receipt::parse(receipt(answer)).unwrap().verify(jws.as_bytes(), &key).unwrap();
    }
    // As a page sends it without a preflight, and as a backend would.
    let plain = server.post().header("content-type", "text/plain;charset=UTF-8").body(body);
    let header =
        server.post().bearer_auth(server.token()).body(json!({ "batches": [first, second] }).to_string());
    for again in [plain, header] {
        let again = response_json(again.send().await.unwrap()).await;
        for (answer, original) in
            again["answers"].as_array().unwrap().iter().zip(response["answers"].as_array().unwrap())
        {
            assert_eq!((answer["status"].as_str(), receipt(answer)), (Some("duplicate"), receipt(original)));
        }
    }
}

#[tokio::test]
async fn a_good_batch_beside_bad_ones_is_kept_and_each_bad_one_has_its_code() {
    let server = Server::start().await;
    let mut device = Device::new(1);
    let header = batch::header(&device.key.public());
    let good = device.seal(&session(1, "t", 12_000));
    let stranger = Device::new(2);
    let small_order =
        header.replace(&device.key.public().jwk_x(), "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let fork = Device::new(1).seal(&session(2, "other", 12_000));
    let events = vec![json!({}); 501];
    let bad: Vec<(String, u16, &str, &str)> = vec![
        ("not a jws".into(), 400, "malformed-batch", "drop"),
        (good[..good.len() - 20].into(), 400, "malformed-batch", "drop"),
        (sign(&stranger.key, &header, &device.payload(&[])), 400, "bad-signature", "drop"),
        (
            sign(&device.key, &header.replace("EdDSA", "none"), &device.payload(&[])),
            400,
            "malformed-batch",
            "drop",
        ),
        (sign(&device.key, &small_order, &device.payload(&[])), 400, "unacceptable-key", "stop"),
        (device.with("v", json!(2)), 400, "unsupported-version", "stop"),
        (device.with("seq", json!("one")), 400, "malformed-batch", "drop"),
        (device.with("aud", json!("https://other.example")), 403, "wrong-audience", "stop"),
        (device.with("listener", json!("listener-2")), 403, "wrong-listener", "refresh"),
        (device.with("events", json!(events)), 413, "too-large", "drop"),
        (stranger.with("seq", json!(1)), 403, "wrong-device", "refresh"),
        (fork, 409, "sequence-fork", "stop"),
        (device.with("sdk", json!("x".repeat(300_000))), 413, "too-large", "drop"),
    ];
    let mut batches = vec![good];
    batches.extend(bad.iter().map(|(jws, ..)| jws.clone()));
    batches.push(device.seal(&[]));
    let answers = server.ingest(&batches).await;
    for good in [&answers[0], answers.last().unwrap()] {
        assert_eq!(good["status"], "accepted", "{good}");
        assert_eq!(good["problems"], json!([]));
    }
    for (answer, (jws, status, code, action)) in answers[1..].iter().zip(&bad) {
        let about = &jws[..jws.len().min(90)];
        assert_eq!(answer["status"], "refused", "{about}");
        check_problem(&answer["problem"], *status, code, about);
        assert_eq!(answer["problem"]["action"], *action, "{about}");
    }
}

#[tokio::test]
async fn bad_events_are_named_and_their_batch_is_kept() {
    let server = Server::start().await;
    let mut events = session(1, "t", 12_000);
    let mut unknown = events[1].clone();
    unknown["type"] = json!("play.danced");
    unknown["id"] = json!("018f4e3a-7c00-7000-8000-00000000dddd");
    events.extend([json!({ "type": "play.started" }), unknown, events[0].clone()]);
    let answers = server.ingest(&[Device::new(1).seal(&events)]).await;
    assert_eq!(answers[0]["status"], "accepted");
    let problems: Vec<_> = answers[0]["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["event"].as_u64(), p["code"].as_str()))
        .collect();
    assert_eq!(
        problems,
        [
            (Some(3), Some("malformed-event")),
            (Some(4), Some("unknown-event-type")),
            (Some(5), Some("malformed-event"))
        ]
    );
}

#[tokio::test]
async fn a_gap_is_accepted_and_marked() {
    let server = Server::start().await;
    let mut device = Device::new(1);
    let _lost = device.seal(&[]);
    let answers = server.ingest(&[device.seal(&[])]).await;
    assert_eq!(answers[0]["status"], "accepted");
    assert_eq!(answers[0]["problems"][0]["code"], "sequence-gap");
}

#[tokio::test]
async fn tokens_that_are_not_good_stop_the_request() {
    let server = Server::start().await;
    let jws = Device::new(1).seal(&[]);
    let good = server.token();
    let foreign = Server::start().await;
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}A{}", &signature[..10], &signature[11..]);
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.";
    let cases: Vec<(&str, String, u16, &str)> = vec![
        (
            "forged",
            if forged == good { format!("{head}.{}B{}", &signature[..10], &signature[11..]) } else { forged },
            401,
            "bad-token",
        ),
        ("of another issuer's key", foreign.token(), 401, "bad-token"),
        (
            "of an unknown issuer",
            server.token_with(|t| t.issuer = "https://stranger.example".into()),
            401,
            "bad-token",
        ),
        (
            "for another audience",
            server.token_with(|t| t.audience = "https://other.example".into()),
            401,
            "bad-token",
        ),
        ("expired", server.token_at(now() - 2_000, |_| ()), 401, "expired-token"),
        ("from the future", server.token_at(now() + 2_000, |_| ()), 401, "bad-token"),
        ("living too long", server.token_with(|t| t.life_s = 3_600), 401, "bad-token"),
        ("not bound to a device", server.token_with(|t| t.device = None), 401, "bad-token"),
        (
            "without the scope",
            server.token_with(|t| t.scope = "counts:read".into()),
            403,
            "insufficient-scope",
        ),
        ("no JWT", "token".into(), 401, "bad-token"),
        ("without a signature", none.into(), 401, "bad-token"),
        ("too long", "x".repeat(5_000), 401, "bad-token"),
    ];
    for (about, token, status, code) in cases {
        let body = json!({ "token": token, "batches": [jws] }).to_string();
        let response = server.post().body(body).send().await.unwrap();
        expect_problem(response, status, code, about).await;
    }
    let body = json!({ "batches": [jws] }).to_string();
    expect_problem(server.post().body(body).send().await.unwrap(), 401, "bad-token", "no token").await;
}

/// What it is, content type, content encoding, body, and the status and code of its refusal.
type BodyCase = (&'static str, &'static str, Option<&'static str>, Vec<u8>, u16, &'static str);

#[tokio::test]
async fn bodies_that_are_not_good_are_refused() {
    let server = Server::start().await;
    let token = server.token();
    let many: Vec<String> = vec!["a.b.c".into(); 17];
    let good = json!({ "token": token, "batches": [] }).to_string();
    let large = format!("{good}{}", " ".repeat(1024 * 1024));
    let cases: Vec<BodyCase> = vec![
        ("no JSON", "application/json", None, b"plays".to_vec(), 400, "malformed-request"),
        ("cut JSON", "application/json", None, good.as_bytes()[..20].to_vec(), 400, "malformed-request"),
        ("another shape", "application/json", None, b"[]".to_vec(), 400, "malformed-request"),
        ("batches missing", "application/json", None, b"{}".to_vec(), 400, "malformed-request"),
        ("not UTF-8", "application/json", None, vec![b'"', 0xff, b'"'], 400, "malformed-request"),
        ("empty", "application/json", None, Vec::new(), 400, "malformed-request"),
        (
            "too many batches",
            "application/json",
            None,
            json!({ "token": token, "batches": many }).to_string().into(),
            413,
            "too-large",
        ),
        ("too large", "application/json", None, large.clone().into(), 413, "too-large"),
        (
            "a form",
            "application/x-www-form-urlencoded",
            None,
            good.clone().into(),
            415,
            "unsupported-media-type",
        ),
        ("XML", "text/xml", None, good.clone().into(), 415, "unsupported-media-type"),
        ("brotli", "application/json", Some("br"), good.clone().into(), 415, "unsupported-encoding"),
        ("not gzip", "application/json", Some("gzip"), good.clone().into(), 400, "malformed-request"),
        ("a gzip bomb", "application/json", Some("gzip"), gzip(large.as_bytes()), 413, "too-large"),
        ("a zstd bomb", "application/json", Some("zstd"), zstd(&vec![b' '; 64 << 20]), 413, "too-large"),
    ];
    for (about, content, encoding, body, status, code) in cases {
        let mut request =
            server.client.post(server.url("/v1/batches")).header("content-type", content).body(body);
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        expect_problem(request.send().await.unwrap(), status, code, about).await;
    }
    let untyped = server.client.post(server.url("/v1/batches")).body(good.clone()).send().await.unwrap();
    expect_problem(untyped, 415, "unsupported-media-type", "no content type").await;
    for (encoding, body) in [("gzip", gzip(good.as_bytes())), ("zstd", zstd(good.as_bytes()))] {
        let response = server.post().header("content-encoding", encoding).body(body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{encoding}");
    }
}

#[tokio::test]
async fn a_body_that_ends_early_keeps_nothing_and_the_server_goes_on() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let server = Server::start().await;
    let mut device = Device::new(1);
    let jws = device.seal(&[]);
    let mut socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let head =
        "POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 5000\r\n\r\n{";
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = String::new();
    // Whether an answer still comes is the HTTP library's affair; that nothing was kept is ours.
    let _ = socket.read_to_string(&mut answer).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    assert_eq!(server.ingest(&[jws]).await[0]["status"], "accepted");
}

#[tokio::test]
async fn what_is_under_way_is_answered_when_the_server_ends() {
    let mut server = Server::start().await;
    let mut device = Device::new(1);
    let bodies: Vec<String> = (0..8)
        .map(|_| json!({ "token": server.token(), "batches": [device.seal(&[])] }).to_string())
        .collect();
    let requests: Vec<_> =
        bodies.iter().map(|body| tokio::spawn(server.post().body(body.clone()).send())).collect();
    // One answer is in: the others are under way or still on the wire.
    let mut requests = requests.into_iter();
    let first = requests.next().unwrap().await.unwrap().unwrap();
    assert_eq!(first.status(), 200);
    server.tell_to_end();
    let mut acked = vec![response_json(first).await];
    for request in requests {
        // A connection that the server never saw may be refused; one that was answered counts.
        if let Ok(response) = request.await.unwrap() {
            acked.push(response_json(response).await);
        }
    }
    let folder = server.end().await;
    let journal = std::fs::read(folder.path().join("data/journal/00000000000000000000.seg")).unwrap();
    let kept = bodies.iter().filter(|body| {
        let body: Value = serde_json::from_str(body).unwrap();
        let jws = body["batches"][0].as_str().unwrap();
        journal.windows(jws.len()).any(|window| window == jws.as_bytes())
    });
    assert!(kept.count() >= acked.len());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 19).unwrap()
}
