//! What can be checked of a line by itself. Most of an audit's work, and none of it depends on other lines.

use super::report::Fault;
use crate::batch::{Batch, Reported};
use crate::bytes::Hash;
use crate::export::{Footer, Header, Line, Row};
use crate::intake::IntakeContext;
use crate::key::KnownKeys;
use crate::ledger::{Entry, Sealed, merkle, sealed};
use crate::play::{Play, StatementLine};

/// A line that was checked by itself.
#[derive(Clone, Debug)]
pub struct CheckedLine {
    pub(super) kind: Kind,
    /// What is wrong with it, with a sentence.
    pub(super) faults: Vec<(Fault, String)>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Unreadable,
    Header(Header),
    Footer(Footer),
    Row { index: u64, leaf: Hash, entry: Option<Entry>, content: Content },
}

/// What an entry commits to, as far as it is shown and holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Nothing,
    Batch(Box<Reported>, Box<IntakeContext>),
    Verdicts(Vec<Item<Play>>),
    Statement(Vec<Item<StatementLine>>),
}

/// An item of a list that is shown, erased, or cannot be read.
#[derive(Clone, Debug)]
pub(super) enum Item<T> {
    Shown(T, String),
    Erased,
    Unreadable,
}

impl CheckedLine {
    /// Checks a line (without its newline): form, commitments, and the signature of a batch.
    pub fn check(line: impl AsRef<[u8]>) -> Self {
        Self::check_with(&KnownKeys::default(), line)
    }

    /// Checks as [`CheckedLine::check`] does. The keys of devices that `known` has are not expanded again.
    pub fn check_with(known: &KnownKeys, line: impl AsRef<[u8]>) -> Self {
        let mut faults = Vec::new();
        let parsed = match std::str::from_utf8(line.as_ref()) {
            Ok(line) => Line::parse(line),
            Err(error) => Err(serde::de::Error::custom(error)),
        };
        let kind = match parsed {
            Ok(Line::Header(header)) => Kind::Header(header),
            Ok(Line::Footer(footer)) => Kind::Footer(footer),
            Ok(Line::Row(row)) => check_row(known, &row, &mut faults),
            Err(error) => {
                faults.push((Fault::Line, format!("the line is not one of an export: {error}")));
                Kind::Unreadable
            }
        };
        Self { kind, faults }
    }
}

fn check_row(known: &KnownKeys, row: &Row, faults: &mut Vec<(Fault, String)>) -> Kind {
    let bytes = row.entry.get().as_bytes();
    let entry = Entry::from_bytes(bytes);
    let content = match &entry {
        None => {
            faults.push((Fault::Entry, "the entry is not of a known kind in canonical form".into()));
            Content::Nothing
        }
        Some(entry) => check_content(known, row, entry, faults),
    };
    Kind::Row { index: row.index, leaf: merkle::leaf_hash(bytes), entry, content }
}

fn check_content(known: &KnownKeys, row: &Row, entry: &Entry, faults: &mut Vec<(Fault, String)>) -> Content {
    let none = Vec::new();
    let items = row.items.as_ref().unwrap_or(&none);
    let committed =
        |root: &Hash, count: u32| sealed::root(items) == *root && items.len() as u64 == u64::from(count);
    match entry {
        Entry::Batch(commitment) => {
            let Some(shown) = &row.batch else { return Content::Nothing };
            let opened = Batch::open_with(&shown.jws, |bytes| known.get(bytes));
            let hash = opened.as_ref().map_or_else(|_| Hash::of(shown.jws.as_bytes()), |opened| opened.hash);
            if hash != commitment.batch {
                faults.push((Fault::BatchCommitment, "the batch is not the one that was entered".into()));
            }
            if Hash::of_parts(&[&shown.salt, shown.context.as_bytes()]) != commitment.context {
                faults.push((
                    Fault::BatchCommitment,
                    "the intake context is not the one that was entered".into(),
                ));
            }
            match opened {
                Ok(opened) => {
                    known.insert(&opened.key);
                    // What cannot be read says nothing; the server takes it in the same way.
                    let context = serde_json::from_str(&shown.context).unwrap_or_default();
                    Content::Batch(Box::new(opened.payload.into()), Box::new(context))
                }
                Err(problem) => {
                    faults.push((Fault::BatchSignature, format!("the batch does not hold: {problem}")));
                    Content::Nothing
                }
            }
        }
        Entry::Verdict(commitment) => {
            if !committed(&commitment.root, commitment.count) {
                faults
                    .push((Fault::VerdictCommitment, "the verdicts are not those that were entered".into()));
            }
            Content::Verdicts(items.iter().map(read).collect())
        }
        Entry::Statement(commitment) => {
            if !committed(&commitment.root, commitment.count) {
                faults.push((
                    Fault::StatementCommitment,
                    "the statement is not the one that was entered".into(),
                ));
            }
            Content::Statement(items.iter().map(read).collect())
        }
        Entry::Rule(_) | Entry::Erasure(_) | Entry::Key(_) => Content::Nothing,
    }
}

fn read<T: serde::de::DeserializeOwned>(item: &Sealed) -> Item<T> {
    match item.text().map(|text| (serde_json::from_str(text), text)) {
        Some((Ok(value), text)) => Item::Shown(value, text.to_owned()),
        Some((Err(_), _)) => Item::Unreadable,
        None => Item::Erased,
    }
}
