//! A batch taken apart as far as its verification needs: what figures are set against.

use delistening_schema::key::PublicKey;
use delistening_schema::{Batch, bytes};

/// A batch, ready to be verified.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The batch as it was sent.
    pub jws: String,
    key: PublicKey,
    signature: [u8; 64],
}

impl Signed {
    /// Takes `jws` apart; `None` if it is not a good batch.
    pub fn new(jws: String) -> Option<Self> {
        let (_, key) = Batch::verify(&jws, |_| None).ok()?;
        let (_, signature) = jws.rsplit_once('.')?;
        Some(Self { signature: bytes::decode_array(signature)?, key, jws })
    }

    /// Whether its signature holds: one strict verification.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.jws
            .rsplit_once('.')
            .is_some_and(|(input, _)| self.key.verifies(input.as_bytes(), &self.signature))
    }
}
