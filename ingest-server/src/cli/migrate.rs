//! `migrate`.

use super::CommandResult;
use crate::config::ClickHouseOptions;
use crate::store::clickhouse::migrations::{self, MIGRATIONS};
use clap::Args;
use std::path::PathBuf;

/// Settings of `migrate`.
#[derive(Args, Clone, Debug)]
pub(super) struct MigrateOptions {
    #[command(flatten)]
    clickhouse: ClickHouseOptions,

    /// The configuration file, for the settings of ClickHouse
    #[arg(long, env = "DELISTENING_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Only print the statements
    #[arg(long)]
    print: bool,
}

impl MigrateOptions {
    /// Applies the migrations that were not applied yet.
    pub fn run(self) -> CommandResult {
        if self.print {
            let cluster = self.clickhouse.clickhouse_cluster.as_deref();
            for migration in MIGRATIONS {
                println!("-- {} {}\n", migration.version, migration.name);
                for statement in migration.statements(cluster) {
                    println!("{statement};\n");
                }
            }
            return Ok(());
        }
        let connection =
            self.clickhouse.check()?.ok_or("--clickhouse is missing: where are the tables to be made?")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let applied = runtime.block_on(migrations::migrate(&connection))?;
        for migration in &applied {
            println!("applied {} {}", migration.version, migration.name);
        }
        if applied.is_empty() {
            println!("nothing to do: all {} migrations are applied", MIGRATIONS.len());
        }
        Ok(())
    }
}
