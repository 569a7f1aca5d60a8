//! Access tokens: JWTs (RFC 7519) that bind a listener to a device (RFC 7800), signed by an issuer.
//!
//! A share link carries a token of another type, which lives for weeks and lets its bearer read counts and nothing else.
//!
//! A token never chooses its own key: the caller finds the key by issuer and key id among those it is
//! configured to trust.

use crate::json;
use crate::jws::{JwsError, Parts};
use crate::key::{DeviceId, PublicKey};
use crate::prelude::*;
use crate::{limits, object};
use serde::{Deserialize, Serialize};

/// The `typ` values accepted: RFC 9068's, and plain `JWT`.
const TYPES: [&str; 2] = ["at+jwt", "JWT"];

/// The `typ` of the token of a share link.
const SHARE_TYPE: &str = "share+jwt";

/// The scope that lets a device send plays.
pub const SCOPE_WRITE_PLAYS: &str = "plays:write";
/// The scope that lets a service read counts.
pub const SCOPE_READ_COUNTS: &str = "counts:read";
/// The scope that lets a service export everything.
pub const SCOPE_READ_EXPORT: &str = "export:read";
/// The scope that lets a service erase a listener's data.
pub const SCOPE_ERASE: &str = "listeners:erase";
/// What services may be allowed.
pub const SERVICE_SCOPES: [&str; 3] = [SCOPE_READ_COUNTS, SCOPE_READ_EXPORT, SCOPE_ERASE];

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// The service it is for.
    pub aud: String,
    /// When it was issued, in seconds since 1970.
    pub iat: u64,
    /// When it expires, in seconds since 1970.
    pub exp: u64,
    /// The listener, by a pseudonym; for a service token the service.
    pub sub: String,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// The key it is bound to; absent in a service token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

object!(read Claims { iss, aud, iat, exp, sub, scope, [cnf] });

/// The RFC 7800 confirmation claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Confirmation {
    /// The device's key, as its JWK thumbprint.
    pub jkt: DeviceId,
}

object!(read Confirmation { jkt });

/// Why a token was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`limits::TOKEN_BYTES`].
    #[error("the token is longer than {} bytes", limits::TOKEN_BYTES)]
    TooLong,
    /// Not a JWS that is acceptable here.
    #[error("the token is not acceptable: {0}")]
    Jws(#[from] JwsError),
    /// A required claim is missing or of the wrong type.
    #[error("the token must have iss, aud, iat, exp, sub and scope")]
    Claims,
    /// No trusted key has this issuer and key id.
    #[error("the token's issuer and key are not among those trusted here")]
    UnknownKey,
    /// Made for another service.
    #[error("the token is for another audience")]
    Audience,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
    /// It was issued in the future, or lives longer than allowed.
    #[error(
        "the token's times are not acceptable: it must be issued in the past and live at most {} s, or {} s in a share link",
        limits::TOKEN_LIFE_S,
        limits::SHARE_LIFE_S
    )]
    Times,
}

#[derive(Deserialize)]
struct KeyId {
    #[serde(default)]
    kid: Option<String>,
}

impl Claims {
    /// Reads the claims without verifying anything: for a device that looks at its own token.
    pub fn peek(token: &str) -> Result<Self, TokenError> {
        let parts = Parts::parse(token, &TYPES)?;
        let payload = str::from_utf8(parts.unverified_payload());
        payload.ok().and_then(json::from_str).ok_or(TokenError::Claims)
    }

    /// Verifies `token` for the service `audience` at `now` (seconds since 1970). `find` gives the trusted
    /// key for an issuer and key id.
    pub fn verify<'k>(
        token: &str,
        audience: &str,
        now: u64,
        find: impl FnOnce(&str, Option<&str>) -> Option<&'k PublicKey>,
    ) -> Result<Self, TokenError> {
        Self::verify_typed(token, &TYPES, limits::TOKEN_LIFE_S, audience, now, find)
    }

    /// Whether `token` says that it is of a share link. Nothing is verified.
    pub fn is_share(token: &str) -> bool {
        token.len() <= limits::TOKEN_BYTES && Parts::parse(token, &[SHARE_TYPE]).is_ok()
    }

    /// Verifies the token of a share link, as [`Claims::verify`] does that of a device or service.
    pub fn verify_share<'k>(
        token: &str,
        audience: &str,
        now: u64,
        find: impl FnOnce(&str, Option<&str>) -> Option<&'k PublicKey>,
    ) -> Result<Self, TokenError> {
        Self::verify_typed(token, &[SHARE_TYPE], limits::SHARE_LIFE_S, audience, now, find)
    }

    fn verify_typed<'k>(
        token: &str,
        types: &[&str],
        most_life_s: u64,
        audience: &str,
        now: u64,
        find: impl FnOnce(&str, Option<&str>) -> Option<&'k PublicKey>,
    ) -> Result<Self, TokenError> {
        if token.len() > limits::TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let parts = Parts::parse(token, types)?;
        let claims: Self =
            serde_json::from_slice(parts.unverified_payload()).map_err(|_| TokenError::Claims)?;
        let id: KeyId = parts.header()?;
        let key = find(&claims.iss, id.kid.as_deref()).ok_or(TokenError::UnknownKey)?;
        parts.verify(key)?;
        if claims.aud != audience {
            return Err(TokenError::Audience);
        }
        claims.check_times_within(now, most_life_s)?;
        Ok(claims)
    }

    /// Checks the times alone: what remains to be done for a token that was verified before.
    pub fn check_times(&self, now: u64) -> Result<(), TokenError> {
        self.check_times_within(now, limits::TOKEN_LIFE_S)
    }

    fn check_times_within(&self, now: u64, most_life_s: u64) -> Result<(), TokenError> {
        if now >= self.exp.saturating_add(limits::CLOCK_LEEWAY_S) {
            return Err(TokenError::Expired);
        }
        let life = self.exp.checked_sub(self.iat).ok_or(TokenError::Times)?;
        if self.iat > now.saturating_add(limits::CLOCK_LEEWAY_S) || life > most_life_s {
            return Err(TokenError::Times);
        }
        Ok(())
    }

    /// Whether `scope` is among the token's scopes.
    pub fn allows(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|held| held == scope)
    }
}

