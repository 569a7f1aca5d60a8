//! Good inputs to begin with, and the keys that they are made with.

use delistening_schema::api::{Acknowledgement, Answer, IngestResponse, LogKeys};
use delistening_schema::export::{Footer, Header};
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::{
    BatchEntry, Checkpoint, Entry, ErasureEntry, KeyEntry, LogSigner, Receipt, RuleEntry, RuleKind,
    WitnessSigner, merkle,
};
use delistening_schema::problem::{Code, Problem};
use delistening_schema::{Hash, batch, jws, token};
use serde_json::{Value, json};

/// The service that tokens and batches are for.
pub const AUDIENCE: &str = "https://plays.example";
/// The present, in seconds since 1970.
pub const NOW_S: u64 = 1_700_000_000;
const ORIGIN: &str = "log.example";

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

/// The begins of files of all kinds, as the target `audio` takes them: a form, then the file.
fn audio() -> Vec<Vec<u8>> {
    let files: [&[u8]; 7] = [
        include_bytes!("../../../player/tests/audio/short-cbr.mp3"),
        include_bytes!("../../../player/tests/audio/short.flac"),
        include_bytes!("../../../player/tests/audio/short.m4a"),
        include_bytes!("../../../player/tests/audio/short-alac.m4a"),
        include_bytes!("../../../player/tests/audio/short.aac"),
        include_bytes!("../../../player/tests/audio/short.ogg"),
        include_bytes!("../../../player/tests/audio/short.opus"),
    ];
    let mut seeds: Vec<Vec<u8>> = files
        .iter()
        .zip(0..)
        // What MP4 says of itself stands at its end.
        .map(|(file, form)| match file.get(4..8) {
            Some(b"ftyp") => [&[form], *file].concat(),
            _ => [&[form], &file[..file.len().min(16_000)]].concat(),
        })
        .collect();
    // WAV: 16 bits, mono, four frames.
    let wav = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88\x58\x01\0\x02\0\x10\0data\x08\0\0\0\0\0\0\x40\0\0\0\xc0";
    seeds.push([&[9], &wav[..]].concat());
    seeds
}

/// The device's key.
pub fn device_key() -> SecretKey {
    key(1)
}

/// The issuer's key.
pub fn issuer_key() -> SecretKey {
    key(2)
}

/// The log's key.
///
/// # Panics
/// Never: the name is good.
pub fn log_signer() -> LogSigner {
    LogSigner::new(ORIGIN, key(3)).expect("a good name")
}

/// A witness.
///
/// # Panics
/// Never: the name is good.
pub fn witness() -> WitnessSigner {
    WitnessSigner::new("witness.example", key(4)).expect("a good name")
}

/// A JWS of any bytes.
pub fn sign(key: &SecretKey, header: &str, payload: &[u8]) -> String {
    let input = jws::signing_input(header, payload);
    let signature = key.sign(input.as_bytes());
    jws::with_signature(input, &signature)
}

/// A good token of the device.
pub fn token() -> String {
    sign(&issuer_key(), &token::header("k1"), claims().to_string().as_bytes())
}

fn claims() -> Value {
    json!({
        "iss": "i", "aud": AUDIENCE, "iat": NOW_S, "exp": NOW_S + 900, "sub": "listener-1", "scope": "plays:write",
        "cnf": { "jkt": device_key().public().thumbprint() },
    })
}

