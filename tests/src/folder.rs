//! A small data folder as this version of the server writes it, with what every later version must find in it.

use crate::device::{Address, Device, Issuer};
use crate::process::Server;
use delistening_schema::api::{Answer, IngestRequest, IngestResponse};
use delistening_schema::play::Counts;
use delistening_schema::token::{SCOPE_ERASE, SCOPE_READ_COUNTS};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

/// The log's name.
pub const ORIGIN: &str = "folder.example/log";
/// The service.
pub const AUDIENCE: &str = "https://plays.example";
/// Who issues tokens.
pub const ISSUER: &str = "https://issuer.example";
const LISTENERS: u64 = 4;
const BATCHES: usize = 14;
const EVENTS: u64 = 6;
const PATIENCE: Duration = Duration::from_mins(2);

/// What was written.
#[derive(Debug, Serialize, Deserialize)]
pub struct Written {
    /// The log's verifier key.
    pub vkey: String,
    /// Every batch that was acked.
    pub batches: Vec<Acked>,
    /// Who was erased afterwards.
    pub erased: u64,
    /// What is counted of the others.
    pub counts: Counts,
}

/// A batch that was acked.
#[derive(Debug, Serialize, Deserialize)]
pub struct Acked {
    /// The number of the listener, and of the device.
    pub listener: u64,
    /// The batch.
    pub jws: String,
    /// Its receipt.
    pub receipt: String,
}

/// The name of listener `number`.
pub fn listener(number: u64) -> String {
    format!("listener-{number}")
}

/// Milliseconds since 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Has the server `program` write a folder `data` into `out`, and tells what is in it.
pub async fn write(program: &Path, out: &Path) -> Result<Written, Box<dyn Error>> {
    std::fs::create_dir_all(out)?;
    let issuer = Issuer::new(ISSUER);
    let keys = tempfile::NamedTempFile::new()?;
    std::fs::write(keys.path(), issuer.jwks())?;
    let mut server = Server::start(&mut serve(program, &out.join("data"), keys.path()))?;
    let client = Client::builder().no_proxy().build()?;
    let mut batches = Vec::new();
    for number in 1..=LISTENERS {
        let (name, mut device) = (listener(number), Device::new(number));
        let address = Address { audience: AUDIENCE, listener: &name };
        let begin = now().saturating_sub(Duration::from_hours(2));
        for place in 0..BATCHES {
            let at = begin + Duration::from_mins(place as u64);
            let jws = device.seal(&address, EVENTS, u64::try_from(at.as_millis())?);
            let token = issuer.token(&address, &device, now().as_secs());
            let receipt = receipt(&send(&client, &server.url, token, &jws).await?)?;
            batches.push(Acked { listener: number, jws, receipt });
        }
    }
    let token = issuer.service_token(AUDIENCE, SCOPE_ERASE, now().as_secs());
    let erased = listener(LISTENERS);
    let asked =
        client.delete(format!("{}/v1/listeners/{erased}", server.url)).bearer_auth(token).send().await?;
    asked.error_for_status()?;
    let vkey = client.get(format!("{}/log/vkey", server.url)).send().await?.text().await?.trim().to_owned();
    let counts = settled(&client, &server.url, &issuer, out, (LISTENERS - 1) * BATCHES as u64).await?;
    Command::new("kill").arg(server.id().to_string()).status()?;
    if !server.ended()? {
        return Err("the server did not end well".into());
    }
    let written = Written { vkey, batches, erased: LISTENERS, counts };
    std::fs::write(out.join("expected.json"), serde_json::to_string_pretty(&written)? + "\n")?;
    Ok(written)
}

/// The command by which the server `program` serves such a folder, with the issuer's keys in a file.
pub fn serve(program: &Path, data: &Path, jwks: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0", "--origin", ORIGIN, "--audience", AUDIENCE]);
    command.args(["--issuer", ISSUER, "--device-rate", "0", "--verdicts-after", "0"]);
    command.args(["--segment-bytes", "65536"]).env("RUST_LOG", "warn");
    command.arg("--jwks").arg(jwks).arg("--data").arg(data);
    command
}

/// Sends one batch.
pub async fn send(client: &Client, url: &str, token: String, jws: &str) -> Result<Answer, Box<dyn Error>> {
    let request = IngestRequest { token: Some(token), known: None, batches: vec![jws.to_owned()] };
    let sent = client.post(format!("{url}/v1/batches")).header("content-type", "application/json");
    let answer = sent.body(serde_json::to_string(&request)?).send().await?.text().await?;
    let mut response: IngestResponse = serde_json::from_str(&answer).map_err(|_| answer)?;
    Ok(response.answers.remove(0))
}

/// The receipt of a batch that is acked.
pub fn receipt(answer: &Answer) -> Result<String, Box<dyn Error>> {
    match answer {
        Answer::Accepted(acked) | Answer::Duplicate(acked) => Ok(acked.receipt.clone()),
        Answer::Refused { problem } => Err(problem.to_string().into()),
    }
}

/// Waits until `plays` are counted and every complete segment is compressed; gives the counts.
async fn settled(
    client: &Client,
    url: &str,
    issuer: &Issuer,
    out: &Path,
    plays: u64,
) -> Result<Counts, Box<dyn Error>> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let counts = counts(client, url, issuer).await?;
        let raw = std::fs::read_dir(out.join("data/journal"))?.filter_map(Result::ok);
        let raw = raw.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "seg")).count();
        if all(&counts) == plays && raw == 1 {
            return Ok(counts);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("the folder never settled".into())
}

/// What is counted.
pub async fn counts(client: &Client, url: &str, issuer: &Issuer) -> Result<Counts, Box<dyn Error>> {
    let token = issuer.service_token(AUDIENCE, SCOPE_READ_COUNTS, now().as_secs());
    let answer = client.get(format!("{url}/v1/plays")).bearer_auth(token).send().await?;
    Ok(serde_json::from_str(&answer.error_for_status()?.text().await?)?)
}

/// Plays of every kind.
pub fn all(counts: &Counts) -> u64 {
    counts.valid + counts.short + counts.muted + counts.suspect + counts.invalid
}
