//! `npm run demo:load`: a month of people and cheats, as signed batches through the real intake of a server that runs with
//! `--dev`. The devices are honest about when they played, as devices are that come back from a month without a network.

use clap::Parser;
use delistening_schema::key::SecretKey;
use delistening_schema::{Batch, Hash, jws};
use delistening_tests::listening::{DAY, Letter, World};
use delistening_tests::mmdb;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Batches of one request, at most.
const BATCHES: usize = 8;
/// Bytes of one request, about.
const BYTES: usize = 400_000;
/// Devices that send at once.
const AT_ONCE: usize = 8;
/// Countries, and how many of a hundred devices are there. Networks of a made-up country begin with 240 and more: no
/// network on earth does.
const COUNTRIES: [(&str, u8); 10] = [
    ("DE", 26),
    ("US", 20),
    ("GB", 13),
    ("FR", 11),
    ("PL", 8),
    ("BR", 7),
    ("SE", 5),
    ("JP", 4),
    ("PT", 4),
    ("NG", 2),
];
const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1 Version/18.5 Mobile Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1 Version/18.5 Safari/605.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
];

/// Fills a server that runs with --dev.
#[derive(Parser)]
struct Options {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// How many people listen
    #[arg(long, default_value_t = 76)]
    listeners: u64,
    /// How many of each kind of fraud there are
    #[arg(long, default_value_t = 1)]
    operations: u64,
    /// For how many days until now
    #[arg(long, default_value_t = 30)]
    days: u64,
    /// Another seed is another month
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Write a database that tells the made-up countries of the devices, for the server's --geoip, and end
    #[arg(long, value_name = "FILE")]
    write_geoip: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    if let Some(path) = &options.write_geoip {
        mmdb::write(path, &networks());
        return Ok(());
    }
    // Nothing here is encrypted, but the client that other parts have built with wants to know how it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().build()?;
    let world = World {
        begin: now_ms() - options.days * DAY,
        days: options.days,
        ..World::new(options.seed, options.listeners, options.operations)
    };
    let (letters, sessions) = world.letters();
    let mut devices: BTreeMap<u64, Vec<Letter>> = BTreeMap::new();
    // What would be received later has not been played yet.
    for letter in letters.into_iter().filter(|letter| letter.received.at < now_ms()) {
        devices.entry(letter.device).or_default().push(letter);
    }
    let batches = devices.values().map(Vec::len).sum::<usize>();
    eprintln!("{} sessions in {batches} batches of {} devices", sessions.len(), devices.len());
    let bar = ProgressBar::new(batches as u64).with_style(ProgressStyle::with_template(
        "{bar:40} {human_pos} of {human_len} batches, {per_sec}, {eta} left",
    )?);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let url = Arc::new(options.url);
    let mut sending = JoinSet::new();
    for (number, letters) in devices {
        let sender = Sender { client: client.clone(), url: Arc::clone(&url), number, bar: bar.clone() };
        let places = Arc::clone(&places);
        sending.spawn(async move {
            let _place = places.acquire().await.map_err(|error| error.to_string())?;
            sender.send(letters).await.map_err(|error| error.to_string())
        });
    }
    let (mut accepted, mut refused) = (0, 0);
    while let Some(sent) = sending.join_next().await {
        let (one, other) = sent??;
        (accepted, refused) = (accepted + one, refused + other);
    }
    bar.finish();
    println!("{accepted} batches accepted, {refused} refused");
    Ok(())
}

/// A device on its way to send all that it has.
struct Sender {
    client: Client,
    url: Arc<String>,
    number: u64,
    bar: ProgressBar,
}

