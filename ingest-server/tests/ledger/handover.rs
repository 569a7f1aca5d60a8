//! A log goes on under another key, and whoever trusts the old one is led to the new one, and to no other.

use super::support::{chain, close, commit, open, receipt, signer};
use delistening_ingest::commit::{Log, OpenError, Options, SuccessionError};
use delistening_ingest::export::Lines;
use delistening_ingest::ledger::Signers;
use delistening_schema::audit::{Auditor, CheckedLine, Fault, Report};
use delistening_schema::export::Footer;
use delistening_schema::ledger::{Checkpoint, LogKey, Receipt, merkle, successor};
use std::path::Path;

fn key(seed: u8) -> LogKey {
    signer(seed).log_key().clone()
}

fn refused(folder: &Path, signers: impl Into<Signers>) -> OpenError {
    Log::open(folder, signers, &Options::default()).expect_err("these keys do not go on with this log")
}

fn lines(log: &Log, from: u64) -> Vec<String> {
    Lines::new(log, from, log.size()).unwrap().unwrap().map(Result::unwrap).collect()
}

fn audit(lines: &[String], key: LogKey) -> Report {
    let mut auditor = Auditor::new(key);
    for line in lines {
        auditor.take(CheckedLine::check(line));
    }
    auditor.finish()
}

#[test]
fn whoever_trusts_the_old_key_is_led_to_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), signer(1));
    let batches = chain(7, 3);
    let first = receipt(&commit(&log, &batches[..1])[0]).to_owned();
    let known = Checkpoint::verify(&log.checkpoint(), &key(1)).unwrap();
    let mut export = lines(&log, 0);
    close(log);

    // For a time both sign.
    let log = open(folder.path(), Signers::handing_over(signer(1), signer(2)));
    let outcome = commit(&log, &batches[1..2]);
    let during = Receipt::parse(receipt(&outcome[0])).unwrap();
    for seed in [1, 2] {
        during.verify(batches[1].jws.as_bytes(), &key(seed)).unwrap();
        Checkpoint::verify(&log.checkpoint(), &key(seed)).unwrap();
    }
    let size = log.size();
    export.extend(lines(&log, known.size));
    close(log);
    let log = open(folder.path(), Signers::handing_over(signer(1), signer(2)));
    assert_eq!(log.size(), size, "it is announced once");
    close(log);

    // Then the new one alone.
    let log = open(folder.path(), signer(2));
    let after = Receipt::parse(receipt(&commit(&log, &batches[2..])[0])).unwrap();
    assert!(after.verify(batches[2].jws.as_bytes(), &key(1)).is_err());
    let (_, checkpoint) = after.verify(batches[2].jws.as_bytes(), &key(2)).unwrap();
    let (keys, proofs) = log.keys().unwrap();
    assert_eq!(keys, [key(1).to_vkey(), key(2).to_vkey()]);
    assert_eq!(successor(&key(1), &proofs), Ok(key(2)));
    assert_eq!(successor(&key(2), &proofs), Ok(key(2)));
    let proof = log.consistency(known.size, checkpoint.size).unwrap();
    assert!(merkle::verify_consistency(known.size, &known.root, checkpoint.size, &checkpoint.root, &proof));
    // A batch of before is still where it was, by the key of now.
    let again = Receipt::parse(receipt(&commit(&log, &batches[..1])[0])).unwrap();
    let first = Receipt::parse(&first).unwrap();
    assert_eq!((again.index, &again.entry, &again.proof), (first.index, &first.entry, &first.proof));
    export.extend(lines(&log, size));
    close(log);

    // And once more.
    close(open(folder.path(), Signers::handing_over(signer(2), signer(3))));
    let log = open(folder.path(), signer(3));
    let (_, proofs) = log.keys().unwrap();
    for seed in 1..=3 {
        assert_eq!(successor(&key(seed), &proofs), Ok(key(3)), "from {seed}");
    }

    // An auditor may hold any of the keys, and an export may have been fetched across handovers or after them.
    export.extend(lines(&log, log.size() - 1));
    let fresh = lines(&log, 0);
    for seed in 1..=3 {
        for (export, what) in [(&export, "fetched across"), (&fresh, "fetched after")] {
            let report = audit(export, key(seed));
            assert_eq!(report.findings, [], "{what}, with key {seed}");
            assert_eq!(report.entries, log.size());
        }
    }
    assert!(audit(&fresh, key(9)).findings.iter().any(|finding| finding.fault == Fault::Key));
    // After the handover, the old key alone is not enough any more.
    let Some(last) = fresh.last() else { panic!("an export has a footer") };
    let mut stolen = fresh[..fresh.len() - 1].to_vec();
    let footer: Footer = serde_json::from_str(last).unwrap();
    let checkpoint = Checkpoint::unverified(&footer.checkpoint).unwrap().sign(&signer(1));
    stolen.push(serde_json::to_string(&Footer { checkpoint }).unwrap());
    let faults: Vec<Fault> = audit(&stolen, key(1)).findings.iter().map(|finding| finding.fault).collect();
    assert_eq!(faults, [Fault::Checkpoint]);
}

#[test]
fn no_other_keys_go_on_with_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = refused(folder.path(), Signers::handing_over(signer(1), signer(2)));
    assert!(matches!(fresh, OpenError::Succession(SuccessionError::NotPrevious)), "{fresh}");
    close(open(folder.path(), signer(1)));
    let foreign = refused(folder.path(), signer(2));
    assert!(
        matches!(foreign, OpenError::ForeignKey { .. }) && foreign.to_string().contains("--previous-log-key")
    );
    let wrong = refused(folder.path(), Signers::handing_over(signer(9), signer(1)));
    assert!(matches!(wrong, OpenError::Succession(SuccessionError::NotPrevious)), "{wrong}");
    let foreign = refused(folder.path(), Signers::handing_over(signer(9), signer(2)));
    assert!(matches!(foreign, OpenError::ForeignKey { .. }), "{foreign}");

    close(open(folder.path(), Signers::handing_over(signer(1), signer(2))));
    // The old key still signs what is on disk, but the log is no longer its own.
    let old = refused(folder.path(), signer(1));
    assert!(matches!(old, OpenError::Succession(SuccessionError::HandedOver(_))), "{old}");
    assert!(old.to_string().contains(&key(2).to_vkey()), "{old}");
    let back = refused(folder.path(), Signers::handing_over(signer(2), signer(1)));
    assert!(matches!(back, OpenError::Succession(SuccessionError::Again)), "{back}");
    let aside = refused(folder.path(), Signers::handing_over(signer(1), signer(3)));
    assert!(matches!(aside, OpenError::Succession(SuccessionError::HandedOver(_))), "{aside}");
    let wrong = refused(folder.path(), Signers::handing_over(signer(9), signer(2)));
    assert!(matches!(wrong, OpenError::Succession(SuccessionError::NotPrevious)), "{wrong}");
    close(open(folder.path(), signer(2)));
    assert!(matches!(refused(folder.path(), signer(1)), OpenError::ForeignKey { .. }));
}
