//! Makes the tables of `schema/clickhouse/`, in order, and sees whether they are still what was made.
//!
//! A migration that was released is never edited; a change is a new one. For a cluster the same statements are
//! rewritten: each table becomes a replicated one on every node, named `…_local`, with a distributed one before it
//! that has the plain name.

use super::connection::{Connection, patiently, rows};
use crate::store::StoreError;
use clickhouse::Row;
use delistening_schema::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A migration.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number; they are applied in order.
    pub version: u32,
    /// What it makes.
    pub name: &'static str,
    sql: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../../schema/clickhouse/000", $version, "_", $name, ".sql")),
        }
    };
}

/// All there are.
pub const MIGRATIONS: [Migration; 5] = [
    migration!(1, "play_events"),
    migration!(2, "plays"),
    migration!(3, "counts"),
    migration!(4, "nodes"),
    migration!(5, "shared_sessions"),
];

/// Where it is noted what was applied, and what the tables were like then.
const APPLIED: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version UInt32, name String, checksum String, tables String, applied DateTime DEFAULT now()
)
ENGINE = MergeTree
ORDER BY version;
";

#[derive(Row, Serialize, Deserialize)]
struct AppliedRow {
    version: u32,
    name: String,
    checksum: String,
    tables: String,
}

#[derive(Row, Deserialize)]
struct ColumnRow {
    table: String,
    name: String,
    kind: String,
}

impl Migration {
    /// Its statements, for a server or for a cluster.
    pub fn statements(&self, cluster: Option<&str>) -> Vec<String> {
        statements(self.sql, cluster)
    }

    fn checksum(&self) -> String {
        Hash::of(self.sql.as_bytes()).to_string()
    }
}

/// Applies what was not applied yet, and gives that.
pub async fn migrate(connection: &Connection) -> Result<Vec<Migration>, StoreError> {
    let on_cluster = connection.cluster().map_or_else(String::new, |name| format!(" ON CLUSTER `{name}`"));
    let database = connection.database();
    let text = format!("CREATE DATABASE IF NOT EXISTS `{database}`{on_cluster}");
    patiently(connection.outside().query(&text).execute()).await?;
    for statement in statements(APPLIED, connection.cluster()) {
        connection.execute(&statement).await?;
    }
    let applied = applied(connection).await?;
    known(&applied)?;
    let fresh: Vec<Migration> = MIGRATIONS.iter().skip(applied.len()).copied().collect();
    for migration in &fresh {
        for statement in migration.statements(connection.cluster()) {
            connection.execute(&statement).await?;
        }
        let row = AppliedRow {
            version: migration.version,
            name: migration.name.to_owned(),
            checksum: migration.checksum(),
            tables: tables(connection).await?,
        };
        let mut insert = patiently(connection.client().insert::<AppliedRow>("schema_migrations")).await?;
        insert.write(&row).await?;
        insert.end().await?;
    }
    Ok(fresh)
}

/// Sees that every migration is applied, none that is unknown, and that the tables are as they were made. Gives the name of
/// the database and when its tables were made: another one has another text.
pub async fn check(connection: &Connection) -> Result<String, StoreError> {
    let none = "the tables are not there: run `delistening-ingest migrate` first, with the same settings";
    let exists = connection
        .outside()
        .query("SELECT count() FROM system.tables WHERE database = ? AND name = 'schema_migrations'")
        .bind(connection.database());
    if patiently(exists.fetch_one::<u64>()).await? == 0 {
        return Err(StoreError::Drift(none.to_owned()));
    }
    let applied = applied(connection).await?;
    known(&applied)?;
    let Some(last) = applied.last() else { return Err(StoreError::Drift(none.to_owned())) };
    if let Some(missing) = MIGRATIONS.get(applied.len()) {
        return Err(StoreError::Drift(format!(
            "migration {} ({}) is not applied: run `delistening-ingest migrate` first",
            missing.version, missing.name
        )));
    }
    if let Some(difference) = difference(&last.tables, &tables(connection).await?) {
        return Err(StoreError::Drift(format!(
            "the tables are not as the migrations made them: {difference}. Undo that by hand, or fill a database of \
             another name anew, without the file clickhouse-outbox.sqlite of the data folder"
        )));
    }
    let made = connection.query("SELECT toString(min(applied)) FROM schema_migrations");
    let made: String = patiently(made.fetch_one()).await?;
    Ok(format!("{}, made {made}", connection.database()))
}

