//! Counts and live counts: exact, and for those alone who hold a service token.

use super::support::{Device, Server, expect_problem, now, response_json, session};
use serde_json::{Value, json};

/// Reads server-sent events from an open response.
struct Events {
    response: reqwest::Response,
    buffer: String,
}

impl Events {
    async fn open(server: &Server) -> Self {
        Self::open_with(server, "/v1/live", None).await
    }

    async fn open_with(server: &Server, path: &str, last: Option<u64>) -> Self {
        let mut request = server.get(path).bearer_auth(server.service_token());
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                };
                let (kind, data) = (field("event:"), field("data:"));
                if !data.is_empty() {
                    return (kind, serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Reads until the total has this many sessions.
    async fn until(&mut self, sessions: u64) -> Value {
        loop {
            let (_, frame) = self.next().await;
            let total = &frame["total"];
            if total["valid"].as_u64().unwrap() + total["not_counted"].as_u64().unwrap() == sessions {
                return frame;
            }
        }
    }
}

async fn counts(server: &Server, path: &str) -> Value {
    response_json(server.get(path).bearer_auth(server.service_token()).send().await.unwrap()).await
}

#[tokio::test]
async fn plays_are_counted_exactly_and_live_counts_agree() {
    let server = Server::start().await;
    let mut live = Events::open(&server).await;
    let (kind, frame) = live.next().await;
    assert_eq!((kind.as_str(), &frame["total"]["valid"]), ("snapshot", &json!(0)));
    let mut device = Device::new(1);
    let sessions: Vec<String> = [(1, "one", 12_000), (2, "one", 6_000), (3, "one", 5_999), (4, "two", 7_000)]
        .into_iter()
        .map(|(number, track, heard)| device.seal(&session(number, track, heard)))
        .collect();
    server.ingest(&sessions).await;
    let frame = live.until(4).await;
    assert_eq!(frame["total"], json!({ "valid": 3, "not_counted": 1, "heard_ms": 25_000 }));
    // A resend, and a later batch that repeats a session's events, change nothing.
    server.ingest(&sessions).await;
    server
        .ingest(&[device.seal(&session(1, "one", 12_000)), device.seal(&session(5, "three", 12_000))])
        .await;
    assert_eq!(live.until(5).await["total"]["valid"], 4);
    let all = counts(&server, "/v1/plays").await;
    assert_eq!(
        all,
        json!({ "valid": 4, "short": 1, "muted": 0, "suspect": 0, "invalid": 0, "listeners": 1, "heard_ms": 37_000 })
    );
    assert_eq!(counts(&server, "/v1/tracks/one/plays").await["valid"], 2);
    assert_eq!(counts(&server, "/v1/artists/artist-1/plays").await["valid"], 4);
    assert_eq!(counts(&server, "/v1/tracks/nothing/plays").await["valid"], 0);
    assert_eq!(counts(&server, "/v1/plays?to=1000").await["valid"], 0);
    let top = counts(&server, "/v1/top?by=track&limit=2").await;
    let ranked: Vec<_> = top["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["id"].as_str(), item["valid"].as_u64()))
        .collect();
    assert_eq!(ranked, [(Some("one"), Some(2)), (Some("three"), Some(1))]);
    let of_artist = counts(&server, "/v1/top?by=platform&artist=artist-1").await;
    assert_eq!((&of_artist["items"][0]["id"], &of_artist["items"][0]["valid"]), (&json!("other"), &json!(4)));
    let of_track = counts(&server, "/v1/top?by=platform&track=one").await;
    assert_eq!(of_track["items"][0]["valid"], 2);
    let of_artist = counts(&server, "/v1/top?by=track&artist=artist-1").await;
    assert_eq!(of_artist["items"].as_array().unwrap().len(), 3);
    assert_eq!(counts(&server, "/v1/top?by=track&artist=nobody").await["items"], json!([]));
}

#[tokio::test]
async fn where_people_listen_and_why_plays_do_not_count_is_told() {
    let server = Server::start().await;
    let mut device = Device::new(1);
    let heard = [(1, "one", 12_000), (2, "one", 6_000), (3, "one", 5_999), (4, "two", 1_000)];
    let sessions = heard.map(|(number, track, heard)| device.seal(&session(number, track, heard)));
    server.ingest(&sessions).await;
    Events::open(&server).await.until(4).await;
    let curve = counts(&server, "/v1/tracks/one/retention").await;
    assert_eq!((&curve["sessions"], &curve["length_ms"]), (&json!(3), &json!(12_000)));
    let part = |name: &str, part: usize| curve[name][part].as_u64().unwrap();
    assert_eq!(["heard", "started", "ended"].map(|name| curve[name].as_array().unwrap().len()), [100; 3]);
    assert_eq!([0, 49, 50, 99].map(|place| part("heard", place)), [3, 3, 1, 1]);
    assert_eq!([0, 1].map(|place| part("started", place)), [3, 0]);
    assert_eq!([48, 49, 99].map(|place| part("ended", place)), [0, 2, 1]);
    assert_eq!(counts(&server, "/v1/tracks/one/retention?to=1000").await["sessions"], 0);
    assert_eq!(counts(&server, "/v1/tracks/none/retention").await["heard"].as_array().unwrap().len(), 100);
    let why = |sessions: u64| json!({ "items": [{ "status": "short", "reason": "heard_too_little", "sessions": sessions }] });
    assert_eq!(counts(&server, "/v1/reasons").await, why(2));
    assert_eq!(counts(&server, "/v1/reasons?track=two").await, why(1));
    assert_eq!(counts(&server, "/v1/reasons?artist=nobody").await, json!({ "items": [] }));
}

#[tokio::test]
async fn live_counts_are_of_what_was_asked_for_and_go_on_where_they_ended() {
    let server = Server::start().await;
    let mut device = Device::new(1);
    let mut all = Events::open(&server).await;
    let (_, first) = all.next().await;
    server.ingest(&[device.seal(&session(1, "one", 12_000)), device.seal(&session(2, "two", 7_000))]).await;
    let frame = all.until(2).await;
    assert_eq!(frame["artists"]["artist-1"]["valid"], 2);
    let seq = first["seq"].as_u64().unwrap();
    let (kind, missed) = Events::open_with(&server, "/v1/live", Some(seq)).await.next().await;
    assert_eq!((kind.as_str(), &missed["tracks"]["two"]["heard_ms"]), ("update", &json!(7_000)));
    for (query, tracks, artists) in [
        ("total=true", json!({}), json!({})),
        ("track=two", json!({ "two": { "valid": 1, "not_counted": 0, "heard_ms": 7_000 } }), json!({})),
        (
            "artist=artist-1",
            json!({}),
            json!({ "artist-1": { "valid": 2, "not_counted": 0, "heard_ms": 19_000 } }),
        ),
    ] {
        let (kind, frame) = Events::open_with(&server, &format!("/v1/live?{query}"), None).await.next().await;
        assert_eq!((kind.as_str(), &frame["total"]["valid"]), ("snapshot", &json!(2)), "{query}");
        assert_eq!((&frame["tracks"], &frame["artists"]), (&tracks, &artists), "{query}");
    }
    for query in ["track=a&artist=b", "total=true&track=a", "song=a", "since=x"] {
        let path = format!("/v1/live?{query}");
        let response = server.get(&path).bearer_auth(server.service_token()).send().await.unwrap();
        expect_problem(response, 400, "invalid-parameter", &path).await;
    }
}

#[tokio::test]
async fn a_session_in_pieces_is_one_play() {
    let server = Server::start().await;
    let mut live = Events::open(&server).await;
    let mut device = Device::new(1);
    let events = session(1, "one", 12_000);
    // Its end arrives first, its start last.
    for event in events.iter().rev() {
        server.ingest(&[device.seal(std::slice::from_ref(event))]).await;
    }
    loop {
        let (_, frame) = live.next().await;
        if frame["total"]["valid"] == 1 {
            break;
        }
        assert!(frame["total"]["not_counted"].as_u64().unwrap() <= 1, "never more than the one session");
    }
    assert_eq!(counts(&server, "/v1/plays").await["short"], 0, "its first verdict was superseded");
}

#[tokio::test]
async fn counts_are_not_public() {
    let server = Server::start().await;
    for path in [
        "/v1/plays",
        "/v1/tracks/t/plays",
        "/v1/artists/a/plays",
        "/v1/top?by=track",
        "/v1/live",
        "/v1/reasons",
        "/v1/tracks/t/retention",
    ] {
        let none = server.get(path).send().await.unwrap();
        expect_problem(none, 401, "bad-token", path).await;
        let device = server.get(path).bearer_auth(server.token()).send().await.unwrap();
        expect_problem(device, 403, "insufficient-scope", path).await;
        let basic = server.get(path).header("authorization", "Basic eDp5").send().await.unwrap();
        expect_problem(basic, 401, "bad-token", path).await;
    }
}

#[tokio::test]
async fn parameters_that_are_not_good_are_named() {
    let server = Server::start().await;
    for path in [
        "/v1/plays?from=yesterday",
        "/v1/plays?from=-1",
        "/v1/plays?from=5&to=5",
        "/v1/plays?form=5",
        "/v1/top",
        "/v1/top?by=mood",
        "/v1/top?by=track&limit=0",
        "/v1/top?by=track&limit=100000",
        "/v1/top?by=track&bucket=day",
        "/v1/top?by=track&cursor=x",
        "/v1/plays?by=track",
        "/v1/top?by=artist&artist=a",
        "/v1/top?by=track&track=t",
        "/v1/tracks/t/retention?bucket=day",
        "/v1/tracks/t/retention?track=t",
        "/v1/reasons?limit=1",
        "/v1/reasons?track=t&artist=a",
        "/v1/plays?tz=UTC",
        "/v1/plays?limit=5",
        "/v1/plays?bucket=day",
        "/v1/plays?bucket=decade&from=0",
        "/v1/plays?bucket=day&from=0&tz=Mars/Base",
        "/v1/plays?bucket=day&from=0&limit=0",
        "/v1/plays?bucket=day&from=0&to=900000&cursor=OTAwMDAw",
        "/v1/plays?offline=perhaps",
    ] {
        let response = server.get(path).bearer_auth(server.service_token()).send().await.unwrap();
        expect_problem(response, 400, "invalid-parameter", path).await;
    }
}

#[tokio::test]
async fn counts_by_time_come_page_by_page_and_filtered() {
    let server = Server::start().await;
    let mut live = Events::open(&server).await;
    let mut device = Device::new(1);
    let sessions: Vec<String> = [(1, "one", 12_000), (2, "two", 12_000), (3, "one", 1_000)]
        .into_iter()
        .map(|(number, track, heard)| device.seal(&session(number, track, heard)))
        .collect();
    server.ingest(&sessions).await;
    live.until(3).await;
    let step = 15 * 60 * 1000;
    let today = now() * 1000 / (24 * 4 * step) * (24 * 4 * step);
    let path = format!("/v1/tracks/one/plays?bucket=hour&tz=Asia/Kathmandu&from={}&limit=20", today + 1);
    let mut page = counts(&server, &path).await;
    assert_eq!((page["from"].as_u64(), &page["tz"]), (Some(today), &json!("Asia/Kathmandu")));
    assert_eq!((&page["total"]["valid"], &page["total"]["short"]), (&json!(1), &json!(1)));
    let (mut valid, mut end) = (0, today);
    loop {
        for bucket in page["buckets"].as_array().unwrap() {
            assert_eq!(bucket["from"].as_u64(), Some(end), "without a gap");
            end = bucket["to"].as_u64().unwrap();
            valid += bucket["valid"].as_u64().unwrap();
        }
        let Some(next) = page["next"].as_str() else { break };
        page = counts(&server, &format!("{path}&cursor={next}")).await;
        assert_eq!(page["total"]["valid"], 1, "of the range, not of the page");
    }
    assert_eq!((valid, Some(end)), (1, page["to"].as_u64()));
    for (filter, expected) in
        [("offline=false", 2), ("offline=true", 0), ("country=DE", 0), ("source=album", 0)]
    {
        assert_eq!(counts(&server, &format!("/v1/plays?{filter}")).await["valid"], expected, "{filter}");
    }
    let first = counts(&server, "/v1/top?by=track&limit=1").await;
    let second = format!("/v1/top?by=track&limit=1&cursor={}", first["next"].as_str().unwrap());
    assert_eq!(first["items"][0]["id"], "one");
    assert_eq!(counts(&server, &second).await["items"][0]["id"], "two");
}

#[tokio::test]
async fn an_answer_that_still_holds_is_not_sent_again() {
    let server = Server::start().await;
    let mut live = Events::open(&server).await;
    let ask = async |tag: Option<&str>| {
        let request = server.get("/v1/plays").bearer_auth(server.service_token());
        request.header("if-none-match", tag.unwrap_or_default()).send().await.unwrap()
    };
    let first = ask(None).await;
    assert_eq!(
        (first.status().as_u16(), &first.headers()["cache-control"]),
        (200, &"private, no-cache".parse().unwrap())
    );
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(ask(Some(&tag)).await.status(), 304);
    server.ingest(&[Device::new(1).seal(&session(1, "one", 12_000))]).await;
    live.until(1).await;
    let changed = ask(Some(&tag)).await;
    assert_eq!(changed.status(), 200);
    assert_ne!(changed.headers()["etag"].to_str().unwrap(), tag);
    assert_eq!(response_json(changed).await["valid"], 1);
}
