//! Devices that sign batches, and a folder to damage.

use delistening_ingest::commit::{CommitError, IntakeContext, Log, OpenError, Options, Outcome, Submission};
use delistening_schema::api::Known;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::{Checkpoint, LogKey, LogSigner, Receipt};
use delistening_schema::{Batch, Hash, jws};
use std::fs;
use std::path::{Path, PathBuf};

pub fn signer() -> LogSigner {
    LogSigner::new("log.example", SecretKey::from_seed(&[4; 32])).unwrap()
}

pub fn open(folder: &Path) -> Result<Log, OpenError> {
    Log::open(folder, signer(), &Options::default())
}

pub fn close(log: Log) {
    let committer = log.committer().clone();
    drop(log);
    committer.finish();
}

pub fn key() -> LogKey {
    signer().log_key().clone()
}

/// Seals batch `seq` of device `device`, with `nonce` telling batches at the same place apart.
pub fn batch(device: u8, seq: u64, prev: Option<Hash>, nonce: u8) -> Submission {
    let key = SecretKey::from_seed(&[device; 32]);
    let payload: Batch = serde_json::from_value(serde_json::json!({
        "v": 1, "batch": uuid::Uuid::from_u128(u128::from(seq)), "device": key.public().thumbprint(), "seq": seq,
        "prev": prev.map_or_else(String::new, |hash| hash.to_string()),
        "nonce": delistening_schema::bytes::encode(&[nonce; 16]), "aud": "a", "listener": "l", "sent_at": 1,
        "sdk": "test", "events": [],
    }))
    .unwrap();
    let input = payload.signing_input(&key.public());
    let signature = key.sign(input.as_bytes());
    let jws = jws::with_signature(input, &signature);
    Submission {
        reported: payload.read().into(),
        hash: Hash::of(jws.as_bytes()),
        jws,
        received: 1_700_000_000_000 + seq,
        context: IntakeContext { issuer: "i".into(), client: "app".into(), ..IntakeContext::default() },
    }
}

pub fn chain(device: u8, count: u64) -> Vec<Submission> {
    let mut prev = None;
    (1..=count)
        .map(|seq| {
            let submission = batch(device, seq, prev, 0);
            prev = Some(submission.hash);
            submission
        })
        .collect()
}

pub fn commit(
    log: &Log,
    submissions: &[Submission],
    known: Option<Known>,
) -> Result<Vec<Outcome>, CommitError> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(log.committer().commit(submissions.to_vec(), known))
}

pub fn receipt(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Accepted { receipt, .. } | Outcome::Duplicate { receipt, .. } => receipt,
        Outcome::Fork => panic!("a fork has no receipt"),
    }
}

pub fn checked(outcome: &Outcome, submission: &Submission) -> Checkpoint {
    let receipt = Receipt::parse(receipt(outcome)).unwrap();
    receipt.verify(submission.jws.as_bytes(), &key()).unwrap().1
}

pub fn journal(folder: &Path) -> PathBuf {
    folder.join("journal").join(format!("{:020}.seg", 0))
}

/// The segment without the room that is set aside for more.
pub fn journal_bytes(folder: &Path) -> Vec<u8> {
    let mut bytes = fs::read(journal(folder)).unwrap();
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1);
    bytes
}

/// A folder with three signed batches, and a copy of its files to damage.
pub fn three_batches() -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path()).unwrap();
    let outcomes: Vec<Outcome> =
        chain(1, 3).chunks(1).flat_map(|one| commit(&log, one, None).unwrap()).collect();
    let receipts = outcomes.iter().map(|outcome| receipt(outcome).to_owned()).collect();
    close(log);
    (folder, receipts)
}
