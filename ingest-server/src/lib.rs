//! The ingest server: signed batches in, receipts out, counts that can be recomputed.
//!
//! The way of a batch, in the order of these modules: `http` takes the request, `auth` checks the token,
//! `intake` opens and checks the batches, `commit` makes them durable (`journal`), enters them in the log
//! (`ledger`), remembers them per device (`registry`) and answers. There the ack ends. `projection` then
//! reads the journal, has sessions judged (`judging`) and fills a `store`, from which counts and `live` updates are
//! served, and the `notary` enters verdicts and daily statements in the log.
//!
//! `export` writes everything that the log commits to, for whoever wants to check it.
//! `witness` has checkpoints cosigned by others, and is itself a witness for other logs.
//!
//! Nothing slow or fallible stands before the ack, and no device's address is ever stored.

pub mod auth;
mod background;
pub mod cli;
pub mod commit;
pub mod config;
mod derived;
pub mod disk;
pub mod export;
pub mod folder;
pub mod http;
pub mod intake;
pub mod journal;
pub mod judging;
pub mod keys;
pub mod ledger;
pub mod live;
pub mod metrics;
pub mod notary;
pub mod outbound;
pub mod projection;
pub mod registry;
pub mod server;
pub mod socket;
pub mod store;
pub mod telemetry;
pub mod witness;
