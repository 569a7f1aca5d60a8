//! A batch taken apart as far as its verification needs, and no further: what figures are set against.

use delistening_schema::key::{KnownKeys, PublicKey};
use delistening_schema::{batch, bytes, jws::Parts};
use serde::Deserialize;

/// A batch, ready to be verified.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The batch as it was sent.
    pub jws: String,
    key: PublicKey,
    signature: [u8; 64],
}

#[derive(Deserialize)]
struct Header {
    jwk: Jwk,
}

#[derive(Deserialize)]
struct Jwk {
    x: String,
}

impl Signed {
    /// Takes `jws` apart; `None` if it is not a batch. A key that is `known` is not expanded again.
    pub fn new(jws: String, known: &KnownKeys) -> Option<Self> {
        let header: Header = Parts::parse(&jws, &[batch::TYPE]).ok()?.header().ok()?;
        let bytes = bytes::decode_array(&header.jwk.x)?;
        let key = known.get(&bytes).or_else(|| PublicKey::from_bytes(&bytes).ok())?;
        known.insert(&key);
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
