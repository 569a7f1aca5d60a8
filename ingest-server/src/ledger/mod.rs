//! The ledger: a C2SP tlog-tiles log of commitments, derived from the journal alone.
//!
//! `tree` hashes and proves, `files` keeps tiles and entry bundles for readers, `signers` sign, and `slots` remember the
//! newest checkpoint that was signed. Nothing here is a source of truth except that memory: it says what must be in
//! the journal.

mod files;
mod signers;
mod slots;
mod tree;

pub use files::{Files, TILE_WIDTH, Unsynced};
pub use signers::Signers;
pub use slots::Slots;
pub use tree::{Nodes, Tree};
