//! `keys`.

use super::CommandResult;
use crate::keys::PrivateKey;
use clap::Subcommand;
use delistening_schema::ledger::{LogKey, WitnessKey};
use std::path::PathBuf;

/// Makes keys. Private keys are written for their owner alone, and never over another file.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// The log's key, which signs checkpoints; prints its verifier key, for devices and auditors to pin
    Log {
        /// The log's name
        #[arg(long, value_name = "NAME")]
        origin: String,
        /// Where to write the private key
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// A witness's key, which cosigns checkpoints of other logs; prints its verifier key, for policies
    Witness {
        /// The witness's name, such as witness.example.com
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Where to write the private key
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// An issuer's key, which signs access tokens; prints its public half as a JWK set, for `serve --jwks`
    Issuer {
        /// Where to write the private key
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Keys {
    pub fn run(self) -> CommandResult {
        let key = PrivateKey::generate()?;
        match self {
            Self::Log { origin, out } => {
                let vkey = LogKey::new(origin, key.secret().public())
                    .map_err(|_| "--origin must be a name without spaces or +")?;
                key.write(&out)?;
                println!("{}", vkey.to_vkey());
            }
            Self::Witness { name, out } => {
                let vkey = WitnessKey::new(name, key.secret().public())
                    .map_err(|_| "--name must be a name without spaces or +")?;
                key.write(&out)?;
                println!("{}", vkey.to_vkey());
            }
            Self::Issuer { out } => {
                key.write(&out)?;
                println!("{}", key.jwks());
            }
        }
        Ok(())
    }
}
