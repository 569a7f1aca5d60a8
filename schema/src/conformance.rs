//! The golden vectors as one function from text to text, so that every binding can be held to them byte
//! for byte without a test harness of its own. Never part of a shipped module.

use crate::event::Event;
use crate::intervals::Intervals;
use crate::key::{PublicKey, SecretKey};
use crate::ledger::{self, LogKey, Receipt, merkle};
use crate::play::{Evidence, Facts, judge};
use crate::token::Claims;
use crate::{Batch, Hash, bytes, jws};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Every operation that vectors exist for.
pub const OPERATIONS: [&str; 10] =
    ["device", "intervals", "event", "seal", "open", "token", "receipt", "consistency", "evidence", "judge"];

/// Performs `operation` on `input` (JSON) and gives its result (JSON without white space, members in
/// alphabetical order). An operation that refuses its input says `{"error": …}`.
pub fn run(operation: &str, input: &str) -> String {
    let result = match operation {
        "device" => read(input).and_then(|input| device(&input)),
        "intervals" => read(input).map(|input| intervals(&input)),
        "event" => read(input).and_then(|input| event(&input)),
        "seal" => read(input).and_then(|input| seal(&input)),
        "open" => read(input).and_then(|input| open(&input)),
        "token" => read(input).and_then(|input| token(&input)),
        "receipt" => read(input).and_then(|input| receipt(&input)),
        "consistency" => read(input).map(|input| consistency(&input)),
        "evidence" => read(input).and_then(|input| rewritten(&input)),
        "judge" => read(input).and_then(|input| verdict(&input)),
        other => Err(format!("no such operation: {other}")),
    };
    result.unwrap_or_else(|error| json!({ "error": error })).to_string()
}

fn read<T: DeserializeOwned>(input: &str) -> Result<T, String> {
    serde_json::from_str(input).map_err(|error| error.to_string())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[derive(Deserialize)]
struct Device {
    x: String,
}

fn device(input: &Device) -> Result<Value, String> {
    let key = PublicKey::from_jwk_x(&input.x).map_err(text)?;
    Ok(json!({ "device": key.thumbprint() }))
}

#[derive(Deserialize)]
struct TwoSets {
    a: Intervals,
    b: Intervals,
}

fn intervals(TwoSets { a, b }: &TwoSets) -> Value {
    let mut both = a.clone();
    both.extend(b.as_slice().iter().copied());
    json!({ "a_total": a.total(), "both": both, "a_without_b": a.without(b) })
}

#[derive(Deserialize)]
struct EventText {
    #[serde(rename = "event")]
    json: String,
}

fn event(input: &EventText) -> Result<Value, String> {
    Ok(json!({ "event": Event::from_json(&input.json).map_err(text)?.to_json() }))
}

#[derive(Deserialize)]
struct Seal {
    seed: String,
    payload: String,
}

fn seal(input: &Seal) -> Result<Value, String> {
    let key = SecretKey::from_seed(&bytes::decode_array(&input.seed).ok_or("seed must be 32 bytes")?);
    let batch: Batch = read(&input.payload)?;
    let signing_input = batch.signing_input(&key.public());
    let signature = key.sign(signing_input.as_bytes());
    let jws = jws::with_signature(signing_input, &signature);
    Ok(json!({ "hash": Hash::of(jws.as_bytes()), "jws": jws }))
}

#[derive(Deserialize)]
struct Jws {
    jws: String,
}

fn open(input: &Jws) -> Result<Value, String> {
    let opened = Batch::open(&input.jws).map_err(|problem| problem.code.to_string())?;
    let batch = &opened.payload;
    Ok(json!({
        "device": batch.device, "seq": batch.seq, "batch": batch.batch, "listener": batch.listener,
        "events": batch.events.len(), "hash": opened.hash,
    }))
}

#[derive(Deserialize)]
struct TokenInput {
    token: String,
    audience: String,
    now: u64,
    issuer: String,
    key: String,
}

fn token(input: &TokenInput) -> Result<Value, String> {
    let key = PublicKey::from_jwk_x(&input.key).map_err(text)?;
    let find = |issuer: &str, _: Option<&str>| (issuer == input.issuer).then_some(&key);
    let claims = Claims::verify(&input.token, &input.audience, input.now, find).map_err(text)?;
    Ok(json!({ "sub": claims.sub, "scope": claims.scope, "exp": claims.exp }))
}

#[derive(Deserialize)]
struct ReceiptInput {
    #[serde(rename = "receipt")]
    text: String,
    jws: String,
    log: String,
}

fn receipt(input: &ReceiptInput) -> Result<Value, String> {
    let key = LogKey::parse(&input.log).map_err(text)?;
    let receipt = Receipt::parse(&input.text).map_err(text)?;
    let (entry, checkpoint) = receipt.verify(input.jws.as_bytes(), &key).map_err(text)?;
    Ok(json!({
        "index": receipt.index, "size": checkpoint.size, "root": checkpoint.root, "received": entry.received,
    }))
}

#[derive(Deserialize)]
struct TwoTrees {
    old_size: u64,
    old_root: Hash,
    new_size: u64,
    new_root: Hash,
    proof: Vec<Hash>,
}

fn consistency(input: &TwoTrees) -> Value {
    let TwoTrees { old_size, old_root, new_size, new_root, proof } = input;
    json!({ "consistent": merkle::verify_consistency(*old_size, old_root, *new_size, new_root, proof) })
}

fn rewritten(input: &ledger::Evidence) -> Result<Value, String> {
    let shown = input.verify().map_err(text)?;
    Ok(json!({ "smaller": shown.smaller.size, "larger": shown.larger.size, "held": shown.held }))
}

#[derive(Deserialize)]
struct Session {
    evidence: Vec<Seen>,
}

#[derive(Deserialize)]
struct Seen {
    event: Event,
    received: u64,
    #[serde(default)]
    anchored: Option<u64>,
}

fn verdict(input: &Session) -> Result<Value, String> {
    let evidence = input.evidence.iter().map(|seen| Evidence {
        event: &seen.event,
        received: seen.received,
        anchored: seen.anchored,
    });
    serde_json::to_value(judge(&Facts::gather(evidence))).map_err(text)
}