async fn applied(connection: &Connection) -> Result<Vec<AppliedRow>, StoreError> {
    rows(connection.query("SELECT ?fields FROM schema_migrations ORDER BY version")).await
}

fn known(applied: &[AppliedRow]) -> Result<(), StoreError> {
    for (place, row) in applied.iter().enumerate() {
        let refused = match MIGRATIONS.get(place) {
            Some(own) if own.version == row.version && own.checksum() == row.checksum => continue,
            Some(own) if own.version == row.version => "is another one here",
            _ => "is unknown to this program; a newer one has been at work",
        };
        return Err(StoreError::Drift(format!("migration {} ({}) {refused}", row.version, row.name)));
    }
    Ok(())
}

/// The tables and their columns, a line for each.
async fn tables(connection: &Connection) -> Result<String, StoreError> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for statement in MIGRATIONS.iter().flat_map(|migration| migration.statements(connection.cluster())) {
        names.extend(created(&statement).map(str::to_owned));
        if let Some(name) = dropped(&statement) {
            names.remove(name);
        }
    }
    let names: Vec<String> = names.into_iter().collect();
    let query = connection
        .query(
            "SELECT table, name, type AS kind FROM system.columns WHERE database = ? AND table IN ?
             ORDER BY table, position",
        )
        .bind(connection.database())
        .bind(names);
    let columns: Vec<ColumnRow> = rows(query).await?;
    let lines = columns.into_iter().map(|ColumnRow { table, name, kind }| format!("{table}.{name} {kind}\n"));
    Ok(lines.collect())
}

/// The first difference, in words.
fn difference(made: &str, present: &str) -> Option<String> {
    let missing = made.lines().find(|line| present.lines().all(|other| other != *line));
    let added = present.lines().find(|line| made.lines().all(|other| other != *line));
    match (missing, added) {
        (Some(missing), Some(added)) if missing.split(' ').next() == added.split(' ').next() => {
            Some(format!("{missing} is now {added}"))
        }
        (Some(missing), _) => Some(format!("{missing} is missing")),
        (None, Some(added)) => Some(format!("{added} was added")),
        (None, None) => None,
    }
}

/// The statements of a file.
fn statements(sql: &str, cluster: Option<&str>) -> Vec<String> {
    let lines = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let statements = text.split(";\n").map(|statement| statement.trim().trim_end_matches(';'));
    let statements = statements.filter(|statement| !statement.is_empty());
    match cluster {
        None => statements.map(str::to_owned).collect(),
        Some(cluster) => statements.flat_map(|statement| on_cluster(statement, cluster)).collect(),
    }
}

/// What a statement makes.
fn created(statement: &str) -> Option<&str> {
    let (_, rest) = statement.strip_prefix("CREATE ")?.split_once("IF NOT EXISTS ")?;
    rest.split([' ', '\n', '(']).next()
}

/// What a statement does away with.
fn dropped(statement: &str) -> Option<&str> {
    let (_, rest) = statement.strip_prefix("DROP ")?.split_once(" IF EXISTS ")?;
    rest.split(' ').next()
}

/// The table that a statement alters.
fn altered(statement: &str) -> Option<&str> {
    statement.strip_prefix("ALTER TABLE ")?.split(' ').next()
}

