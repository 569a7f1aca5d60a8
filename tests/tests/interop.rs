//! Independent implementations (`tests/interop`, in Go) read our log and agree, and we read theirs.

use delistening_schema::Hash;
use delistening_schema::api::{Answer, IngestRequest, IngestResponse, Known};
use delistening_schema::ledger::tiles::{self, Tiles};
use delistening_schema::ledger::{Checkpoint, LogKey, merkle};
use delistening_tests::device::{Address, Device};
use delistening_tests::dishonest::operator::{Operator, client};
use serde::Deserialize;
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// The program, built once.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop");
        let status =
            Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(source).status();
        let built = status.expect("Go is needed: install it (Debian: golang-go) and run this again");
        assert!(built.success(), "the program of tests/interop cannot be built; why stands above");
        program
    })
}

/// Runs the program, and gives what it says.
fn run(args: &[&str], input: String) -> String {
    let mut command = Command::new(program());
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // Whoever needs no input does not read it.
    let _ = writer.join().unwrap();
    assert!(output.status.success(), "{args:?} does not agree; why stands above");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn go_verifies_our_entries_tiles_checkpoints_receipts_and_consistency() {
    let client = client();
    let operator = Operator::begin(&client).await;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let address = Address { audience: "delistening-dev", listener: "listener-1" };
    let mut known: Option<Known> = None;
    let mut acks = String::new();
    // More entries than one tile holds, in requests of all sizes.
    for (number, count) in (1..=20).cycle().take(40).enumerate() {
        let mut device = Device::new(number as u64);
        let now = u64::try_from(since.as_millis()).unwrap();
        let batches = (0..count.min(16)).map(|_| device.seal(&address, 3, now)).collect();
        let token = operator.token(&json!({ "device": device.id(), "listener": "listener-1" })).await;
        let request = IngestRequest { token: Some(token), known: known.take(), batches };
        let url = format!("{}/v1/batches", operator.url);
        let post = client.post(url).header("content-type", "application/json");
        let answer = post.body(serde_json::to_string(&request).unwrap()).send().await.unwrap();
        let response: IngestResponse = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        for answer in response.answers {
            let Answer::Accepted(ack) = answer else { panic!("{answer:?}") };
            let (_, note) = ack.receipt.split_once("\n\n").unwrap();
            let Checkpoint { origin, size, .. } = Checkpoint::unverified(note).unwrap();
            known = Some(Known { origin, size });
            acks += &json!({ "receipt": ack.receipt, "consistency": ack.consistency }).to_string();
            acks.push('\n');
        }
    }
    let expected = acks.lines().count();
    assert!(expected > 300);
    let url = operator.url.clone();
    let said = tokio::task::spawn_blocking(move || run(&["read", &url], acks)).await.unwrap();
    assert!(said.trim_end().ends_with(&format!("{expected} acks")), "{said}");
    drop(operator.end().await);
}

#[derive(Deserialize)]
struct TheirLog {
    vkey: String,
    checkpoints: Vec<TheirCheckpoint>,
    inclusion: Vec<Inclusion>,
    consistency: Vec<Consistency>,
}

#[derive(Deserialize)]
struct TheirCheckpoint {
    size: u64,
    note: String,
}

#[derive(Deserialize)]
struct Inclusion {
    index: u64,
    size: u64,
    leaf: String,
    proof: Vec<String>,
}

#[derive(Deserialize)]
struct Consistency {
    old: u64,
    new: u64,
    proof: Vec<String>,
}

fn hash(text: &str) -> Hash {
    Hash::from_base64(text).unwrap_or_else(|| panic!("no hash: {text}"))
}

fn hashes(texts: &[String]) -> Vec<Hash> {
    texts.iter().map(|text| hash(text)).collect()
}

#[test]
fn we_verify_checkpoints_tiles_and_proofs_of_go() {
    let folder = tempfile::tempdir().unwrap();
    run(&["write", folder.path().to_str().unwrap()], String::new());
    let text = std::fs::read_to_string(folder.path().join("log.json")).unwrap();
    let log: TheirLog = serde_json::from_str(&text).unwrap();
    let key = LogKey::parse(&log.vkey).unwrap();
    assert_eq!(key.to_vkey(), log.vkey);
    let root = |size: u64| {
        let published = log.checkpoints.iter().find(|published| published.size == size).unwrap();
        let checkpoint = Checkpoint::verify(&published.note, &key).unwrap();
        assert_eq!(checkpoint.size, size);
        checkpoint.root
    };
    for Inclusion { index, size, leaf, proof } in &log.inclusion {
        let proof = hashes(proof);
        assert!(
            merkle::verify_inclusion(&hash(leaf), *index, *size, &root(*size), &proof),
            "{index} of {size}"
        );
    }
    for Consistency { old, new, proof } in &log.consistency {
        let (old_root, new_root) = (root(*old), root(*new));
        assert!(
            merkle::verify_consistency(*old, &old_root, *new, &new_root, &hashes(proof)),
            "{old} to {new}"
        );
        let fetch = |tile: tiles::Tile| {
            let bytes = std::fs::read(folder.path().join(tile.to_string())).expect("a tile of the log");
            (tile, tile.read(&bytes).expect("hashes"))
        };
        let tiles: Tiles = tiles::needed(*old, *new).into_iter().map(fetch).collect();
        let (held, _) = tiles::prove(*old, *new, &new_root, &tiles).expect("the tiles prove it");
        assert_eq!(held, old_root, "{old} of {new}");
    }
    assert!(log.consistency.len() > 30 && log.inclusion.len() > 30);
}

#[derive(Deserialize)]
struct Probe {
    kind: String,
    how: String,
    a: u64,
    size: u64,
    old: String,
    root: String,
    proof: Option<Vec<String>>,
    holds: bool,
}

#[test]
fn we_say_of_ten_thousand_good_and_bent_proofs_what_transparency_dev_says() {
    let said = run(&["probes"], String::new());
    let (mut good, mut bad) = (0, 0);
    for line in said.lines() {
        let probe: Probe = serde_json::from_str(line).unwrap();
        let Probe { kind, how, a, size, old, root, proof, holds } = &probe;
        let (old, root, proof) = (hash(old), hash(root), hashes(proof.as_deref().unwrap_or_default()));
        let ours = if kind == "inclusion" {
            merkle::verify_inclusion(&old, *a, *size, &root, &proof)
        } else if *a == 0 {
            // They take any root for that of an empty tree; we know which it is.
            assert_eq!(*holds, proof.is_empty() && *size > 0);
            continue;
        } else {
            merkle::verify_consistency(*a, &old, *size, &root, &proof)
        };
        assert_eq!(ours, *holds, "{kind} {a} of {size}, {how}");
        if kind == "consistency" && how == "as it is" {
            let seed = a.is_power_of_two().then_some(old);
            let nodes: Vec<Hash> = seed.filter(|_| a < size).into_iter().chain(proof).collect();
            let nodes = if a == size { vec![root] } else { nodes };
            assert_eq!(merkle::root_before(*a, *size, &root, &nodes), Some(old), "{a} of {size}");
        }
        *(if *holds { &mut good } else { &mut bad }) += 1;
    }
    assert!(good > 400 && bad > 9_000, "{good} good, {bad} bad");
}
