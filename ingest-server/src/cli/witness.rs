//! `witness`.

use super::CommandResult;
use crate::keys::PrivateKey;
use crate::witness::{Memory, Service, router};
use clap::Args;
use delistening_schema::ledger::{LogKey, WitnessSigner};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Cosigns checkpoints of other logs, after checking that each log has only grown (C2SP tlog-witness). Run it
/// somewhere that the logs' operators do not control.
#[derive(Args, Debug)]
pub struct WitnessOptions {
    /// The witness's name, as in its verifier key
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The witness's private key, made with `keys witness`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A verifier key of a log to witness; may be given several times
    #[arg(long, value_name = "VKEY", required = true)]
    log: Vec<String>,
    /// Where to keep what was seen; made if it does not exist
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where to listen; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:8788", value_name = "ADDR")]
    listen: SocketAddr,
}

impl WitnessOptions {
    pub fn run(self) -> CommandResult {
        super::serve::log_to_stderr();
        let signer = WitnessSigner::new(self.name, PrivateKey::read(&self.key)?.secret())
            .map_err(|_| "--name must be a name without spaces or +")?;
        let logs = self
            .log
            .iter()
            .map(|vkey| LogKey::parse(vkey.trim()).map_err(|error| format!("--log {vkey}: {error}")));
        let logs = logs.collect::<Result<_, _>>()?;
        std::fs::create_dir_all(&self.data)
            .map_err(|error| format!("--data {}: {error}", self.data.display()))?;
        let memory = Memory::open(&self.data.join("witness.sqlite"))?;
        println!("witness {}", signer.public().to_vkey());
        let service = Arc::new(Service::new(signer, logs, memory));
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
            let end = super::serve::ended()?;
            let listener = TcpListener::bind(self.listen)
                .await
                .map_err(|error| format!("--listen {}: {error}", self.listen))?;
            // Scripts wait for this line.
            println!("listening on http://{}", listener.local_addr()?);
            axum::serve(listener, router(service)).with_graceful_shutdown(end).await?;
            Ok(())
        })
    }
}