/// A statement for a cluster: on every node what holds the rows, and before it what spreads them.
fn on_cluster(statement: &str, cluster: &str) -> Vec<String> {
    let cluster = format!("`{cluster}`");
    if let Some(name) = dropped(statement) {
        let from = |name: &str| format!("DROP TABLE IF EXISTS {name} ON CLUSTER {cluster} SYNC");
        return if statement.starts_with("DROP VIEW") {
            vec![format!("DROP VIEW IF EXISTS {name} ON CLUSTER {cluster} SYNC")]
        } else {
            vec![from(name), from(&format!("{name}_local"))]
        };
    }
    if let Some(name) = altered(statement) {
        // What spreads the rows knows neither codecs nor projections.
        return vec![statement.replacen(name, &format!("{name}_local ON CLUSTER {cluster}"), 1)];
    }
    let Some(name) = created(statement) else { return vec![statement.to_owned()] };
    if let Some((head, query)) = statement.split_once(" AS\n") {
        let (create, target) = head.rsplit_once(" TO ").unwrap_or((head, ""));
        let (select, source) = query.split_once("FROM ").unwrap_or((query, ""));
        let (source, rest) = source.split_at(source.find('\n').unwrap_or(source.len()));
        return vec![format!(
            "{create} ON CLUSTER {cluster} TO {target}_local AS\n{select}FROM {source}_local{rest}"
        )];
    }
    let local = statement
        .replacen(&format!("{name} ("), &format!("{name}_local ON CLUSTER {cluster} ("), 1)
        .replacen("ENGINE = Replacing", "ENGINE = ReplicatedReplacing", 1)
        .replacen("ENGINE = Summing", "ENGINE = ReplicatedSumming", 1)
        .replacen("ENGINE = MergeTree", "ENGINE = ReplicatedMergeTree", 1)
        .replacen(
            "non_replicated_deduplication_window = 10000",
            "replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2592000",
            1,
        );
    // All of a session on one node, so that rows which replace each other meet.
    let by = if statement.contains("    session UUID") { ", sipHash64(session)" } else { ", 0" };
    let spread = format!(
        "CREATE TABLE IF NOT EXISTS {name} ON CLUSTER {cluster} AS {name}_local
ENGINE = Distributed({cluster}, currentDatabase(), {name}_local{by})"
    );
    vec![local, spread]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up() {
        for (version, migration) in (1..).zip(MIGRATIONS) {
            assert_eq!(migration.version, version);
            for statement in migration.statements(None) {
                let kinds = [created(&statement), dropped(&statement), altered(&statement)];
                assert_eq!(kinds.iter().flatten().count(), 1, "{statement}");
            }
        }
    }

    #[test]
    fn on_a_cluster_each_table_is_replicated_and_spread_and_views_stay_on_their_node() {
        let all: Vec<String> =
            MIGRATIONS.iter().flat_map(|migration| migration.statements(Some("main"))).collect();
        for statement in &all {
            assert!(statement.contains("ON CLUSTER `main`"), "{statement}");
            assert!(
                !statement.contains("= ReplacingMergeTree") && !statement.contains("= SummingMergeTree"),
                "{statement}"
            );
            assert!(!statement.contains("non_replicated"), "{statement}");
        }
        let text = all.join(";\n");
        for part in [
            "CREATE TABLE IF NOT EXISTS plays_local ON CLUSTER `main` (",
            "ENGINE = ReplicatedReplacingMergeTree(version, removed)",
            "CREATE TABLE IF NOT EXISTS plays ON CLUSTER `main` AS plays_local\nENGINE = Distributed(`main`, \
             currentDatabase(), plays_local, sipHash64(session))",
            "CREATE MATERIALIZED VIEW IF NOT EXISTS plays_feed ON CLUSTER `main` TO plays_local AS\n",
            "FROM play_changes_local\nWHERE sign = 1",
            "FROM play_changes_local\nARRAY JOIN",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn on_a_cluster_rows_are_altered_where_they_lie_and_what_goes_goes_everywhere() {
        for (statement, expected) in [
            (
                "ALTER TABLE plays MODIFY COLUMN play String CODEC(ZSTD(9))",
                "ALTER TABLE plays_local ON CLUSTER `main` MODIFY COLUMN play String CODEC(ZSTD(9))",
            ),
            (
                "DROP TABLE IF EXISTS plays SYNC",
                "DROP TABLE IF EXISTS plays ON CLUSTER `main` SYNC; DROP TABLE IF EXISTS plays_local ON CLUSTER `main` SYNC",
            ),
            ("DROP VIEW IF EXISTS plays_feed SYNC", "DROP VIEW IF EXISTS plays_feed ON CLUSTER `main` SYNC"),
        ] {
            assert_eq!(on_cluster(statement, "main").join("; "), expected);
        }
    }

    #[test]
    fn a_difference_is_told_in_words() {
        let made = "t.a String\nt.b UInt8\n";
        assert_eq!(difference(made, made), None);
        for (present, told) in [
            ("t.a String\n", "t.b UInt8 is missing"),
            ("t.a String\nt.b UInt64\n", "t.b UInt8 is now t.b UInt64"),
            ("t.a String\nt.b UInt8\nt.c UInt8\n", "t.c UInt8 was added"),
        ] {
            assert_eq!(difference(made, present).as_deref(), Some(told));
        }
    }
}
