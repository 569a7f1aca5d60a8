//! The ledger on disk and towards others: derived from the journal alone, as the specifications have it, and handed over
//! from key to key.

mod handover;
mod rebuilt;
mod standards;
mod support;
mod verify;
