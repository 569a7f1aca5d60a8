//! Whose signature a checkpoint needs: the key that the auditor was given, and those that the log's own entries lead to
//! from there, or from which they lead there.

use crate::ledger::{Checkpoint, CheckpointError, KeyEntry, LogKey, NoteError};

/// The keys of a log, as far as it was read.
#[derive(Debug)]
pub(super) struct Keys {
    given: LogKey,
    /// From the first that was announced to hand over, to the present one; empty while none was announced.
    chain: Vec<LogKey>,
    /// Whether the given key signed a checkpoint before any key was announced.
    given_is_first: bool,
    /// Checkpoints before the first announcement that the given key did not sign, with the sizes that they should have.
    waiting: Vec<(u64, String)>,
}

/// What came of checking a checkpoint.
pub(super) enum Signed {
    Holds(Checkpoint),
    Fails(CheckpointError),
    /// A key that is announced later may have signed it.
    Waits,
}

impl Keys {
    pub fn new(given: LogKey) -> Self {
        Self { given, chain: Vec::new(), given_is_first: false, waiting: Vec::new() }
    }

    /// The log's name.
    pub fn name(&self) -> &str {
        self.given.name()
    }

    /// Checks the signature of a checkpoint that stands behind `size` entries.
    pub fn check(&mut self, note: &str, size: u64) -> Signed {
        match Checkpoint::verify(note, self.chain.last().unwrap_or(&self.given)) {
            Ok(checkpoint) => {
                self.given_is_first |= self.chain.is_empty();
                Signed::Holds(checkpoint)
            }
            Err(CheckpointError::Note(NoteError::NotSigned(_))) if self.chain.is_empty() => {
                self.waiting.push((size, note.to_owned()));
                Signed::Waits
            }
            Err(error) => Signed::Fails(error),
        }
    }

    /// Takes an announcement; gives a sentence if it does not hold.
    pub fn announced(&mut self, entry: &KeyEntry) -> Result<(), String> {
        let (from, to) = entry.verify().map_err(|error| error.to_string())?;
        let before = match self.chain.last() {
            None if self.given_is_first => Some(&self.given),
            last => last,
        };
        if before.is_some_and(|before| *before != from) {
            return Err("the log was handed over by another key than its own".into());
        }
        if self.chain.contains(&to) {
            return Err("the log was handed over to a key that it had before".into());
        }
        if self.chain.is_empty() {
            self.chain.push(from);
        }
        self.chain.push(to);
        Ok(())
    }

    /// The checkpoints that waited for the first key of the log, with what comes of checking them now.
    pub fn waited(&mut self) -> Vec<(u64, Result<Checkpoint, CheckpointError>)> {
        let key = self.chain.first().unwrap_or(&self.given);
        self.waiting.drain(..).map(|(size, note)| (size, Checkpoint::verify(&note, key))).collect()
    }

    /// Whether the given key is one of the log's.
    pub fn given_is_one(&self) -> bool {
        self.chain.is_empty() || self.chain.contains(&self.given)
    }
}
