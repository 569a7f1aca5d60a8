//! A data folder as a whole: what is in it, and whether it can be relied on ([`survey`]); and copies of it, made while a
//! server writes it ([`copy`]).

mod copy;
mod survey;

pub use copy::{Copied, CopyError, copy};
pub use survey::{Finding, Findings, Verdict, survey};

use std::path::{Path, PathBuf};

/// Where the journal is.
fn journal(data: &Path) -> PathBuf {
    data.join("journal")
}

/// Where the newest signed checkpoint is.
fn signed(data: &Path) -> PathBuf {
    data.join("ledger").join("signed")
}
