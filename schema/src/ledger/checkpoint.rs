//! C2SP tlog-checkpoint v1.0.0: what a log commits to, as a signed note.

use super::note::{LogKey, LogSigner, NoteError, SignedNote};
use crate::bytes::Hash;
use crate::prelude::*;

/// A log's size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Hash,
}

/// Why a checkpoint was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it is not acceptable.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not that of a checkpoint.
    #[error("the note's text is not a checkpoint")]
    Malformed,
    /// It is signed by the expected key, but names another log.
    #[error("the checkpoint is of another log than its signer")]
    WrongOrigin,
}

impl Checkpoint {
    /// The signed note for this checkpoint. The origin must be the signer's name.
    pub fn sign(&self, signer: &LogSigner) -> String {
        signer.sign(&self.to_text())
    }

    fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads a checkpoint that `key` signed; the origin must be the key's name.
    pub fn verify(note: &str, key: &LogKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::from_text(SignedNote::parse(note)?.verify(key)?)?;
        if checkpoint.origin == key.name() { Ok(checkpoint) } else { Err(CheckpointError::WrongOrigin) }
    }

    /// Reads a checkpoint without checking who signed it.
    pub fn unverified(note: &str) -> Result<Self, CheckpointError> {
        Self::from_text(SignedNote::parse(note)?.unverified_text())
    }

    fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed);
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        let size = decimal(size).ok_or(CheckpointError::Malformed)?;
        let root = Hash::from_base64(root).ok_or(CheckpointError::Malformed)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// An ASCII decimal without leading zeroes.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    (canonical && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    #[test]
    fn a_checkpoint_is_read_as_it_was_signed() {
        let signer = LogSigner::new("example.com/log", SecretKey::from_seed(&[1; 32])).unwrap();
        let checkpoint = Checkpoint { origin: "example.com/log".into(), size: 7, root: Hash::of(b"r") };
        let note = checkpoint.sign(&signer);
        assert_eq!(Checkpoint::verify(&note, signer.log_key()), Ok(checkpoint.clone()));
        let extended =
            signer.sign("example.com/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nmore\n");
        assert!(Checkpoint::verify(&extended, signer.log_key()).is_ok(), "extension lines are allowed");
        let foreign = Checkpoint { origin: "example.com/other".into(), ..checkpoint }.sign(&signer);
        assert_eq!(Checkpoint::verify(&foreign, signer.log_key()), Err(CheckpointError::WrongOrigin));
        for text in [
            "o\n07\nAA==\n",
            "o\n1\n",
            "o\n1\n\nx\n",
            "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "o\n+1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        ] {
            assert!(Checkpoint::verify(&signer.sign(text), signer.log_key()).is_err(), "{text:?}");
        }
    }
}
