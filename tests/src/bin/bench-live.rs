//! `npm run bench:live`: how long a play takes from its ack to everybody who watches, and what each of them costs the
//! server in memory.
//!
//! `bench-live PATH-OF-SERVER [CONNECTIONS]`. Half of the readers watch the total, a quarter everything, and a quarter one
//! artist each. Readers and server share the machine, so the readers' own work is in the figures.

use delistening_tests::device::{Address, Device, Issuer};
use delistening_tests::figures::percentile;
use delistening_tests::process::Server;
use std::error::Error;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Barrier, watch};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 10_000;
/// So many readers connect at once: listeners queue no more.
const AT_ONCE: usize = 500;
const ROUNDS: u64 = 40;
/// How far apart plays are: each is told alone.
const PACE: Duration = Duration::from_millis(400);
const AUDIENCE: &str = "bench";
const LISTENER: &str = "listener-1";

type Seen = Vec<(u64, Instant)>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().ok_or("usage: bench-live PATH-OF-SERVER [CONNECTIONS]")?;
    let connections = arguments.next().map_or(Ok(CONNECTIONS), |number| number.parse())?;
    // Nothing here is encrypted, but the client that other parts have built with wants to know how it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir()?;
    let issuer = Issuer::new("https://issuer.example");
    let jwks = folder.path().join("jwks.json");
    std::fs::write(&jwks, issuer.jwks())?;
    let server = Server::start(
        Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--origin", "bench.example/log"])
            .args(["--device-rate", "0", "--audience", AUDIENCE, "--issuer", "https://issuer.example"])
            .args(["--max-connections", &(2 * connections + 100).to_string(), "--jwks"])
            .arg(&jwks)
            .arg("--data")
            .arg(folder.path().join("data")),
    )?;
    let address: SocketAddr = server.url.trim_start_matches("http://").parse()?;
    let token = issuer.service_token(AUDIENCE, "counts:read", now_ms() / 1000);
    let before = server.peak_memory();
    let (end, ended) = watch::channel(false);
    // Those who watch one artist are told of that artist's plays alone, and end when the others have seen all.
    let (mut readers, mut of_artists) = (JoinSet::new(), JoinSet::new());
    for first in (0..connections).step_by(AT_ONCE) {
        let few = AT_ONCE.min(connections - first);
        let opened = Arc::new(Barrier::new(few + 1));
        for number in first..first + few {
            let request = request(number, &token);
            let reading = read(address, request, Arc::clone(&opened), ended.clone());
            if of_one_artist(number) { &mut of_artists } else { &mut readers }.spawn(reading);
        }
        opened.wait().await;
    }
    let acks = play(&server.url, &issuer).await?;
    let mut latencies = Vec::new();
    while let Some(seen) = readers.join_next().await {
        let seen = seen?.map_err(|error| format!("a reader was cut off: {error}"))?;
        for (round, ack) in (1..).zip(&acks) {
            // One that is slow is told of some plays together; some are told before the ack has arrived.
            let told = seen.iter().find(|(valid, _)| *valid >= round);
            latencies.extend(told.map(|(_, at)| at.saturating_duration_since(*ack)));
        }
    }
    latencies.sort();
    end.send_replace(true);
    while let Some(seen) = of_artists.join_next().await {
        seen?.map_err(|error| format!("a reader was cut off: {error}"))?;
    }
    let millis = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    let bytes = server.peak_memory().saturating_sub(before) / connections as u64;
    println!("{connections} readers, {ROUNDS} plays, told {} times", latencies.len());
    println!("  ack to reader, p50   {:>9.1} ms", millis(percentile(&latencies, 0.5)));
    println!("  ack to reader, p99   {:>9.1} ms", millis(percentile(&latencies, 0.99)));
    println!("  memory of a reader   {bytes:>9} bytes");
    let p99 = millis(percentile(&latencies, 0.99));
    println!(
        "{}",
        serde_json::json!({ "connections": connections, "p99_ms": p99, "bytes_per_connection": bytes })
    );
    Ok(())
}

fn of_one_artist(number: usize) -> bool {
    number % 4 == 3
}

fn request(number: usize, token: &str) -> String {
    let query = match number % 4 {
        0 | 1 => "?total=true".to_owned(),
        2 => String::new(),
        _ => format!("?artist=artist-{number}"),
    };
    format!("GET /v1/live{query} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n")
}

/// Reads frames until the last play, or the end: how many valid plays each told, and when it came.
async fn read(
    address: SocketAddr,
    request: String,
    opened: Arc<Barrier>,
    mut ended: watch::Receiver<bool>,
) -> std::io::Result<Seen> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let artist = request.contains("?artist=");
    let (mut seen, mut rest, mut buffer, mut first) = (Seen::new(), String::new(), vec![0; 4096], true);
    loop {
        let length = tokio::select! {
            length = stream.read(&mut buffer) => length?,
            _ = ended.changed() => return Ok(seen),
        };
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        rest.push_str(&String::from_utf8_lossy(&buffer[..length]));
        while let Some(end) = rest.find("}\n\n") {
            let event: String = rest.drain(..end + 3).collect();
            if let Some(valid) = valid(&event) {
                seen.push((valid, Instant::now()));
                if valid >= ROUNDS && !artist {
                    return Ok(seen);
                }
            }
            if std::mem::take(&mut first) {
                opened.wait().await;
            }
        }
    }
}

/// The total's valid plays of a frame.
fn valid(event: &str) -> Option<u64> {
    let (_, total) = event.split_once(r#""total":{"valid":"#)?;
    total.split(',').next()?.parse().ok()
}

/// Sends a play at a time; when each was acked.
async fn play(url: &str, issuer: &Issuer) -> Result<Vec<Instant>, Box<dyn Error>> {
    let address = Address { audience: AUDIENCE, listener: LISTENER };
    let mut device = Device::new(7);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut acks = Vec::new();
    for round in 0..ROUNDS {
        let token = issuer.token(&address, &device, now_ms() / 1000);
        // Plays of one device do not overlap: each is of an earlier quarter of an hour.
        let begin = now_ms() - (ROUNDS - round) * 15 * 60 * 1000;
        let batch = device.seal(&address, 20, begin);
        let body = serde_json::json!({ "token": token, "batches": [batch] }).to_string();
        let answer = client.post(format!("{url}/v1/batches")).header("content-type", "text/plain").body(body);
        let text = answer.send().await?.error_for_status()?.text().await?;
        acks.push(Instant::now());
        if !text.contains(r#""status":"accepted""#) {
            return Err(text.into());
        }
        // What is watched is time itself.
        tokio::time::sleep(PACE).await;
    }
    Ok(acks)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
