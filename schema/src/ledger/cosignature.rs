//! C2SP tlog-cosignature: a witness says when it saw a log, and that the log had only grown until then. Ed25519
//! (`cosignature/v1`, type 0x04).

use super::note::{NoteError, SignedNote, WitnessKey, WitnessSigner};
use crate::prelude::*;

impl WitnessSigner {
    /// The note line by which this witness cosigns a checkpoint's `text` at `time_s` (seconds since 1970).
    pub fn cosign(&self, text: &str, time_s: u64) -> String {
        let mut signature = time_s.to_be_bytes().to_vec();
        signature.extend_from_slice(&self.sign_message(message(text, time_s).as_bytes()));
        self.line(&signature)
    }
}

impl SignedNote<'_> {
    /// When `key` cosigned this note, in seconds since 1970; `None` if it did not. A bad cosignature by `key` is an
    /// error.
    pub fn cosigned(&self, key: &WitnessKey) -> Result<Option<u64>, NoteError> {
        let mut newest = None;
        for signature in self.signatures_by(key) {
            let time = verify(self.unverified_text(), key, signature);
            newest = newest.max(Some(time.ok_or_else(|| NoteError::BadSignature(key.name().to_owned()))?));
        }
        Ok(newest)
    }
}

fn verify(text: &str, key: &WitnessKey, signature: &[u8]) -> Option<u64> {
    let (time, signature) = signature.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    let valid = key.verifies(message(text, time).as_bytes(), signature.try_into().ok()?);
    // A time of zero says nothing, and one above 2^63 - 1 is not a time.
    (valid && time > 0 && i64::try_from(time).is_ok()).then_some(time)
}

fn message(text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Hash;
    use crate::key::SecretKey;
    use crate::ledger::{Checkpoint, LogSigner};

    const TIME: u64 = 1_679_315_147;

    fn checkpoint() -> String {
        let signer = LogSigner::new("example.com/log", SecretKey::from_seed(&[1; 32])).unwrap();
        Checkpoint { origin: "example.com/log".into(), size: 7, root: Hash::of(b"r") }.sign(&signer)
    }

    fn witness(seed: u8) -> WitnessSigner {
        WitnessSigner::new("witness.example/w", SecretKey::from_seed(&[seed; 32])).unwrap()
    }

    #[test]
    fn a_cosignature_holds_for_its_checkpoint_time_and_witness_alone() {
        let (note, signer) = (checkpoint(), witness(2));
        let text = SignedNote::parse(&note).unwrap().unverified_text().to_owned();
        let cosigned = note.clone() + &signer.cosign(&text, TIME) + &witness(3).cosign(&text, TIME + 5);
        let parsed = SignedNote::parse(&cosigned).unwrap();
        assert_eq!(parsed.cosigned(signer.public()), Ok(Some(TIME)));
        assert_eq!(SignedNote::parse(&note).unwrap().cosigned(signer.public()), Ok(None));
        let other = cosigned.replace("\n7\n", "\n8\n");
        assert!(SignedNote::parse(&other).unwrap().cosigned(signer.public()).is_err());
        let timeless = note.clone() + &signer.cosign(&text, 0);
        assert!(SignedNote::parse(&timeless).unwrap().cosigned(signer.public()).is_err());
    }

    #[test]
    fn keys_of_witnesses_are_not_keys_of_logs() {
        let vkey = witness(2).public().to_vkey();
        assert_eq!(WitnessKey::parse(&vkey).unwrap().to_vkey(), vkey);
        assert!(crate::ledger::LogKey::parse(&vkey).is_err());
    }
}
