//! A real ClickHouse engine: the one at `CLICKHOUSE_URL`, or else one in a process of ours.

use delistening_ingest::store::clickhouse::{Connection, Secret};
pub use delistening_tests::engine::{Engine, USER};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A database of one's own, in the engine that all tests of this process share.
pub fn database() -> Connection {
    static SHARED: OnceLock<Option<(Engine, tempfile::TempDir)>> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let shared = SHARED.get_or_init(|| {
        std::env::var("CLICKHOUSE_URL").is_err().then(|| {
            let folder = tempfile::tempdir().unwrap();
            (Engine::start(&folder.path().join("engine"), 0), folder)
        })
    });
    if let Some((engine, _)) = shared {
        return engine.connection(&name);
    }
    let variable = |name: &str| std::env::var(name).ok();
    let password = variable("CLICKHOUSE_PASSWORD").map(Secret::new);
    let url = variable("CLICKHOUSE_URL").unwrap();
    Connection::new(&url, &name, variable("CLICKHOUSE_USER").as_deref(), password.as_ref())
}
