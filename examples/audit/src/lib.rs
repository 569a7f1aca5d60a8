//! The audit for the web: the code that the server's command runs, as a WASM module of its own.
//!
//! It is fed the bytes of an export in pieces of any size, and gives its report as JSON. It fetches nothing and trusts
//! nobody: `web/worker.ts` reads the export, beside the page. Start with [`Audit`].

use delistening_schema::audit::{Auditor, CheckedLine};
use delistening_schema::key::KnownKeys;
use delistening_schema::ledger::LogKey;
use wasm_bindgen::prelude::*;

/// An audit under way.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Audit {
    auditor: Auditor,
    known: KnownKeys,
    /// The begin of a line whose end has not come yet.
    begun: Vec<u8>,
}

#[wasm_bindgen]
impl Audit {
    /// An audit of the log with this verifier key, or of one that had it.
    #[wasm_bindgen(constructor)]
    pub fn new(log_key: &str) -> Result<Audit, JsError> {
        let key = LogKey::parse(log_key.trim())?;
        Ok(Self { auditor: Auditor::new(key), known: KnownKeys::default(), begun: Vec::new() })
    }

    /// Takes the next bytes of the export.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut lines = bytes.split(|&byte| byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            self.begun.extend_from_slice(line);
            if lines.peek().is_some() {
                self.line();
            }
        }
    }

    /// How many entries were checked.
    pub fn entries(&self) -> f64 {
        // Far below 2^53, where numbers of JavaScript are exact.
        #[allow(clippy::cast_precision_loss)]
        let entries = self.auditor.entries() as f64;
        entries
    }

    /// What the audit came to, as JSON: see `Report` in `web/audit.ts`.
    pub fn finish(mut self) -> String {
        if !self.begun.is_empty() {
            self.line();
        }
        serde_json::to_string(&self.auditor.finish()).unwrap_or_default()
    }

    fn line(&mut self) {
        self.auditor.take(CheckedLine::check_with(&self.known, &self.begun));
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    /// Lines are what they are, however the bytes come in.
    #[test]
    fn pieces_of_any_size_give_the_same_report() {
        let export = b"{\"export\":1,\"origin\":\"example.com/foo\",\"from\":0,\"to\":0}\nno line\n\n{\"checkpoint\":\"none\"}\n";
        let report = |size: usize| {
            let mut audit = Audit::new(KEY).unwrap();
            export.chunks(size).for_each(|piece| audit.push(piece));
            audit.finish()
        };
        let whole = report(export.len());
        assert!(
            whole.contains("line 2: the line is not one of an export") && whole.contains("\"wrong\":3"),
            "{whole}"
        );
        for size in 1..export.len() {
            assert_eq!(report(size), whole, "pieces of {size}");
        }
    }
}
