//! The body of `add-checkpoint`: an old size, a consistency proof, and a checkpoint.

use delistening_schema::Hash;

/// No request has more.
pub const MOST_BYTES: usize = 64 * 1024;
const MOST_HASHES: usize = 63;

/// A request to cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness saw last.
    pub old_size: u64,
    /// That the log of that size begins the log of the checkpoint.
    pub proof: Vec<Hash>,
    /// The checkpoint: a signed note.
    pub note: String,
}

impl AddCheckpoint {
    /// Reads a body; `None` if it is not one.
    pub fn parse(body: &str) -> Option<Self> {
        let (head, note) = body.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let old_size = decimal(lines.next()?.strip_prefix("old ")?)?;
        let proof = lines.map(Hash::from_base64).collect::<Option<Vec<_>>>()?;
        (proof.len() <= MOST_HASHES).then(|| Self { old_size, proof, note: note.to_owned() })
    }
}

impl std::fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for hash in &self.proof {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.note)
    }
}

/// An ASCII decimal without leading zeroes.
pub fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    (canonical && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written_and_nothing_else_is() {
        let request = AddCheckpoint {
            old_size: 20,
            proof: vec![Hash::of(b"a"), Hash::of(b"b")],
            note: "o\n7\nx\n\n\u{2014} o AAAA\n".into(),
        };
        assert_eq!(AddCheckpoint::parse(&request.to_string()), Some(request.clone()));
        let first = AddCheckpoint { old_size: 0, proof: Vec::new(), ..request.clone() };
        assert_eq!(AddCheckpoint::parse(&first.to_string()), Some(first));
        let text = request.to_string();
        for bad in [
            text.replace("old 20", "old 020"),
            text.replace("old 20", "old "),
            text.replace("old 20", "old +20"),
            text.replace("old 20", "size 20"),
            text.replacen('\n', "\nAAAA\n", 1),
            text.replace("\n\n", "\n"),
            AddCheckpoint { proof: vec![Hash::of(b""); 64], ..request }.to_string(),
        ] {
            assert_eq!(AddCheckpoint::parse(&bad), None, "{bad}");
        }
    }
}
