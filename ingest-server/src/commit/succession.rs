//! Which keys a log has had, as its own entries say, and whether the keys given go on from there.

use crate::ledger::Signers;
use delistening_schema::ledger::{Checkpoint, Entry, KeyEntry, LogKey};

/// Why a log cannot go on with the keys given.
#[derive(Debug, thiserror::Error)]
pub enum SuccessionError {
    /// It was handed over to another key.
    #[error(
        "the log in this folder was handed over to another key (vkey {0}) than the one given; start with that key"
    )]
    HandedOver(String),
    /// It never had the key that is said to be the one before.
    #[error(
        "the key given as --previous-log-key is not the one that this log had before the key given as --log-key; \
         leave it out, or give the right one"
    )]
    NotPrevious,
    /// The next key is one that it had before.
    #[error("the key given as --log-key is one that this log had before; make a new one with `keys log`")]
    Again,
    /// The two keys do not belong to one log.
    #[error("the log cannot be handed over: {0}")]
    Keys(#[from] delistening_schema::ledger::HandoverError),
}

/// The handovers of a log, in order.
#[derive(Debug, Default)]
pub(super) struct Succession {
    links: Vec<Link>,
}

#[derive(Debug)]
struct Link {
    index: u64,
    from: LogKey,
    to: LogKey,
}

impl Succession {
    /// Takes note of the entry at `index`. What is in the journal was verified when it was entered.
    pub fn follow(&mut self, index: u64, entry: &Entry) {
        let Entry::Key(key) = entry else { return };
        match key.verify() {
            Ok((from, to)) => self.links.push(Link { index, from, to }),
            Err(error) => tracing::error!(index, %error, "the announcement of a key does not hold"),
        }
    }

    /// Every key, the present one last; none if the log was never handed over.
    pub fn keys(&self) -> impl Iterator<Item = &LogKey> {
        let first = self.links.first().map(|link| &link.from);
        first.into_iter().chain(self.links.iter().map(|link| &link.to))
    }

    /// Where the announcements stand.
    pub fn handovers(&self) -> impl Iterator<Item = u64> {
        self.links.iter().map(|link| link.index)
    }

    /// What has to be entered before `signers` go on, if anything. `signed` is the checkpoint that was signed last.
    pub fn next(&self, signers: &Signers, signed: Option<&str>) -> Result<Option<KeyEntry>, SuccessionError> {
        let (current, previous) = (signers.log_key(), signers.previous());
        match (self.links.last(), previous) {
            (Some(last), None) if last.to == *current => Ok(None),
            (Some(last), Some(previous)) if last.to == *current => {
                if last.from == *previous.log_key() {
                    Ok(None)
                } else {
                    Err(SuccessionError::NotPrevious)
                }
            }
            (Some(last), Some(previous)) if last.to == *previous.log_key() => {
                if self.keys().any(|key| key == current) {
                    return Err(SuccessionError::Again);
                }
                Ok(Some(KeyEntry::new(previous, signers.current())?))
            }
            (Some(last), _) => Err(SuccessionError::HandedOver(last.to.to_vkey())),
            (None, None) => Ok(None),
            (None, Some(previous)) => {
                let signed = signed.map(|note| Checkpoint::verify(note, previous.log_key()));
                if !matches!(signed, Some(Ok(_))) {
                    return Err(SuccessionError::NotPrevious);
                }
                Ok(Some(KeyEntry::new(previous, signers.current())?))
            }
        }
    }
}
