//! The export as lines of JSON.

use super::Range;
use crate::commit::Log;
use crate::journal::JournalError;

/// Goes through a range, one line (without its newline) at a time.
#[derive(Debug)]
pub struct Lines {
    range: Range,
    header: Option<String>,
    footer: Option<String>,
}

impl Lines {
    /// The entries from `from` on, up to the one before `to`; `None` if not so many are published.
    pub fn new(log: &Log, from: u64, to: u64) -> Result<Option<Self>, JournalError> {
        Ok(Range::new(log, from, to)?.map(Self::from))
    }
}

impl From<Range> for Lines {
    fn from(range: Range) -> Self {
        Self { header: Some(json(&range.header)), footer: Some(json(&range.footer)), range }
    }
}

impl Iterator for Lines {
    type Item = Result<String, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(header) = self.header.take() {
            return Some(Ok(header));
        }
        // Without its footer there is nothing more to come.
        self.footer.as_ref()?;
        match self.range.next() {
            Some(Ok(row)) => Some(Ok(json(&row))),
            None => self.footer.take().map(Ok),
            Some(Err(error)) => {
                // Nothing after a gap: the range stays without its end, which shows that it is not whole.
                self.footer = None;
                Some(Err(error))
            }
        }
    }
}

/// A line.
pub(super) fn json(line: &impl serde::Serialize) -> String {
    serde_json::to_string(line).expect("a line is always representable")
}
