//! Ed25519 keys and the one acceptance rule for signatures.
//!
//! A key is refused when first seen if it is of small order or not canonically encoded, and a signature
//! is accepted only by strict verification (RFC 8032 with canonical encodings and no small-order points),
//! so that device, server and auditor never disagree about the same bytes.

#[cfg(feature = "std")]
mod known;

#[cfg(feature = "std")]
pub use known::KnownKeys;

use crate::bytes::{self, Hash};
use crate::prelude::*;
use core::fmt;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

/// The RFC 7638 JWK thumbprint (SHA-256) of a device's public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(type = "string"))]
pub struct DeviceId(pub Hash);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({self})")
    }
}

/// Why a public key is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes of base64url, or not a point of the curve.
    #[error("the public key is not an Ed25519 point")]
    Malformed,
    /// The point has small order: signatures under it prove nothing.
    #[error("the public key has small order")]
    Weak,
    /// The encoding is not the canonical one of its point.
    #[error("the public key is not canonically encoded")]
    NonCanonical,
}

/// An acceptable Ed25519 public key, kept decompressed for fast verification.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Accepts 32 bytes that encode, canonically, a point that is not of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Malformed)?;
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        if key.to_edwards().compress().to_bytes() != *bytes {
            return Err(KeyError::NonCanonical);
        }
        Ok(Self(key))
    }

    /// Reads the `x` member of an Ed25519 JWK (RFC 8037).
    pub fn from_jwk_x(x: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&bytes::decode_array(x).ok_or(KeyError::Malformed)?)
    }

    /// The 32 bytes of RFC 8032.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The `x` member of the JWK.
    pub fn jwk_x(&self) -> String {
        bytes::encode(self.0.as_bytes())
    }

    /// The RFC 7638 thumbprint: SHA-256 over the JWK's required members in lexical order.
    pub fn thumbprint(&self) -> DeviceId {
        let x = self.jwk_x();
        DeviceId(Hash::of_parts(&[br#"{"crv":"Ed25519","kty":"OKP","x":""#, x.as_bytes(), br#""}"#]))
    }

    /// Strict verification. Every signature in the system is checked by this function.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.jwk_x())
    }
}

/// A private Ed25519 key held in memory, for hosts that have no better keeper. Wiped when dropped.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of an RFC 8032 seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs as RFC 8032 says; the same message always gives the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        let key = PublicKey::from_jwk_x("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(key.thumbprint().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn small_order_and_non_canonical_keys_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(PublicKey::from_bytes(&identity), Err(KeyError::Weak));
        assert_eq!(PublicKey::from_bytes(&[0; 32]), Err(KeyError::Weak), "order 4");
        // y = p + 3, a non-canonical spelling of y = 3.
        let mut high = [0xff; 32];
        high[0] = 0xf0;
        high[31] = 0x7f;
        assert_eq!(PublicKey::from_bytes(&high), Err(KeyError::NonCanonical));
        assert_eq!(PublicKey::from_jwk_x("short"), Err(KeyError::Malformed));
    }
}
