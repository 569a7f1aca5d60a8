//! A flood of slow, huge, many and false requests against the real server: its memory stays bounded, and the devices
//! beside it get their receipts.

use delistening_tests::device::{Address, Device, Issuer};
use delistening_tests::process::Server;
use reqwest::Client;
use std::future::Future;
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const ADDRESS: Address<'static> = Address { audience: "flood", listener: "listener-1" };
const MIB: u64 = 1024 * 1024;
/// What the settings below allow, and nothing near what is thrown at it: 256 connections with 32 KiB of buffers, 8 MiB
/// of bodies (some four times, as they are parsed and written), a body being decoded on each core, and the allocator's
/// own.
const MOST_MEMORY: u64 = 128 * MIB;
const DEVICES: u64 = 8;
const BATCHES: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_bounded_whatever_comes_and_good_devices_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = Issuer::new("https://issuer.example");
    let jwks = folder.path().join("jwks.json");
    std::fs::write(&jwks, issuer.jwks()).unwrap();
    let server = Server::start(
        Command::new(env!("CARGO_BIN_EXE_delistening-ingest"))
            .args(["serve", "--listen", "127.0.0.1:0", "--origin", "flood.example/log", "--device-rate", "0"])
            .args([
                "--max-connections",
                "256",
                "--body-memory",
                "8",
                "--body-timeout",
                "3",
                "--idle-timeout",
                "2",
            ])
            .args(["--audience", ADDRESS.audience, "--issuer", "https://issuer.example", "--jwks"])
            .arg(&jwks)
            .arg("--data")
            .arg(folder.path().join("data"))
            .env("RUST_LOG", "error"),
    )
    .unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = || Client::builder().no_proxy().build().unwrap();
    let at = server.url.strip_prefix("http://").unwrap().to_owned();
    let batches = format!("{}/v1/batches", server.url);

    let mut flood = JoinSet::new();
    for number in 0..600 {
        let at = at.clone();
        match number % 4 {
            0 => flood.spawn(again(move || slow_head(at.clone()))),
            1 => flood.spawn(again(move || stalled_body(at.clone()))),
            2 => flood.spawn(again(move || endless_body(at.clone()))),
            _ => flood.spawn(again(move || false_request(at.clone()))),
        };
    }
    let bombs = [("gzip", gzip(64 * MIB)), ("zstd", zstd::encode_all(&*zeros(64 * MIB), 3).unwrap())];
    for (encoding, bomb) in bombs {
        let (client, batches, bomb) = (client(), batches.clone(), Arc::new(bomb));
        for _ in 0..8 {
            let (client, batches, bomb) = (client.clone(), batches.clone(), Arc::clone(&bomb));
            flood.spawn(again(move || {
                let request = client.post(&batches).header("content-type", "text/plain");
                let request = request.header("content-encoding", encoding).body(bomb.to_vec());
                async move { drop(request.send().await) }
            }));
        }
    }

    let mut devices = JoinSet::new();
    for number in 0..DEVICES {
        devices.spawn(device(
            client(),
            batches.clone(),
            issuer.token(&ADDRESS, &Device::new(number), now()),
            number,
        ));
    }
    let all_served = async {
        while devices.join_next().await.is_some_and(|served| served.map(|()| true).unwrap()) {}
        // Until each kind of attack was seen and refused.
        while missing(&server.url).await.is_some() {}
    };
    let in_time = tokio::time::timeout(Duration::from_secs(100), all_served).await;
    let missing = missing(&server.url).await;
    let peak = server.peak_memory();
    flood.shutdown().await;
    in_time.unwrap_or_else(|_| panic!("devices are not served, or one attack was not met: {missing:?}"));
    assert!(peak < MOST_MEMORY, "{} MiB", peak / MIB);
}

/// A refusal that the server has not counted yet.
async fn missing(url: &str) -> Option<String> {
    let client = Client::builder().no_proxy().build().unwrap();
    let Ok(answer) = client.get(format!("{url}/metrics")).send().await else {
        return Some("an answer".into());
    };
    let text = answer.text().await.unwrap_or_default();
    let refusals = ["too-large", "malformed-request", "overloaded", "bad-token", "unsupported-media-type"];
    let refusals = refusals.map(|code| format!("delistening_refusals_total{{code=\"{code}\"}}"));
    let closed =
        ["room"].map(|reason| format!("delistening_connections_closed_total{{reason=\"{reason}\"}}"));
    refusals.into_iter().chain(closed).find(|name| !text.contains(name.as_str()))
}

/// A device that sends its batches and, as a good client does, tries again when it is refused or cut off.
async fn device(client: Client, url: String, token: String, number: u64) {
    let mut device = Device::new(number);
    for _ in 0..BATCHES {
        let jws = device.seal(&ADDRESS, 20, now() * 1000);
        let body = serde_json::json!({ "token": token, "batches": [jws] }).to_string();
        loop {
            let request = client.post(&url).header("content-type", "text/plain").body(body.clone());
            let Ok(answer) = request.send().await else { continue };
            let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
            assert!([200, 503, 408].contains(&status.as_u16()), "{status}: {text}");
            // A second answer to the same batch is a duplicate: the first was lost on its way.
            if text.contains(r#""status":"accepted""#) || text.contains(r#""status":"duplicate""#) {
                break;
            }
        }
    }
}

async fn again<F: Future<Output = ()>>(attack: impl Fn() -> F) {
    loop {
        attack().await;
        // Refused at once, it would keep the processor from those it attacks.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A head that is sent letter by letter.
async fn slow_head(at: String) {
    let Ok(mut socket) = TcpStream::connect(at).await else { return };
    for letter in "POST /v1/batches HTTP/1.1\r\nhost: somewhere\r\nx-padding: and so on".bytes().cycle() {
        if socket.write_all(&[letter]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A body of which most never comes.
async fn stalled_body(at: String) {
    let Ok(mut socket) = TcpStream::connect(at).await else { return };
    let head =
        "POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 1000000\r\n\r\n";
    let part = [head.as_bytes(), &vec![b' '; 500_000]].concat();
    if socket.write_all(&part).await.is_ok() {
        let _ = socket.read_to_end(&mut Vec::new()).await;
    }
}

/// A body without an end.
async fn endless_body(at: String) {
    let Ok(mut socket) = TcpStream::connect(at).await else { return };
    let head = "POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = [b"10000\r\n", &vec![b'['; 0x10000][..], b"\r\n"].concat();
    let mut sent = socket.write_all(head.as_bytes()).await;
    while sent.is_ok() {
        sent = socket.write_all(&chunk).await;
    }
}

/// Requests that are wrong from the start, each on a connection of its own.
async fn false_request(at: String) {
    for (content, body) in [
        ("application/xml", "<plays/>".to_owned()),
        ("text/plain", "[".repeat(100_000)),
        ("text/plain", format!(r#"{{"token":"{}","batches":[]}}"#, "a.b.c")),
    ] {
        let Ok(mut socket) = TcpStream::connect(&at).await else { return };
        let length = body.len();
        let request = format!(
            "POST /v1/batches HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {content}\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        if socket.write_all(request.as_bytes()).await.is_ok() {
            let _ = socket.read_to_end(&mut Vec::new()).await;
        }
    }
}

fn zeros(count: u64) -> Vec<u8> {
    vec![0; usize::try_from(count).unwrap()]
}

fn gzip(count: u64) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&zeros(count)).unwrap();
    encoder.finish().unwrap()
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}
