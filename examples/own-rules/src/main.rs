//! A Delistening server with an enricher and fraud rules of one's own.
//!
//! It takes the same settings as `delistening-ingest serve`:
//! `cargo run -p own-rules -- --dev --data ./try --geoip GeoLite2-ASN.mmdb`.

mod rules;

use clap::Parser;
use delistening_ingest::config::{ConfigError, ServeOptions};
use delistening_ingest::server::{self, ServerError};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    serve: ServeOptions,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse().serve;
    let end = async {
        // Without a way to be told, it ends when it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    run(options, |address| println!("listening on http://{address}"), end).await
}

async fn run(
    options: ServeOptions,
    listening: impl FnOnce(SocketAddr),
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = options.check().map_err(|error: ConfigError| error.to_string())?;
    // Two systems that this operator knows to be data centres; the numbers are reserved for documentation.
    config.enrichers.push(rules::DataCentres(vec![64_496, 64_511]));
    config.analysis = Arc::new(rules::analysis());
    server::run(config, listening, end).await.map_err(|error: ServerError| error.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests;
