//! The server as its clients meet it: real HTTP against a running server, with every kind of bad input.

mod bounds;
mod counts;
mod dashboard;
mod enrichment;
mod erasure;
mod export;
mod intake;
mod issuers;
mod public;
mod support;