fn events() -> Vec<Value> {
    let event = |place: u32, rest: &str| {
        let head = format!(
            r#"{{"id":"018f4e3a-7c00-7000-8000-{place:012}","at":1700000000000,"mono":{place},
            "session":"018f4e3a-7c00-7000-9000-000000000001","track":"track-1",{rest}}}"#
        );
        serde_json::from_str(&head).expect("an event is JSON")
    };
    [
        r#""type":"play.started","artist":"a","duration_ms":60000,"source":"album","offline":false,"engine":"native","autoplay":false"#,
        r#""type":"play.progress","heard":[[0,10000],[0,500]],"silent_ms":5,"rate":1.5,"volume":0.5,"muted":false,"visible":true,"output":"speaker""#,
        r#""type":"play.seeked","from_ms":10000,"to_ms":20000"#,
        r#""type":"play.stalled","position_ms":1,"stalled_ms":2"#,
        r#""type":"play.failed","position_ms":1,"code":"decode""#,
        r#""type":"play.paused","position_ms":1"#,
        r#""type":"play.ended","reason":"completed","position_ms":9,"heard":[[0,10],[20,30]],"played_ms":20,"pauses":1,"seeks":1,"stalls":0"#,
        r#""type":"signal.motion","activity":"walking","confidence":0.5"#,
        r#""type":"signal.location","grid":"h3","cell":"8a2a1072b59ffff""#,
        r#""type":"engage.like","target":"playlist-1""#,
    ]
    .into_iter()
    .zip(0..)
    .map(|(rest, place)| event(place, rest))
    .collect()
}

fn payload() -> Value {
    json!({
        "v": 1, "batch": "018f4e3a-7c00-7000-8000-000000000009", "device": device_key().public().thumbprint(),
        "seq": 2, "prev": Hash::of(b"before"), "nonce": "AAAAAAAAAAAAAAAAAAAAAA", "aud": AUDIENCE,
        "listener": "listener-1", "anchor": { "origin": ORIGIN, "size": 1, "root": Hash::of(b"root") },
        "sent_at": NOW_S * 1000, "sdk": "test/1", "events": events(),
    })
}

/// A good batch of the device.
pub fn batch() -> String {
    let key = device_key();
    sign(&key, &batch::header(&key.public()), payload().to_string().as_bytes())
}

fn entry() -> Entry {
    let context = Hash::of_parts(&[&[0; 16], b"{}"]);
    Entry::Batch(BatchEntry { batch: Hash::of(batch().as_bytes()), received: NOW_S * 1000, context })
}

/// A checkpoint of a log that holds the batch alone.
pub fn checkpoint() -> String {
    let root = merkle::leaf_hash(&entry().to_bytes());
    Checkpoint { origin: ORIGIN.into(), size: 1, root }.sign(&log_signer())
}

fn receipt() -> Receipt {
    Receipt { entry: entry().to_bytes(), index: 0, proof: Vec::new(), checkpoint: checkpoint() }
}

fn cosigned() -> String {
    let note = checkpoint();
    let text = note.split_once("\n\n").map_or("", |(text, _)| text).to_owned() + "\n";
    note + &witness().cosign(&text, NOW_S)
}

fn handover() -> Receipt {
    let to = LogSigner::new(ORIGIN, key(5)).expect("a good name");
    let entry = Entry::Key(KeyEntry::new(&log_signer(), &to).expect("one log")).to_bytes();
    let root = merkle::leaf_hash(&entry);
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size: 1, root }.sign(&to);
    Receipt { entry, index: 0, proof: Vec::new(), checkpoint }
}

