//! Logs of many batches.

use delistening_ingest::commit::{IntakeContext, Log, Options, Outcome, Submission};
use delistening_ingest::ledger::Signers;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::LogSigner;
use delistening_schema::{Batch, Hash, bytes, jws};
use std::path::Path;

pub fn signer(seed: u8) -> LogSigner {
    LogSigner::new("log.example", SecretKey::from_seed(&[seed; 32])).unwrap()
}

pub fn open(folder: &Path, signers: impl Into<Signers>) -> Log {
    Log::open(folder, signers, &Options::default()).unwrap()
}

pub fn close(log: Log) {
    let committer = log.committer().clone();
    drop(log);
    committer.finish();
}

/// The first `count` batches of a device.
pub fn chain(device: u8, count: u64) -> Vec<Submission> {
    let key = SecretKey::from_seed(&[device; 32]);
    let mut prev: Option<Hash> = None;
    let seal = |seq: u64| {
        let payload: Batch = serde_json::from_value(serde_json::json!({
            "v": 1, "batch": uuid::Uuid::from_u128(u128::from(seq)), "device": key.public().thumbprint(), "seq": seq,
            "prev": prev.map_or_else(String::new, |hash| hash.to_string()), "nonce": bytes::encode(&[0; 16]),
            "aud": "a", "listener": "l", "sent_at": 1, "sdk": "test", "events": [],
        }))
        .unwrap();
        let input = payload.signing_input(&key.public());
        let signature = key.sign(input.as_bytes());
        let jws = jws::with_signature(input, &signature);
        let hash = Hash::of(jws.as_bytes());
        let submission = Submission {
            reported: payload.read().into(),
            hash,
            jws,
            received: 1_700_000_000_000 + seq,
            context: IntakeContext { issuer: "i".into(), client: "app".into(), ..IntakeContext::default() },
        };
        prev = Some(hash);
        submission
    };
    (1..=count).map(seal).collect()
}

pub fn commit(log: &Log, submissions: &[Submission]) -> Vec<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(log.committer().commit(submissions.to_vec(), None)).unwrap()
}

pub fn receipt(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Accepted { receipt, .. } | Outcome::Duplicate { receipt, .. } => receipt,
        Outcome::Fork => panic!("a fork has no receipt"),
    }
}
