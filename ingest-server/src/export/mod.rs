//! Writes the export: a range of the log with everything that it commits to, entry by entry, in two forms: lines of JSON
//! (`ndjson`), and columns for databases (`parquet`).

mod ndjson;
mod parquet;
mod remote;

pub use self::parquet::{Table, TableError, write};
pub use ndjson::Lines;
pub use remote::Remote;

use crate::commit::Log;
use crate::journal::{JournalError, Reader, Record};
use delistening_schema::export::{ExportedBatch, Footer, Header, Row, VERSION};
use serde::Deserialize;
use serde_json::value::RawValue;

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Lines of JSON; what an audit reads line by line.
    #[default]
    Ndjson,
    /// A Parquet file for each range.
    Parquet,
}

impl Format {
    /// Its name in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// So many entries are in one range: what is lost when a connection breaks is small.
const RANGE: u64 = 20_000;

/// The entries from `from` up to the one before `to`, range by range.
pub fn ranges(from: u64, to: u64) -> impl Iterator<Item = (u64, u64)> {
    let mut next = from;
    std::iter::from_fn(move || {
        let begin = next;
        next = to.min(begin.saturating_add(RANGE));
        (begin < next).then_some((begin, next))
    })
}

/// A range of the log, row by row.
#[derive(Debug)]
pub struct Range {
    /// What it begins with.
    pub header: Header,
    /// What it ends with.
    pub footer: Footer,
    reader: Reader,
}

impl Range {
    /// The entries from `from` on, up to the one before `to`; `None` if not so many are published.
    pub fn new(log: &Log, from: u64, to: u64) -> Result<Option<Self>, JournalError> {
        if from > to {
            return Ok(None);
        }
        let Some(checkpoint) = log.checkpoint_at(to)? else { return Ok(None) };
        let header = Header { export: VERSION, origin: log.origin().to_owned(), from, to };
        Ok(Some(Self { header, footer: Footer { checkpoint }, reader: log.reader(from) }))
    }
}

impl Iterator for Range {
    type Item = Result<Row, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.reader.next_below(self.header.to).transpose()?;
        Some(next.map(|(index, record)| row(index, record)))
    }
}

/// The row of a record.
///
/// # Panics
/// Never: an entry is always JSON.
pub fn row(index: u64, record: Record) -> Row {
    let entry =
        String::from_utf8(record.entry().to_bytes()).ok().and_then(|text| RawValue::from_string(text).ok());
    let mut row = Row { index, entry: entry.expect("an entry is JSON"), batch: None, items: None };
    match record {
        Record::Batch(batch) => {
            row.batch = Some(ExportedBatch { jws: batch.jws, context: batch.context, salt: batch.salt });
        }
        Record::Verdicts(verdicts) => row.items = Some(verdicts.items),
        Record::Statement(statement) => row.items = Some(statement.items),
        Record::Rule(_) | Record::Erasure(_) | Record::Key(_) | Record::Erased(_) => {}
    }
    row
}
