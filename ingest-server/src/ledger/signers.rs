//! Who signs checkpoints: the log's key, and for a time after a handover the key before it as well.

use delistening_schema::ledger::{Checkpoint, CheckpointError, LogKey, LogSigner};

/// The keys of a log that this process holds.
#[derive(Debug)]
pub struct Signers {
    current: LogSigner,
    previous: Option<LogSigner>,
}

impl From<LogSigner> for Signers {
    fn from(current: LogSigner) -> Self {
        Self { current, previous: None }
    }
}

impl Signers {
    /// Both keys of a log that is handed over from `previous` to `current`.
    pub fn handing_over(previous: LogSigner, current: LogSigner) -> Self {
        Self { current, previous: Some(previous) }
    }

    /// The log's key.
    pub fn current(&self) -> &LogSigner {
        &self.current
    }

    /// The key before it, while it signs as well.
    pub fn previous(&self) -> Option<&LogSigner> {
        self.previous.as_ref()
    }

    /// The log's verifier key.
    pub fn log_key(&self) -> &LogKey {
        self.current.log_key()
    }

    /// The log's origin.
    pub fn origin(&self) -> &str {
        self.log_key().name()
    }

    /// The signed note for a checkpoint of this log. The key that verifiers may have known for longer signs first.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        match &self.previous {
            Some(previous) => self.current.countersign(&checkpoint.sign(previous)),
            None => checkpoint.sign(&self.current),
        }
    }

    /// Reads a checkpoint that one of the keys signed.
    pub fn verify(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let current = Checkpoint::verify(note, self.log_key());
        match (&current, &self.previous) {
            (Err(_), Some(previous)) => Checkpoint::verify(note, previous.log_key()).or(current),
            _ => current,
        }
    }
}
