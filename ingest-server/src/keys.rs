//! Private keys in files: the log's own, and (for tools and development) an issuer's.
//!
//! A file holds one private JWK (RFC 8037) and is readable by its owner alone (or, if that is root, by a group as well).

use delistening_schema::key::{DeviceId, SecretKey};
use delistening_schema::token::{self, Claims, Confirmation};
use delistening_schema::{PublicKey, bytes, jws};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file system refused.
    #[error("the key file {path} cannot be {what}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Read or written.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
    /// Not a private JWK.
    #[error("the key file {0} does not hold an Ed25519 private JWK; make one with `delistening-ingest keys`")]
    Malformed(PathBuf),
    /// Others may read it.
    #[error("the key file {0} can be read by others; run chmod 600 on it, or chmod 640 if root owns it")]
    Open(PathBuf),
}

#[derive(Serialize, Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    d: String,
}

/// A private key with its name.
#[derive(Debug)]
pub struct PrivateKey {
    kid: String,
    public: PublicKey,
    seed: Seed,
}

/// Whether more than its owner may read it. What root owns, as a mounted secret, may be given to one group.
fn open_to_others(file: &fs::Metadata) -> bool {
    let group = if file.uid() == 0 { 0o040 } else { 0 };
    file.permissions().mode() & 0o077 & !group != 0
}

/// Hidden from debug output and logs.
struct Seed([u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hidden")
    }
}

impl PrivateKey {
    /// A new key. Its id is the begin of its thumbprint.
    pub fn generate() -> io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let public = SecretKey::from_seed(&seed).public();
        let kid = public.thumbprint().to_string()[..16].to_owned();
        Ok(Self { kid, public, seed: Seed(seed) })
    }

    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |error| KeyFileError::Io { path: path.to_owned(), what: "read", error };
        let text = fs::read_to_string(path).map_err(failed)?;
        if open_to_others(&fs::metadata(path).map_err(failed)?) {
            return Err(KeyFileError::Open(path.to_owned()));
        }
        let malformed = || KeyFileError::Malformed(path.to_owned());
        let jwk: Jwk = serde_json::from_str(&text).map_err(|_| malformed())?;
        let seed: [u8; 32] = bytes::decode_array(&jwk.d).ok_or_else(malformed)?;
        let public = SecretKey::from_seed(&seed).public();
        if jwk.kty != "OKP" || jwk.crv != "Ed25519" || jwk.x != public.jwk_x() {
            return Err(malformed());
        }
        Ok(Self { kid: jwk.kid, public, seed: Seed(seed) })
    }

    /// Writes a key file that did not exist, durably, readable by its owner alone.
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        let failed = |error| KeyFileError::Io { path: path.to_owned(), what: "written", error };
        let jwk = Jwk {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            kid: self.kid.clone(),
            x: self.public.jwk_x(),
            d: bytes::encode(&self.seed.0),
        };
        let text = serde_json::to_string_pretty(&jwk).map_err(|error| failed(error.into()))?;
        let mut file =
            fs::File::options().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(failed)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// The key for signing.
    pub fn secret(&self) -> SecretKey {
        SecretKey::from_seed(&self.seed.0)
    }

    /// The public half as a JWK set.
    pub fn jwks(&self) -> String {
        let jwk = serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": self.public.jwk_x(),
        });
        serde_json::json!({ "keys": [jwk] }).to_string()
    }
}

/// A token to be signed.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Who issues it.
    pub issuer: String,
    /// For which service.
    pub audience: String,
    /// The listener or service.
    pub subject: String,
    /// What it allows.
    pub scope: String,
    /// The device it is bound to.
    pub device: Option<DeviceId>,
    /// How long it lives, in seconds.
    pub life_s: u64,
}

impl TokenRequest {
    /// The signed token, issued at `now` (seconds since 1970).
    pub fn sign(self, key: &PrivateKey, now: u64) -> String {
        self.sign_under(&token::header(&key.kid), key, now)
    }

    /// The signed token of a share link.
    pub fn sign_share(self, key: &PrivateKey, now: u64) -> String {
        self.sign_under(&token::share_header(&key.kid), key, now)
    }

    fn sign_under(self, header: &str, key: &PrivateKey, now: u64) -> String {
        let claims = Claims {
            iss: self.issuer,
            aud: self.audience,
            iat: now,
            exp: now + self.life_s,
            sub: self.subject,
            scope: self.scope,
            cnf: self.device.map(|jkt| Confirmation { jkt }),
        };
        let payload = serde_json::to_vec(&claims).expect("claims are JSON");
        let input = jws::signing_input(header, &payload);
        let signature = key.secret().sign(input.as_bytes());
        jws::with_signature(input, &signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_read_as_it_was_written_and_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let key = PrivateKey::generate().unwrap();
        key.write(&path).unwrap();
        assert_eq!(PrivateKey::read(&path).unwrap().jwks(), key.jwks());
        assert!(matches!(key.write(&path), Err(KeyFileError::Io { .. })), "never overwritten");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(PrivateKey::read(&path), Err(KeyFileError::Open(_))));
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(PrivateKey::read(&path), Err(KeyFileError::Malformed(_))));
        assert!(!format!("{key:?}").contains(&bytes::encode(&key.seed.0)));
    }
}
