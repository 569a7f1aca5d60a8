//! JWS compact serialization (RFC 7515) with Ed25519 (RFC 8037), and nothing else of JOSE.
//!
//! The algorithm is fixed: `EdDSA`, or its fully specified name `Ed25519` (RFC 9864). A header that asks
//! for anything the verifier does not understand (`crit`) is refused.

use crate::bytes;
use crate::key::PublicKey;
use crate::prelude::*;
use crate::{json, object};
use serde::de::DeserializeOwned;

/// Why a JWS was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three base64url parts, or the header is not the JSON that is expected.
    #[error("not a JWS in compact serialization: {0}")]
    Malformed(&'static str),
    /// `alg` is neither `EdDSA` nor `Ed25519`.
    #[error("the algorithm must be EdDSA or Ed25519")]
    Algorithm,
    /// `typ` is not one that is accepted here.
    #[error("the type header is not one that is accepted here")]
    Type,
    /// The header lists critical extensions, none of which is supported.
    #[error("critical header extensions are not supported")]
    Critical,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
}

/// What every header must say.
struct Common {
    alg: String,
    typ: String,
    /// What must be understood, of which nothing is.
    crit: Option<json::Raw>,
}

object!(read Common { alg, [typ], [crit] });

/// A compact JWS taken apart; nothing in it is trusted until [`Parts::verify`] says so.
#[derive(Debug)]
pub struct Parts<'a> {
    signing_input: &'a str,
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: [u8; 64],
}

impl<'a> Parts<'a> {
    /// Splits and decodes `token`, and checks what every header must satisfy: see [`Parts::check_header`].
    pub fn parse(token: &'a str, types: &[&str]) -> Result<Self, JwsError> {
        let parts = Self::split(token)?;
        parts.check_header(types)?;
        Ok(parts)
    }

    /// Splits and decodes `token`. Its header is not looked at: that is still to be done.
    pub(crate) fn split(token: &'a str) -> Result<Self, JwsError> {
        let (signing_input, signature) =
            token.rsplit_once('.').ok_or(JwsError::Malformed("expected three parts"))?;
        let (header, payload) =
            signing_input.split_once('.').ok_or(JwsError::Malformed("expected three parts"))?;
        if payload.contains('.') {
            return Err(JwsError::Malformed("expected three parts"));
        }
        let header = bytes::decode(header).ok_or(JwsError::Malformed("the header is not base64url"))?;
        let payload = bytes::decode(payload).ok_or(JwsError::Malformed("the payload is not base64url"))?;
        let signature = bytes::decode_array(signature)
            .ok_or(JwsError::Malformed("the signature is not 64 bytes of base64url"))?;
        Ok(Self { signing_input, header, payload, signature })
    }

    /// Checks what every header must satisfy: the algorithm, a `typ` among `types` (compared without case, as media
    /// types are), and no `crit`.
    pub(crate) fn check_header(&self, types: &[&str]) -> Result<(), JwsError> {
        let common: Common = (str::from_utf8(&self.header).ok().and_then(json::from_str))
            .ok_or(JwsError::Malformed("the header is not a JSON object with alg"))?;
        if common.crit.is_some() {
            return Err(JwsError::Critical);
        }
        if !matches!(common.alg.as_str(), "EdDSA" | "Ed25519") {
            return Err(JwsError::Algorithm);
        }
        let typ = common.typ.strip_prefix("application/").unwrap_or(&common.typ);
        if !types.iter().any(|accepted| accepted.eq_ignore_ascii_case(typ)) {
            return Err(JwsError::Type);
        }
        Ok(())
    }

    /// The header, of which [`Parts::split`] has checked nothing.
    pub(crate) fn header_bytes(&self) -> &[u8] {
        &self.header
    }

    /// Reads further members of the header.
    pub fn header<T: DeserializeOwned>(&self) -> Result<T, JwsError> {
        serde_json::from_slice(&self.header)
            .map_err(|_| JwsError::Malformed("the header lacks a member or has one of the wrong type"))
    }

    /// The payload, not yet verified.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Verifies strictly under `key` and hands out the payload.
    pub fn verify(self, key: &PublicKey) -> Result<Vec<u8>, JwsError> {
        if key.verifies(self.signing_input.as_bytes(), &self.signature) {
            Ok(self.payload)
        } else {
            Err(JwsError::Signature)
        }
    }
}

/// The bytes to sign for a header and a payload.
pub fn signing_input(header: &str, payload: &[u8]) -> String {
    let mut input = bytes::encode(header.as_bytes());
    input.push('.');
    input.push_str(&bytes::encode(payload));
    input
}

/// The finished JWS: a signing input with its signature.
pub fn with_signature(mut signing_input: String, signature: &[u8; 64]) -> String {
    signing_input.push('.');
    signing_input.push_str(&bytes::encode(signature));
    signing_input
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    /// RFC 8037 appendix A.4.
    const RFC_8037: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    #[test]
    fn the_rfc_8037_example_verifies() {
        let key = PublicKey::from_jwk_x("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let parts = Parts::parse(RFC_8037, &[""]).unwrap();
        assert_eq!(parts.verify(&key).unwrap(), b"Example of Ed25519 signing");
    }

    #[test]
    fn only_the_fixed_algorithm_and_type_are_accepted() {
        let key = SecretKey::from_seed(&[7; 32]);
        let make = |header: &str| {
            let input = signing_input(header, b"{}");
            let signature = key.sign(input.as_bytes());
            with_signature(input, &signature)
        };
        let cases: [(&str, Result<(), JwsError>); 7] = [
            (r#"{"alg":"EdDSA","typ":"x"}"#, Ok(())),
            (r#"{"alg":"Ed25519","typ":"application/X"}"#, Ok(())),
            (r#"{"alg":"none","typ":"x"}"#, Err(JwsError::Algorithm)),
            (r#"{"alg":"HS256","typ":"x"}"#, Err(JwsError::Algorithm)),
            (r#"{"alg":"EdDSA","typ":"y"}"#, Err(JwsError::Type)),
            (r#"{"alg":"EdDSA"}"#, Err(JwsError::Type)),
            (r#"{"alg":"EdDSA","typ":"x","crit":["b64"],"b64":false}"#, Err(JwsError::Critical)),
        ];
        for (header, expected) in cases {
            let token = make(header);
            let got = Parts::parse(&token, &["x"]).and_then(|parts| parts.verify(&key.public())).map(|_| ());
            assert_eq!(got, expected, "{header}");
        }
    }

    #[test]
    fn broken_texts_are_malformed_not_panics() {
        for text in ["", ".", "..", "...", "a.b", "a.b.c", "e30.e30.", "é.é.é", "e30.e30.AA.AA"] {
            assert!(matches!(Parts::parse(text, &["x"]), Err(JwsError::Malformed(_))), "{text:?}");
        }
    }
}
