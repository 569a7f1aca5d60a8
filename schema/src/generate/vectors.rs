//! Golden vectors: inputs, good and bad, with what every binding must answer, byte for byte.

use crate::conformance;
use crate::jws;
use crate::key::SecretKey;
use crate::ledger::merkle::tree_root as root;
use crate::ledger::reference::{path, subproof};
use crate::ledger::{BatchEntry, Checkpoint, Entry, Evidence, LogSigner, Receipt, merkle};
use crate::token;
use crate::{Hash, bytes};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Vector {
    operation: &'static str,
    name: String,
    input: String,
    output: String,
}

pub(super) fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for operation in conformance::OPERATIONS {
        let cases = match operation {
            "device" => device(),
            "intervals" => intervals(),
            "event" => event(),
            "seal" => seal(),
            "open" => open(),
            "token" => tokens(),
            "receipt" => receipts(),
            "consistency" => consistency(),
            "evidence" => evidence(),
            "judge" => sessions(),
            other => unreachable!("operation {other} has no vectors"),
        };
        let vectors: Vec<Vector> = cases
            .into_iter()
            .map(|(name, input)| {
                let input = input.to_string();
                let output = conformance::run(operation, &input);
                Vector { operation, name, input, output }
            })
            .collect();
        let text = serde_json::to_string_pretty(&vectors).expect("vectors are JSON");
        files.insert(format!("vectors/{operation}.json"), text + "\n");
    }
    files
}

type Cases = Vec<(String, Value)>;

fn named<const N: usize>(cases: [(&str, Value); N]) -> Cases {
    cases.into_iter().map(|(name, input)| (name.to_owned(), input)).collect()
}

fn device_key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

fn sign(key: &SecretKey, header: &str, payload: &str) -> String {
    let input = jws::signing_input(header, payload.as_bytes());
    let signature = key.sign(input.as_bytes());
    jws::with_signature(input, &signature)
}