fn export() -> String {
    let entry = String::from_utf8(entry().to_bytes()).expect("an entry is text");
    let header = Header { export: 1, origin: ORIGIN.into(), from: 0, to: 1 };
    let footer = Footer { checkpoint: checkpoint() };
    let shown = json!({ "salt": "AAAAAAAAAAAAAAAAAAAAAA", "context": "{}", "jws": batch() });
    [
        serde_json::to_string(&header).expect("JSON"),
        format!(r#"{{"index":0,"entry":{entry},"batch":{shown}}}"#),
        serde_json::to_string(&footer).expect("JSON"),
    ]
    .join("\n")
}

fn answer(status: u16, body: &Value) -> Vec<u8> {
    let mut bytes = status.to_be_bytes().to_vec();
    bytes.extend(body.to_string().into_bytes());
    bytes
}

fn answers() -> Vec<Vec<u8>> {
    let log = log_signer().log_key().to_vkey();
    let receipt = receipt().to_string();
    let ack = Acknowledgement { receipt, consistency: vec![Hash::of(b"").to_base64()], problems: Vec::new() };
    let problem = |code| Problem::new(code, "because").retry_after(2);
    let whole = |answers| answer(200, &json!(IngestResponse { log: log.clone(), answers }));
    vec![
        whole(vec![Answer::Accepted(ack.clone())]),
        whole(vec![Answer::Duplicate(ack)]),
        whole(vec![Answer::Refused { problem: problem(Code::SequenceFork) }]),
        answer(503, &json!(problem(Code::Overloaded))),
        answer(401, &json!(problem(Code::ExpiredToken))),
    ]
}

/// Good inputs of a target.
///
/// # Panics
/// Never: everything in them is representable.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let texts: Vec<String> = match target {
        "jws-batch" => vec![batch()],
        "batch-payload" => vec![payload().to_string()],
        "event" => events().iter().map(Value::to_string).collect(),
        "token" => vec![token()],
        "token-claims" => vec![claims().to_string()],
        "sdk-answer" => return answers(),
        "request" => {
            let known = json!({ "origin": ORIGIN, "size": 1 });
            vec![json!({ "token": token(), "known": known, "batches": ["a.b.c", "d.e.f"] }).to_string()]
        }
        "encoding" => return encoded(),
        "jwks" => {
            let x = issuer_key().public().jwk_x();
            let jwk =
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "alg": "EdDSA", "x": x });
            vec![json!({ "keys": [jwk, { "kty": "RSA", "n": "AQAB", "e": "AQAB" }] }).to_string()]
        }
        "tile-path" => ["x001/x234/067", "000.p/7", "x005/000"].map(str::to_owned).into(),
        "witness-request" => {
            let hash = Hash::of(b"").to_base64();
            vec![format!("old 1\n{hash}\n{hash}\n\n{}", cosigned()), format!("old 0\n\n{}", checkpoint())]
        }
        "receipt" => vec![receipt().to_string(), handover().to_string()],
        "signed-note" => {
            vec![checkpoint(), cosigned(), log_signer().log_key().to_vkey(), witness().public().to_vkey()]
        }
        "entry" => return entries(),
        "policy" => {
            let (log, one) = (log_signer().log_key().to_vkey(), witness().public().to_vkey());
            vec![format!(
                "# a policy\nlog {log} https://l/\nwitness w {one} https://w/\ngroup g any w\nquorum g\n"
            )]
        }
        "export-line" => vec![export()],
        "log-keys" => {
            let to = LogSigner::new(ORIGIN, key(5)).expect("a good name");
            let keys = [log_signer(), to].iter().map(|signer| signer.log_key().to_vkey()).collect();
            let keys = LogKeys { keys, handovers: vec![handover().to_string()] };
            vec![serde_json::to_string(&keys).expect("JSON")]
        }
        "audio" => return audio(),
        "journal" => return crate::disk_seeds::journals(),
        "signed-slots" => return crate::disk_seeds::slots(),
        _ => Vec::new(),
    };
    texts.into_iter().map(String::into_bytes).collect()
}

fn entries() -> Vec<Vec<u8>> {
    let erasure = ErasureEntry { at: NOW_S, batches: vec![1, 2], verdicts: vec![(3, 0)] };
    let rule = RuleEntry { of: RuleKind::Play, version: 1, text: "a rule".into() };
    let mut entries = vec![entry().to_bytes(), handover().entry];
    entries.extend([Entry::Rule(rule), Entry::Erasure(erasure)].iter().map(Entry::to_bytes));
    entries
}

fn encoded() -> Vec<Vec<u8>> {
    // `{}` in gzip (RFC 1952, a stored block) and in zstd (RFC 8878, a raw block), by hand.
    let gzip = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1, 2, 0, 0xfd, 0xff, b'{', b'}', 0x43, 0xbf, 0xa6, 0xa3, 2, 0,
        0, 0,
    ];
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 2, 0x11, 0, 0, b'{', b'}'];
    vec![[&[0][..], b"{}"].concat(), [&[1][..], &gzip].concat(), [&[2][..], &zstd].concat()]
}
