//! C2SP signed notes v1.0.0, and the Ed25519 keys that sign them: of logs (type 0x01) and of witnesses (type 0x04).

use crate::bytes;
use crate::key::{PublicKey, SecretKey};
use crate::prelude::*;
use sha2::{Digest, Sha256};

/// The signature type of logs: Ed25519 over the note's text.
const LOG: u8 = 1;
/// The signature type of witnesses: timestamped Ed25519 cosignatures.
const WITNESS: u8 = 4;
/// More lines than the 16 that a verifier must accept are refused, so that a note cannot cost much.
const MOST_SIGNATURES: usize = 32;

/// Why a note was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not text, blank line and signature lines as the specification has them.
    #[error("not a signed note")]
    Malformed,
    /// No signature is by the expected key.
    #[error("the note carries no signature by {0}")]
    NotSigned(String),
    /// A signature claims to be by the expected key and does not verify.
    #[error("the signature by {0} does not verify")]
    BadSignature(String),
    /// Not a verifier key for Ed25519 of the expected type.
    #[error("not a verifier key of the expected type: expected name+hash+key")]
    BadVerifierKey,
}

/// A verifier key: the name and public key of who signs notes, and the type of their signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKey<const TYPE: u8> {
    name: String,
    key: PublicKey,
}

/// The verifier key of a log.
pub type LogKey = NoteKey<LOG>;
/// The verifier key of a witness.
pub type WitnessKey = NoteKey<WITNESS>;

impl<const TYPE: u8> NoteKey<TYPE> {
    /// A key under a name; the name must be non-empty, without white space, control characters or `+`.
    pub fn new(name: impl Into<String>, key: PublicKey) -> Result<Self, NoteError> {
        let name = name.into();
        let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
        if name.is_empty() || name.len() > crate::limits::ID_BYTES || !name.chars().all(allowed) {
            return Err(NoteError::BadVerifierKey);
        }
        Ok(Self { name, key })
    }

    /// Reads a vkey: `name+hash+base64(type ‖ key)`.
    pub fn parse(vkey: &str) -> Result<Self, NoteError> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::BadVerifierKey);
        };
        let bytes = bytes::decode_standard(key).ok_or(NoteError::BadVerifierKey)?;
        let Some((&kind, key)) = bytes.split_first() else { return Err(NoteError::BadVerifierKey) };
        let key = key.try_into().map_err(|_| NoteError::BadVerifierKey)?;
        let key = Self::new(name, PublicKey::from_bytes(key).map_err(|_| NoteError::BadVerifierKey)?)?;
        if kind != TYPE || format!("{:08x}", key.id()) != id {
            return Err(NoteError::BadVerifierKey);
        }
        Ok(key)
    }

    /// The key as a vkey.
    pub fn to_vkey(&self) -> String {
        let mut material = vec![TYPE];
        material.extend_from_slice(&self.key.to_bytes());
        format!("{}+{:08x}+{}", self.name, self.id(), bytes::encode_standard(&material))
    }

    /// Who signs. For a log: its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key id: the first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key).
    pub fn id(&self) -> u32 {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', TYPE]);
        hasher.update(self.key.to_bytes());
        let hash: [u8; 32] = hasher.finalize().into();
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verifies(message, signature)
    }
}

/// The private half of a [`NoteKey`].
#[derive(Debug)]
pub struct NoteSigner<const TYPE: u8> {
    key: SecretKey,
    public: NoteKey<TYPE>,
}

/// The private half of a [`LogKey`].
pub type LogSigner = NoteSigner<LOG>;
/// The private half of a [`WitnessKey`].
pub type WitnessSigner = NoteSigner<WITNESS>;

impl<const TYPE: u8> NoteSigner<TYPE> {
    /// A signer under a name; see [`NoteKey::new`] for what a name may be.
    pub fn new(name: impl Into<String>, key: SecretKey) -> Result<Self, NoteError> {
        let public = NoteKey::new(name, key.public())?;
        Ok(Self { key, public })
    }

    /// The public half.
    pub fn public(&self) -> &NoteKey<TYPE> {
        &self.public
    }

    pub(super) fn sign_message(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message)
    }

    /// A note's line with a signature of this key.
    pub(super) fn line(&self, signature: &[u8]) -> String {
        let mut bytes = self.public.id().to_be_bytes().to_vec();
        bytes.extend_from_slice(signature);
        format!("\u{2014} {} {}\n", self.public.name, bytes::encode_standard(&bytes))
    }
}

impl LogSigner {
    /// The public half.
    pub fn log_key(&self) -> &LogKey {
        &self.public
    }

