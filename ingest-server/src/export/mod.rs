//! Writes the export: a range of the log with everything that it commits to, line by line.

mod remote;

pub use remote::Remote;

use crate::commit::Log;
use crate::journal::{JournalError, Reader, Record};
use delistening_schema::export::{ExportedBatch, Footer, Header, Row, VERSION};
use serde_json::value::RawValue;

/// Goes through a range, one line (without its newline) at a time.
#[derive(Debug)]
pub struct Lines {
    reader: Reader,
    to: u64,
    header: Option<String>,
    footer: Option<String>,
}

impl Lines {
    /// The entries from `from` on, up to the one before `to`; `None` if not so many are published.
    pub fn new(log: &Log, from: u64, to: u64) -> Result<Option<Self>, JournalError> {
        if from > to {
            return Ok(None);
        }
        let Some(checkpoint) = log.checkpoint_at(to)? else { return Ok(None) };
        let header = Header { export: VERSION, origin: log.origin().to_owned(), from, to };
        Ok(Some(Self {
            reader: log.reader(from),
            to,
            header: Some(json(&header)),
            footer: Some(json(&Footer { checkpoint })),
        }))
    }

    fn row(&mut self) -> Result<Option<String>, JournalError> {
        Ok(self.reader.next_below(self.to)?.map(|(index, record)| json(&row(index, record))))
    }
}

impl Iterator for Lines {
    type Item = Result<String, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(header) = self.header.take() {
            return Some(Ok(header));
        }
        match self.row() {
            Ok(Some(line)) => Some(Ok(line)),
            Ok(None) => self.footer.take().map(Ok),
            Err(error) => {
                // Nothing after a gap: the range stays without its end, which shows that it is not whole.
                self.footer = None;
                self.to = 0;
                Some(Err(error))
            }
        }
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

fn json(line: &impl serde::Serialize) -> String {
    serde_json::to_string(line).expect("a line is always representable")
}
