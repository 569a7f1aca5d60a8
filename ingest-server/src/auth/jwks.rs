//! Issuers' public keys: JWK sets (RFC 7517) with Ed25519 keys (RFC 8037).

use delistening_schema::PublicKey;
use serde::Deserialize;
use std::collections::HashMap;

/// Why a JWK set is of no use.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// Not a JWK set.
    #[error("it is not a JWK set: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A key is not one that signatures are accepted of.
    #[error("key {kid:?}: {reason}")]
    Key {
        /// Which.
        kid: Option<String>,
        /// Why.
        reason: String,
    },
    /// There is no key for signatures in it.
    #[error("it holds no Ed25519 key")]
    Empty,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    d: Option<serde::de::IgnoredAny>,
}

/// The trusted keys, by issuer.
#[derive(Debug, Default)]
pub struct Issuers(HashMap<String, Vec<(Option<String>, PublicKey)>>);

impl Issuers {
    /// Trusts the keys of a JWK set for tokens of `issuer`. Keys of other kinds are passed over.
    pub fn trust(&mut self, issuer: &str, jwks: &str) -> Result<(), JwksError> {
        let mut keys = Vec::new();
        for Jwk { kty, crv, x, kid, d } in serde_json::from_str::<Jwks>(jwks)?.keys {
            if d.is_some() {
                let reason = "it is a private key; give the server public keys only".to_owned();
                return Err(JwksError::Key { kid, reason });
            }
            let (true, Some("Ed25519"), Some(x)) = (kty == "OKP", crv.as_deref(), x) else { continue };
            match PublicKey::from_jwk_x(&x) {
                Ok(key) => keys.push((kid, key)),
                Err(error) => return Err(JwksError::Key { kid, reason: error.to_string() }),
            }
        }
        if keys.is_empty() {
            return Err(JwksError::Empty);
        }
        self.0.entry(issuer.to_owned()).or_default().extend(keys);
        Ok(())
    }

    /// The key of that issuer with that id; a token without an id needs an issuer with one key.
    pub fn find(&self, issuer: &str, kid: Option<&str>) -> Option<&PublicKey> {
        let keys = self.0.get(issuer)?;
        match (kid, keys.as_slice()) {
            (None, [(_, only)]) => Some(only),
            (None, _) => None,
            (Some(kid), keys) => {
                keys.iter().find(|(held, _)| held.as_deref() == Some(kid)).map(|(_, key)| key)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn keys_are_found_by_issuer_and_id() {
        let mut issuers = Issuers::default();
        let set =
            |kid: &str| format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{X}"}}]}}"#);
        issuers.trust("one", &set("a")).unwrap();
        assert!(issuers.find("one", Some("a")).is_some() && issuers.find("one", None).is_some());
        assert!(issuers.find("one", Some("b")).is_none() && issuers.find("two", Some("a")).is_none());
        issuers.trust("one", &set("b")).unwrap();
        assert!(issuers.find("one", Some("b")).is_some() && issuers.find("one", None).is_none());
    }

    #[test]
    fn sets_that_cannot_be_used_say_why() {
        let mut issuers = Issuers::default();
        for (set, why) in [
            ("{}", "not a JWK set"),
            (r#"{"keys":[]}"#, "no Ed25519 key"),
            (r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#, "no Ed25519 key"),
            (r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}"#, "not an Ed25519 point"),
            (r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA","d":"AAAA"}]}"#, "private key"),
        ] {
            let error = issuers.trust("one", set).unwrap_err().to_string();
            assert!(error.contains(why), "{set}: {error}");
        }
    }
}