    /// Signs `text`, which must end in a newline, and gives the whole note.
    pub fn sign(&self, text: &str) -> String {
        format!("{text}\n{}", self.line(&self.sign_message(text.as_bytes())))
    }

    /// Adds this key's signature to a note that another has signed.
    pub fn countersign(&self, note: &str) -> String {
        let text = SignedNote::parse(note).map_or("", |note| note.text);
        format!("{note}{}", self.line(&self.sign_message(text.as_bytes())))
    }
}

/// A note taken apart; nothing in it is trusted until [`SignedNote::verify`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote<'a> {
    text: &'a str,
    signatures: Vec<(&'a str, u32, Vec<u8>)>,
}

impl<'a> SignedNote<'a> {
    /// Splits a note into its text and signatures.
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Malformed);
        }
        // By hand: the library's search for a text weighs more than what is read here.
        let blank = note.as_bytes().windows(2).rposition(|two| two == b"\n\n").ok_or(NoteError::Malformed)?;
        let (text, lines) = note.split_at_checked(blank + 1).ok_or(NoteError::Malformed)?;
        let lines = lines.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.ok_or(NoteError::Malformed)?;
        let signatures = lines.split('\n').map(signature_line).collect::<Option<Vec<_>>>();
        match signatures {
            Some(signatures) if signatures.len() <= MOST_SIGNATURES => Ok(Self { text, signatures }),
            _ => Err(NoteError::Malformed),
        }
    }

    /// The text, if `key` signed it. Signatures by others are ignored; a bad one by `key` is an error.
    pub fn verify(&self, key: &LogKey) -> Result<&'a str, NoteError> {
        let mut signed = false;
        for signature in self.signatures_by(key) {
            let valid = <&[u8; 64]>::try_from(signature)
                .is_ok_and(|signature| key.verifies(self.text.as_bytes(), signature));
            if !valid {
                return Err(NoteError::BadSignature(key.name.clone()));
            }
            signed = true;
        }
        if signed { Ok(self.text) } else { Err(NoteError::NotSigned(key.name.clone())) }
    }

    /// The signatures that claim to be by `key`.
    pub(super) fn signatures_by<const TYPE: u8>(&self, key: &NoteKey<TYPE>) -> impl Iterator<Item = &[u8]> {
        let id = key.id();
        let named = move |(name, own, _): &&(&str, u32, Vec<u8>)| *name == key.name && *own == id;
        self.signatures.iter().filter(named).map(|(_, _, signature)| signature.as_slice())
    }

    /// The text, not yet verified.
    pub fn unverified_text(&self) -> &'a str {
        self.text
    }
}

fn signature_line(line: &str) -> Option<(&str, u32, Vec<u8>)> {
    let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = bytes::decode_standard(signature)?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    (!name.is_empty() && !signature.is_empty()).then(|| (name, u32::from_be_bytes(*id), signature.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn the_example_of_the_specification_verifies() {
        let key = LogKey::parse(VKEY).unwrap();
        assert_eq!(key.to_vkey(), VKEY);
        assert_eq!(SignedNote::parse(NOTE).unwrap().verify(&key).unwrap(), "This is an example message.\n");
    }

    #[test]
    fn changed_foreign_and_broken_notes_are_refused() {
        let key = LogKey::parse(VKEY).unwrap();
        let changed = NOTE.replace("example message", "example massage");
        assert!(matches!(SignedNote::parse(&changed).unwrap().verify(&key), Err(NoteError::BadSignature(_))));
        let foreign = NOTE.replace("\u{2014} example.com/foo", "\u{2014} example.com/bar");
        assert!(matches!(SignedNote::parse(&foreign).unwrap().verify(&key), Err(NoteError::NotSigned(_))));
        for broken in ["", "a\n", "a\n\n", "a\n\nb\n", "a\r\n\n\u{2014} n AAAAAAA=\n", NOTE.trim_end()] {
            assert_eq!(SignedNote::parse(broken), Err(NoteError::Malformed), "{broken:?}");
        }
        for bad in ["", "a+b", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"] {
            assert_eq!(LogKey::parse(bad), Err(NoteError::BadVerifierKey), "{bad:?}");
        }
    }

    #[test]
    fn another_implementation_agrees() {
        use signed_note::{Note, StandardVerifier, VerifierList};
        let signer = LogSigner::new("example.com/log", SecretKey::from_seed(&[3; 32])).unwrap();
        let note = signer.sign("hello\n");
        let verifier = StandardVerifier::new(&signer.log_key().to_vkey()).unwrap();
        let theirs = Note::from_bytes(note.as_bytes()).unwrap();
        assert!(theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).is_ok());
    }
}