fn device() -> Cases {
    named([
        ("RFC 8037 appendix A.3", json!({ "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })),
        ("identity point", json!({ "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })),
        ("order four", json!({ "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })),
        ("not canonical", json!({ "x": bytes::encode(&not_canonical()) })),
        ("too short", json!({ "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ" })),
        ("padded", json!({ "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=" })),
    ])
}

/// y = p + 3, another spelling of y = 3.
fn not_canonical() -> [u8; 32] {
    let mut key = [0xff; 32];
    key[0] = 0xf0;
    key[31] = 0x7f;
    key
}

fn intervals() -> Cases {
    named([
        ("touching intervals merge", json!({ "a": [[0, 5], [5, 9]], "b": [] })),
        ("overlap counts once", json!({ "a": [[0, 10], [5, 15], [2, 3]], "b": [[4, 6]] })),
        ("a cut in the middle leaves two", json!({ "a": [[0, 10]], "b": [[4, 6]] })),
        ("order makes no difference", json!({ "a": [[20, 30], [0, 10]], "b": [[25, 40], [0, 1]] })),
        ("empty intervals add nothing", json!({ "a": [[3, 3], [9, 2]], "b": [[1, 2]] })),
    ])
}

/// An event of the session used in vectors; `number` makes its id.
fn event_json(number: u32, mono: u64, rest: &Value) -> Value {
    let mut event = json!({
        "id": format!("018f4e3a-7c00-7000-8000-{number:012x}"), "at": 1_700_000_000_000_u64 + mono, "mono": mono,
        "session": "018f4e3a-7c00-7000-8000-0000000000ff", "track": "track-1",
    });
    let members = event.as_object_mut().expect("made as an object");
    members.extend(rest.as_object().expect("given as an object").clone());
    event
}

fn started(duration_ms: u64) -> Value {
    json!({ "type": "play.started", "artist": "artist-1", "duration_ms": duration_ms, "source": "album",
        "offline": false, "engine": "native", "autoplay": false })
}

fn progress(heard: &Value, rate: f64, silent_ms: u64) -> Value {
    json!({ "type": "play.progress", "heard": heard, "silent_ms": silent_ms, "rate": rate, "volume": 0.8,
        "muted": silent_ms > 0, "visible": true })
}

fn ended(heard: &Value, played_ms: u64) -> Value {
    json!({ "type": "play.ended", "reason": "completed", "position_ms": 0, "heard": heard,
        "played_ms": played_ms, "pauses": 0, "seeks": 0, "stalls": 0 })
}

fn event() -> Cases {
    let good = [
        started(200_000),
        progress(&json!([[0, 10_000], [4000, 5000]]), 1.25, 0),
        progress(&json!([]), 1.0, 10_000),
        json!({ "type": "play.paused", "position_ms": 1 }),
        json!({ "type": "play.resumed", "position_ms": 1 }),
        json!({ "type": "play.seeked", "from_ms": 1, "to_ms": 2 }),
        json!({ "type": "play.stalled", "position_ms": 1, "stalled_ms": 2 }),
        json!({ "type": "play.failed", "position_ms": 1, "code": "decode" }),
        ended(&json!([[0, 10_000]]), 11_000),
        json!({ "type": "signal.motion", "activity": "walking", "confidence": 0.5 }),
        json!({ "type": "signal.location", "grid": "geohash", "cell": "u33" }),
        json!({ "type": "engage.like" }),
        json!({ "type": "engage.share", "target": "somebody" }),
        json!({ "type": "engage.playlist_add", "target": "list" }),
        json!({ "type": "engage.follow", "unknown": { "members": ["are", "ignored"] } }),
    ];
    let bad = [
        json!({ "type": "play.danced" }),
        json!({ "type": "play.paused" }),
        json!({ "type": "play.paused", "position_ms": -1 }),
        json!({ "type": "play.paused", "position_ms": 9_007_199_254_740_992_u64 }),
        json!({ "type": "play.failed", "position_ms": 1, "code": "" }),
        progress(&json!([[5, 5]]), 1.0, 0),
        progress(&json!([]), 17.0, 0),
    ];
    let case = |(index, rest): (usize, Value), kind: &str| {
        let name = format!("{kind} {} {index}", rest["type"].as_str().unwrap_or_default());
        (name, json!({ "event": event_json(1, 5, &rest).to_string() }))
    };
    good.into_iter()
        .enumerate()
        .map(|one| case(one, "good"))
        .chain(bad.into_iter().enumerate().map(|one| case(one, "bad")))
        .collect()
}

fn payload() -> Value {
    json!({
        "v": 1, "batch": "018f4e3a-7c00-7000-8000-0000000000aa", "device": device_key().public().thumbprint(),
        "seq": 1, "prev": "", "nonce": "AAECAwQFBgcICQoLDA0ODw", "aud": "https://plays.example",
        "listener": "listener-1", "sent_at": 1_700_000_000_000_u64, "sdk": "vectors/1",
        "events": [event_json(1, 0, &started(200_000)), event_json(2, 900, &ended(&json!([]), 0))],
    })
}

fn changed(member: &str, value: Value) -> Value {
    let mut payload = payload();
    payload[member] = value;
    payload
}

fn gave_up() -> Value {
    json!([{ "reason": "queue_full", "events": 100 }, { "reason": "corrupted", "events": 1 }])
}

fn seal() -> Cases {
    let seed = bytes::encode(&[1; 32]);
    let anchored = {
        let mut payload = changed("seq", json!(2));
        payload["prev"] = json!(Hash::of(b"the batch before"));
        payload["anchor"] = json!({ "origin": "log.example", "size": 7, "root": Hash::of(b"root") });
        payload
    };
    named([
        ("first batch", json!({ "seed": seed, "payload": payload().to_string() })),
        ("anchored batch", json!({ "seed": seed, "payload": anchored.to_string() })),
        (
            "batch of a device that gave events up",
            json!({ "seed": seed, "payload": changed("dropped", gave_up()).to_string() }),
        ),
    ])
}

fn open() -> Cases {
    let key = device_key();
    let header = crate::batch::header(&key.public());
    let good = sign(&key, &header, &payload().to_string());
    let of = |payload: &Value| sign(&key, &header, &payload.to_string());
    let small_order = header.replace(&key.public().jwk_x(), "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let body = payload().to_string();
    let many: Vec<Value> = (0..501).map(|_| json!({})).collect();
    [
        ("good", good.clone()),
        ("gave events up", of(&changed("dropped", gave_up()))),
        (
            "gave events up for a later reason",
            of(&changed("dropped", json!([{ "reason": "moon", "events": 1 }]))),
        ),
        (
            "gave too much up",
            of(&changed("dropped", json!([{ "reason": "refused", "events": 1_u64 << 60 }]))),
        ),
        ("fully specified algorithm", sign(&key, &header.replace("EdDSA", "Ed25519"), &body)),
        ("one bit of the signature", flip(&good)),
        ("signed by another key", sign(&SecretKey::from_seed(&[2; 32]), &header, &body)),
        ("algorithm none", sign(&key, &header.replace("EdDSA", "none"), &body)),
        ("another type", sign(&key, &header.replace("delistening-batch+jws", "JWT"), &body)),
        ("critical extension", sign(&key, &header.replace('}', r#","crit":["b64"]}"#), &body)),
        ("small-order key", sign(&key, &small_order, &body)),
        ("later version", of(&json!({ "v": 2, "shape": "unknown" }))),
        ("sequence zero", of(&changed("seq", json!(0)))),
        ("no previous hash", of(&changed("seq", json!(2)))),
        ("another device", of(&changed("device", json!(Hash::of(b"other"))))),
        ("short nonce", of(&changed("nonce", json!("AAEC")))),
        ("too many events", of(&changed("events", json!(many)))),
        ("empty listener", of(&changed("listener", json!("")))),
        ("not JSON", sign(&key, &header, "plays")),
        ("not a JWS", "a.b".to_owned()),
    ]
    .into_iter()
    .map(|(name, jws)| (name.to_owned(), json!({ "jws": jws })))
    .collect()
}

/// Changes the last significant character of a JWS's signature.
fn flip(jws: &str) -> String {
    let at = jws.len() - 3;
    let other = if &jws[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &jws[..at], &jws[at + 1..])
}

fn tokens() -> Cases {
    let issuer = SecretKey::from_seed(&[3; 32]);
    let claims = json!({
        "iss": "https://issuer.example", "aud": "https://plays.example", "iat": 1_700_000_000, "exp": 1_700_000_900,
        "sub": "listener-1", "scope": "plays:write", "cnf": { "jkt": device_key().public().thumbprint() },
    });
    let with = |member: &str, value: Value| {
        let mut claims = claims.clone();
        claims[member] = value;
        sign(&issuer, &token::header("k1"), &claims.to_string())
    };
    let good = with("sub", json!("listener-1"));
    [
        ("good", good.clone(), 1_700_000_100),
        ("expired", good.clone(), 1_700_000_960),
        ("not yet issued", good.clone(), 1_699_999_000),
        ("another audience", with("aud", json!("https://other.example")), 1_700_000_100),
        ("unknown issuer", with("iss", json!("https://stranger.example")), 1_700_000_100),
        ("lives too long", with("exp", json!(1_700_000_901)), 1_700_000_100),
        ("no subject", with("sub", Value::Null), 1_700_000_100),
        ("one bit of the signature", flip(&good), 1_700_000_100),
        (
            "algorithm HS256",
            sign(&issuer, &token::header("k1").replace("EdDSA", "HS256"), &claims.to_string()),
            1_700_000_100,
        ),
    ]
    .into_iter()
    .map(|(name, token, now)| {
        let input = json!({
            "token": token, "audience": "https://plays.example", "now": now, "issuer": "https://issuer.example",
            "key": issuer.public().jwk_x(),
        });
        (name.to_owned(), input)
    })
    .collect()
}

fn receipts() -> Cases {
    let signer = LogSigner::new("log.example", SecretKey::from_seed(&[4; 32])).expect("a good name");
    let stranger = LogSigner::new("log.example", SecretKey::from_seed(&[5; 32])).expect("a good name");
    let jws = sign(&device_key(), &crate::batch::header(&device_key().public()), &payload().to_string());
    let batch = Hash::of(jws.as_bytes());
    let entry = Entry::Batch(BatchEntry {
        batch,
        received: 1_700_000_001_000,
        context: Hash::of(b"salt and context"),
    })
    .to_bytes();
    let mut leaves: Vec<Hash> = (0..7_u8).map(|n| merkle::leaf_hash(&[n])).collect();
    leaves[5] = merkle::leaf_hash(&entry);
    let checkpoint = Checkpoint { origin: "log.example".into(), size: 7, root: root(&leaves) };
    let good = Receipt { entry, index: 5, proof: path(5, &leaves), checkpoint: checkpoint.sign(&signer) };
    let mut bent = good.clone();
    bent.proof[1].0[7] ^= 1;
    let renamed = Checkpoint { origin: "other.example".into(), ..checkpoint };
    let vkey = signer.log_key().to_vkey();
    [
        ("good", good.to_string(), &jws, &vkey),
        ("for another batch", good.to_string(), &"other".to_owned(), &vkey),
        ("another index", Receipt { index: 4, ..good.clone() }.to_string(), &jws, &vkey),
        ("one bit of the proof", bent.to_string(), &jws, &vkey),
        ("another log's key", good.to_string(), &jws, &stranger.log_key().to_vkey()),
        (
            "another log's origin",
            Receipt { checkpoint: renamed.sign(&signer), ..good.clone() }.to_string(),
            &jws,
            &vkey,
        ),
        ("another entry", Receipt { entry: b"{}".to_vec(), ..good.clone() }.to_string(), &jws, &vkey),
        ("leading zero", good.to_string().replace("index 5", "index 05"), &jws, &vkey),
        ("cut short", good.to_string()[..80].to_owned(), &jws, &vkey),
        ("bad verifier key", good.to_string(), &jws, &"log.example+00000000+AQ==".to_owned()),
    ]
    .into_iter()
    .map(|(name, receipt, jws, log)| (name.to_owned(), json!({ "receipt": receipt, "jws": jws, "log": log })))
    .collect()
}

fn consistency() -> Cases {
    let leaves: Vec<Hash> = (0..21_u8).map(|n| merkle::leaf_hash(&[n])).collect();
    let other = Hash::of(b"another history");
    let mut cases = Vec::new();
    for (old, new) in [(0, 5), (1, 2), (3, 7), (4, 8), (6, 8), (8, 8), (7, 21), (16, 21), (20, 21)] {
        let proof = if old == 0 || old == new { Vec::new() } else { subproof(old, &leaves[..new], true) };
        let case = |old_root: Hash, new_root: Hash, proof: &[Hash]| json!({ "old_size": old, "old_root": old_root, "new_size": new, "new_root": new_root, "proof": proof });
        let (old_root, new_root) = (root(&leaves[..old]), root(&leaves[..new]));
        cases.push((format!("{old} to {new}"), case(old_root, new_root, &proof)));
        cases.push((format!("{old} to {new}, rewritten before"), case(other, new_root, &proof)));
        let longer: Vec<Hash> = proof.iter().copied().chain([other]).collect();
        cases.push((format!("{old} to {new}, one hash too many"), case(old_root, new_root, &longer)));
        if let Some((_, shorter)) = proof.split_last() {
            cases.push((format!("{old} to {new}, one hash too few"), case(old_root, new_root, shorter)));
        }
    }
    cases
}

fn evidence() -> Cases {
    let signer = LogSigner::new("log.example", SecretKey::from_seed(&[4; 32])).expect("a good name");
    let honest: Vec<Hash> = (0..9_u8).map(|n| merkle::leaf_hash(&[n])).collect();
    let mut rewritten = honest.clone();
    rewritten[2] = merkle::leaf_hash(b"another entry");
    let note = |leaves: &[Hash]| {
        let (size, root) = (leaves.len() as u64, root(leaves));
        Checkpoint { origin: "log.example".into(), size, root }.sign(&signer)
    };
    let case = |smaller: &[Hash], larger: &[Hash]| {
        let whole = smaller.len() == larger.len();
        let proof = if whole { Vec::new() } else { subproof(smaller.len(), larger, false) };
        Evidence::new(&signer.log_key().to_vkey(), &note(smaller), &note(larger), &proof)
    };
    let good = case(&honest[..5], &rewritten);
    let mut bent = good.clone();
    bent.proof.rotate_left(1);
    let unsigned = Evidence { larger: good.larger.replace("\n9\n", "\n10\n"), ..good.clone() };
    named([
        ("rewritten", json!(good)),
        ("two roots of one size", json!(case(&honest[..5], &rewritten[..5]))),
        ("a log that only grew", json!(case(&honest[..5], &honest))),
        ("the proof of another log", json!(bent)),
        ("a checkpoint that nobody signed", json!(unsigned)),
        ("another version", json!(Evidence { evidence: 2, ..good })),
    ])
}

fn sessions() -> Cases {
    let evidence = |events: &[(u64, Value)], received: u64, anchored: Option<u64>| {
        let all: Vec<Value> = (1..)
            .zip(events)
            .map(|(number, (mono, rest))| {
                json!({ "event": event_json(number, *mono, rest), "received": received, "anchored": anchored })
            })
            .collect();
        json!({ "evidence": all })
    };
    let at = |after_ms: u64| 1_700_000_000_000 + after_ms;
    let half = [
        (0, started(12_000)),
        (6_000, progress(&json!([[0, 6_000]]), 1.0, 0)),
        (6_010, ended(&json!([[0, 6_000]]), 6_000)),
    ];
    let long = [
        (0, started(200_000)),
        (10_000, progress(&json!([[0, 10_000]]), 1.0, 0)),
        (20_000, progress(&json!([[10_000, 20_000]]), 1.0, 0)),
        (30_000, progress(&json!([[20_000, 30_000]]), 1.0, 0)),
    ];
    let mut shuffled = evidence(&long, at(31_000), None);
    if let Some(events) = shuffled["evidence"].as_array_mut() {
        events.reverse();
        events.push(events[0].clone());
    }
    named([
        ("half of a short track", evidence(&half, at(7_000), Some(at(0)))),
        ("thirty seconds of a long one", evidence(&long, at(31_000), None)),
        ("the same in another order, one twice", shuffled),
        ("less than half of a short track", evidence(&half[..1], at(7_000), None)),
        ("only the end arrived", evidence(&half[2..], at(7_000), None)),
        (
            "a loop is heard once and played often",
            evidence(
                &[
                    (0, started(200_000)),
                    (40_000, progress(&json!([[0, 10_000], [0, 10_000], [0, 10_000]]), 1.0, 0)),
                ],
                at(50_000),
                None,
            ),
        ),
        (
            "muted",
            evidence(&[(0, started(200_000)), (31_000, progress(&json!([]), 1.0, 31_000))], at(32_000), None),
        ),
        (
            "triple speed does not count",
            evidence(
                &[
                    (0, started(200_000)),
                    (30_000, progress(&json!([[0, 90_000]]), 3.0, 0)),
                    (30_001, ended(&json!([[0, 90_000]]), 90_000)),
                ],
                at(31_000),
                None,
            ),
        ),
        (
            "more heard than time passed on the device",
            evidence(
                &[(0, started(200_000)), (5_000, progress(&json!([[0, 40_000]]), 1.0, 0))],
                at(50_000),
                None,
            ),
        ),
        ("more heard than time passed between signed times", evidence(&long, at(31_000), Some(at(21_000)))),
        ("no events", json!({ "evidence": [] })),
    ])
}
