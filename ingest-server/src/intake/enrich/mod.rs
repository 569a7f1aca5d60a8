//! What a request tells of where it came from, as far as it is kept: coarse facts, and never the address.
//!
//! An [`Enricher`] adds to the intake context of a request's batches before they are journaled, so that whatever is
//! judged by it can be judged again from the journal.

mod client;
mod geoip;
mod network;

pub use client::Clients;
pub use geoip::{GeoIp, GeoIpError};
pub use network::{NetworkKeyError, Networks};

use delistening_schema::IntakeContext;
use std::fmt;
use std::net::IpAddr;

/// What is known of a request while it is answered. None of it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// Where it came from: the client's address, past trusted proxies.
    pub address: IpAddr,
    /// Its `User-Agent` header.
    pub agent: Option<&'a str>,
    /// When it came, milliseconds since 1970.
    pub at: u64,
}

/// Adds to what is kept of a request. It is asked for every request before the ack, so it must be quick, and do without
/// a network. What it adds must not tell who somebody is.
pub trait Enricher: fmt::Debug + Send + Sync {
    /// Adds what it knows; its own findings go into the context's labels.
    fn enrich(&self, visit: &Visit<'_>, context: &mut IntakeContext);
}

/// All that are asked, in order.
#[derive(Debug, Default)]
pub struct Enrichers(Vec<Box<dyn Enricher>>);

impl Enrichers {
    /// Asks one more.
    pub fn push(&mut self, enricher: impl Enricher + 'static) {
        self.0.push(Box::new(enricher));
    }

    /// What is kept of a request with a token of `issuer`.
    pub fn context(&self, issuer: &str, visit: &Visit<'_>) -> IntakeContext {
        let mut context = IntakeContext {
            issuer: issuer.to_owned(),
            client: "other".to_owned(),
            ..IntakeContext::default()
        };
        for enricher in &self.0 {
            enricher.enrich(visit, &mut context);
        }
        context
    }
}