impl Sender {
    /// How many batches were accepted, and refused: some tricks are seen through at the door.
    async fn send(&self, letters: Vec<Letter>) -> Result<(u64, u64), Box<dyn Error>> {
        let key = SecretKey::from_seed(&Hash::of_parts(&[b"demo", &self.number.to_be_bytes()]).0);
        let (mut seq, mut prev) = (0, None);
        let mut counted = (0, 0);
        // A token is one listener's.
        for listeners in letters.chunk_by(|one, other| one.batch.listener == other.batch.listener) {
            let agent = self.agent(&listeners[0]);
            let mut waiting: Vec<String> = Vec::new();
            for letter in listeners {
                seq += 1;
                let jws = seal(&key, &letter.batch, seq, prev);
                prev = Some(Hash::of(jws.as_bytes()));
                let bytes: usize = waiting.iter().map(String::len).sum();
                if waiting.len() == BATCHES || (bytes + jws.len() > BYTES && !waiting.is_empty()) {
                    self.post(&key, &listeners[0].batch.listener, agent, &mut waiting, &mut counted).await?;
                }
                waiting.push(jws);
            }
            self.post(&key, &listeners[0].batch.listener, agent, &mut waiting, &mut counted).await?;
        }
        Ok(counted)
    }

    async fn post(
        &self,
        key: &SecretKey,
        listener: &str,
        agent: &str,
        batches: &mut Vec<String>,
        (accepted, refused): &mut (u64, u64),
    ) -> Result<(), Box<dyn Error>> {
        let device = key.public().thumbprint();
        let wanted = json!({ "device": device, "listener": listener }).to_string();
        let answer = self
            .client
            .post(format!("{}/dev/token", self.url))
            .header("content-type", "application/json")
            .body(wanted)
            .send()
            .await?;
        let token: Value = serde_json::from_str(&answer.error_for_status()?.text().await?)?;
        let body = json!({ "token": token["token"], "batches": batches }).to_string();
        loop {
            let request = self.client.post(format!("{}/v1/batches", self.url)).body(body.clone());
            let request = request.header("content-type", "application/json");
            let request = request.header("user-agent", agent).header("x-forwarded-for", self.address());
            let answer = request.send().await?;
            let wait =
                answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            if let Some(seconds) = wait {
                tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
                continue;
            }
            let text = answer.error_for_status()?.text().await?;
            let answers: Value = serde_json::from_str(&text)?;
            for answer in answers["answers"].as_array().into_iter().flatten() {
                *(if answer["status"] == "accepted" { &mut *accepted } else { &mut *refused }) += 1;
            }
            self.bar.inc(batches.len() as u64);
            batches.clear();
            return Ok(());
        }
    }

    /// Its address, in the country where it is.
    fn address(&self) -> String {
        let [choice, one, two, three, ..] = Hash::of(&self.number.to_be_bytes()).0;
        let mut hundredth = choice % 100;
        let mut network = 240;
        for (_, part) in COUNTRIES {
            if hundredth < part {
                break;
            }
            hundredth -= part;
            network += 1;
        }
        format!("{network}.{one}.{two}.{three}")
    }

    fn agent(&self, letter: &Letter) -> &'static str {
        match letter.received.context.client.as_str() {
            "headless" => "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/150.0",
            "bot" => "ExampleBot/1.0 (+https://bot.example)",
            "tool" => "curl/8.5.0",
            _ => AGENTS[usize::try_from(self.number).unwrap_or_default() % AGENTS.len()],
        }
    }
}

/// The batch with a signature, as it is sent today.
fn seal(key: &SecretKey, batch: &Batch, seq: u64, prev: Option<Hash>) -> String {
    let hash = Hash::of_parts(&[batch.batch.as_bytes(), &seq.to_be_bytes()]);
    let batch = Batch {
        device: key.public().thumbprint(),
        seq,
        prev,
        nonce: hash.0[..16].try_into().expect("16 of 32 bytes"),
        sent_at: now_ms(),
        ..batch.clone()
    };
    let input = batch.signing_input(&key.public());
    let signature = key.sign(input.as_bytes());
    jws::with_signature(input, &signature)
}

fn networks() -> Vec<([u8; 4], u8, &'static str, u32)> {
    (240..).zip(COUNTRIES).map(|(network, (country, _))| ([network, 0, 0, 0], 8, country, 64_500)).collect()
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
