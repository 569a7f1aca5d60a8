//! From journaled batches to what is said of plays, and to what an auditor makes of that.

mod analysis;
mod audit;
mod erasure;
mod export;
mod notary;
mod support;
