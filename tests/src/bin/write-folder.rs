//! `npm run folder`: writes a small data folder with this version of the server, which every later version must open.

use clap::Parser;
use delistening_tests::folder;
use std::error::Error;
use std::path::PathBuf;

#[derive(Parser)]
struct Options {
    /// The server's program
    #[arg(long)]
    server: PathBuf,
    /// Where to write it
    #[arg(long)]
    out: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Nothing here is encrypted, but the client wants to know how it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Options { server, out } = Options::parse();
    let written = folder::write(&server, &out).await?;
    println!("{} batches in {}", written.batches.len(), out.display());
    Ok(())
}
