//! Issuers' public keys: JWK sets (RFC 7517) with Ed25519 keys (RFC 8037).

use delistening_schema::{PublicKey, limits};
use serde::Deserialize;
use std::time::{Duration, Instant};

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
    /// There are more keys in it than any issuer needs.
    #[error("it holds more than {MOST_KEYS} keys")]
    TooMany,
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

/// A key that left its set is trusted for this much longer: as long as a token that it signed may live.
const OVERLAP: Duration = Duration::from_secs(limits::TOKEN_LIFE_S);
/// A set has at most this many keys.
const MOST_KEYS: usize = 64;

/// The trusted keys, set by set.
#[derive(Clone, Debug, Default)]
pub struct Issuers {
    sets: Vec<Set>,
}

#[derive(Clone, Debug)]
struct Set {
    issuer: String,
    keys: Vec<Trusted>,
}

#[derive(Clone, Debug)]
struct Trusted {
    kid: Option<String>,
    key: PublicKey,
    /// Until when, if it has left its set.
    until: Option<Instant>,
}

impl Trusted {
    fn is(&self, other: &Self) -> bool {
        self.kid == other.kid && self.key == other.key
    }
}

impl Issuers {
    /// Trusts the keys of a JWK set for tokens of `issuer`; gives the number of the set. Keys of other kinds are passed
    /// over.
    pub fn trust(&mut self, issuer: &str, jwks: &str) -> Result<usize, JwksError> {
        self.sets.push(Set { issuer: issuer.to_owned(), keys: read(jwks)? });
        Ok(self.sets.len() - 1)
    }

    /// Replaces a set by what it has become. Keys that are gone stay trusted for as long as a token lives. True if
    /// anything is another than before.
    pub fn renew(&mut self, set: usize, jwks: &str, now: Instant) -> Result<bool, JwksError> {
        let fresh = read(jwks)?;
        let held = &mut self.sets[set].keys;
        let current = held.iter().filter(|key| key.until.is_none()).count();
        let same = current == fresh.len()
            && fresh.iter().all(|key| held.iter().any(|other| other.until.is_none() && other.is(key)));
        let mut keys = fresh;
        for mut old in held.drain(..).filter(|old| old.until.is_none_or(|until| now < until)) {
            if !keys.iter().any(|key| key.is(&old)) {
                old.until.get_or_insert(now + OVERLAP);
                keys.push(old);
            }
        }
        *held = keys;
        Ok(!same)
    }

    /// The key of that issuer with that id; a token without an id needs an issuer with one key.
    pub fn find(&self, issuer: &str, kid: Option<&str>) -> Option<&PublicKey> {
        let now = Instant::now();
        let keys = self.sets.iter().filter(|set| set.issuer == issuer).flat_map(|set| &set.keys);
        let mut keys = keys.filter(|key| match (kid, key.until) {
            (None, until) => until.is_none(),
            (Some(kid), until) => key.kid.as_deref() == Some(kid) && until.is_none_or(|until| now < until),
        });
        let found = keys.next()?;
        (kid.is_some() || keys.next().is_none()).then_some(&found.key)
    }
}

fn read(jwks: &str) -> Result<Vec<Trusted>, JwksError> {
    let mut keys = Vec::new();
    for Jwk { kty, crv, x, kid, d } in serde_json::from_str::<Jwks>(jwks)?.keys {
        if d.is_some() {
            let reason = "it is a private key; give the server public keys only".to_owned();
            return Err(JwksError::Key { kid, reason });
        }
        let (true, Some("Ed25519"), Some(x)) = (kty == "OKP", crv.as_deref(), x) else { continue };
        match PublicKey::from_jwk_x(&x) {
            Ok(key) => keys.push(Trusted { kid, key, until: None }),
            Err(error) => return Err(JwksError::Key { kid, reason: error.to_string() }),
        }
    }
    match keys.len() {
        0 => Err(JwksError::Empty),
        1..=MOST_KEYS => Ok(keys),
        _ => Err(JwksError::TooMany),
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
    fn a_key_that_left_is_trusted_for_as_long_as_its_tokens_live() {
        let key = |kid: &str, x: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#);
        let set = |keys: &[String]| format!(r#"{{"keys":[{}]}}"#, keys.join(","));
        let (old, new) = (key("old", X), key("new", "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"));
        let mut issuers = Issuers::default();
        let number = issuers.trust("one", &set(std::slice::from_ref(&old))).unwrap();
        let now = Instant::now();
        assert!(!issuers.renew(number, &set(std::slice::from_ref(&old)), now).unwrap(), "nothing changed");
        assert!(issuers.renew(number, &set(std::slice::from_ref(&new)), now).unwrap());
        assert!(issuers.find("one", Some("old")).is_some() && issuers.find("one", Some("new")).is_some());
        assert!(issuers.find("one", None).is_some(), "one key is in the set");
        // A set that cannot be used changes nothing.
        assert!(issuers.renew(number, "{}", now).is_err() && issuers.find("one", Some("new")).is_some());
        // It is not trusted for longer by being looked at again.
        assert!(!issuers.renew(number, &set(std::slice::from_ref(&new)), now + OVERLAP / 2).unwrap());
        assert!(!issuers.renew(number, &set(std::slice::from_ref(&new)), now + OVERLAP).unwrap());
        assert!(issuers.find("one", Some("old")).is_none());
        // One that comes back is as good as before.
        assert!(issuers.renew(number, &set(&[old, new]), now + OVERLAP).unwrap());
        assert!(issuers.find("one", Some("old")).is_some() && issuers.find("one", None).is_none());
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