/// The protected header of a token signed by the key named `kid`.
pub fn header(kid: &str) -> String {
    typed_header(TYPES[0], kid)
}

/// The protected header of the token of a share link, signed by the key named `kid`.
pub fn share_header(kid: &str) -> String {
    typed_header(SHARE_TYPE, kid)
}

fn typed_header(typ: &str, kid: &str) -> String {
    let kid = serde_json::Value::from(kid);
    format!(r#"{{"alg":"EdDSA","typ":"{typ}","kid":{kid}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws;
    use crate::key::SecretKey;

    fn token(key: &SecretKey, payload: &serde_json::Value) -> String {
        let input = jws::signing_input(&header("k1"), payload.to_string().as_bytes());
        let signature = key.sign(input.as_bytes());
        jws::with_signature(input, &signature)
    }

    #[test]
    fn each_claim_is_held_to_its_rule() {
        let key = SecretKey::from_seed(&[1; 32]);
        let public = key.public();
        let good = serde_json::json!({
            "iss": "i", "aud": "a", "iat": 1000, "exp": 1900, "sub": "s", "scope": "x plays:write",
            "cnf": { "jkt": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" },
        });
        let check = |payload: &serde_json::Value, now| {
            Claims::verify(&token(&key, payload), "a", now, |iss, kid| {
                (iss == "i" && kid == Some("k1")).then_some(&public)
            })
        };
        assert!(check(&good, 1000).unwrap().allows(SCOPE_WRITE_PLAYS));
        assert!(!check(&good, 1000).unwrap().allows("plays"));
        let mut cases =
            vec![(good.clone(), 1960, TokenError::Expired), (good.clone(), 900, TokenError::Times)];
        for (member, value, error) in [
            ("aud", "b".into(), TokenError::Audience),
            ("aud", serde_json::json!(["a"]), TokenError::Claims),
            ("iss", "j".into(), TokenError::UnknownKey),
            ("exp", 1901.into(), TokenError::Times),
            ("exp", 999.into(), TokenError::Expired),
            ("exp", serde_json::Value::Null, TokenError::Claims),
        ] {
            let mut payload = good.clone();
            payload[member] = value;
            cases.push((payload, 1100, error));
        }
        for (payload, now, error) in cases {
            assert_eq!(check(&payload, now), Err(error), "{payload} at {now}");
        }
        let forged = token(&SecretKey::from_seed(&[2; 32]), &good);
        assert_eq!(
            Claims::verify(&forged, "a", 1000, |_, _| Some(&public)),
            Err(TokenError::Jws(JwsError::Signature))
        );
    }

    #[test]
    fn a_share_link_lives_longer_and_is_nothing_else() {
        let key = SecretKey::from_seed(&[1; 32]);
        let public = key.public();
        let token = |header: &str, life: u64| {
            let claims = serde_json::json!({
                "iss": "i", "aud": "a", "iat": 1000, "exp": 1000 + life, "sub": "label", "scope": SCOPE_READ_COUNTS,
            });
            let input = jws::signing_input(header, claims.to_string().as_bytes());
            let signature = key.sign(input.as_bytes());
            jws::with_signature(input, &signature)
        };
        let share = token(&share_header("k1"), limits::SHARE_LIFE_S);
        let (ordinary, long) =
            (token(&header("k1"), 900), token(&share_header("k1"), limits::SHARE_LIFE_S + 1));
        let verify_share = |token: &str, now| Claims::verify_share(token, "a", now, |_, _| Some(&public));
        assert!(Claims::is_share(&share) && !Claims::is_share(&ordinary));
        assert!(verify_share(&share, 1000 + limits::SHARE_LIFE_S).is_ok());
        assert_eq!(verify_share(&share, 1060 + limits::SHARE_LIFE_S), Err(TokenError::Expired));
        assert_eq!(verify_share(&long, 1000), Err(TokenError::Times));
        // Neither passes for the other.
        assert!(matches!(verify_share(&ordinary, 1000), Err(TokenError::Jws(_))));
        let as_service = Claims::verify(&share, "a", 1000, |_, _| Some(&public));
        assert!(matches!(as_service, Err(TokenError::Jws(_))));
    }
}
