//! The command `verify`: a receipt by a key, by a key that the log had before, and by what witnesses have seen.

use super::support::{chain, close, commit, open, receipt, signer};
use delistening_ingest::ledger::Signers;
use delistening_schema::api::LogKeys;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::{Receipt, SignedNote, WitnessSigner};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What the command says, and whether it holds.
fn verify(folder: &Path, args: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_delistening-ingest"));
    let output = command.current_dir(folder).arg("verify").args(args).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn a_receipt_is_verified_by_whatever_somebody_trusts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    close(open(&data, signer(1)));
    close(open(&data, Signers::handing_over(signer(1), signer(2))));
    let log = open(&data, signer(2));
    let batch = chain(7, 1).remove(0);
    let bare = receipt(&commit(&log, std::slice::from_ref(&batch))[0]).to_owned();
    let (keys, proofs) = log.keys().unwrap();
    let handovers = proofs.iter().map(ToString::to_string).collect();
    // As /log/proof gives it once a witness has seen the log.
    let witness = WitnessSigner::new("w.example", SecretKey::from_seed(&[9; 32])).unwrap();
    let plain = Receipt::parse(&bare).unwrap();
    let text = SignedNote::parse(&plain.checkpoint).unwrap().unverified_text().to_owned();
    let seen = Receipt { checkpoint: plain.checkpoint.clone() + &witness.cosign(&text, 5), ..plain };
    let [old, new] = [1, 2].map(|seed| signer(seed).log_key().to_vkey());
    let policy = format!("log {new}\nwitness w {}\nquorum w\n", witness.public().to_vkey());
    for (name, text) in [
        ("batch", &batch.jws),
        ("bare", &bare),
        ("seen", &seen.to_string()),
        ("keys.json", &serde_json::to_string(&LogKeys { keys, handovers }).unwrap()),
        ("policy", &policy),
        ("broken-policy", &policy.replace("quorum w", "quorum x")),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }

    for (args, sentence) in [
        (vec!["bare", "--log-key", &new], "the receipt holds"),
        (vec!["bare", "--log-key", &old, "--log-keys", "keys.json"], "the receipt holds"),
        (vec!["seen", "--log-key", &new], "the receipt holds"),
        (vec!["seen", "--policy", "policy"], "witnessed by as many as the policy asks for"),
    ] {
        let args = [&args[..], &["--batch", "batch"]].concat();
        let (holds, said) = verify(folder.path(), &args);
        assert!(holds && said.contains(sentence), "{args:?}: {said}");
    }
    let stranger = signer(3).log_key().to_vkey();
    for (args, sentence) in [
        (vec!["bare", "--log-key", &old], "carries no signature by log.example"),
        (vec!["bare", "--log-key", &stranger, "--log-keys", "keys.json"], "carries no signature"),
        (vec!["bare", "--log-key", &old, "--log-keys", "batch"], "--log-keys: "),
        (vec!["bare", "--policy", "policy"], "too few witnesses"),
        (vec!["bare", "--policy", "broken-policy"], "--policy: line 3"),
        (vec!["bare"], "--log-key"),
        (vec!["batch", "--log-key", &new], "not a receipt"),
    ] {
        let args = [&args[..], &["--batch", "batch"]].concat();
        let (holds, said) = verify(folder.path(), &args);
        assert!(!holds && said.contains(sentence), "{args:?}: {said}");
    }
}
