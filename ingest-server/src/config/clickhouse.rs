//! How ClickHouse is reached: for `serve`, which loads into it, and for `migrate`, which makes its tables.

use super::ConfigError;
use crate::store::clickhouse::{Connection, Secret};
use clap::Args;
use reqwest::Url;
use std::path::PathBuf;

/// Where the password may stand if no file is named: an environment variable, for a flag would be seen by everybody on
/// the machine.
const PASSWORD: &str = "DELISTENING_CLICKHOUSE_PASSWORD";

/// Settings for ClickHouse.
#[derive(Args, Clone, Debug)]
pub struct ClickHouseOptions {
    /// ClickHouse's HTTP interface, such as <https://clickhouse.example.com:8443>; without it plays are counted in the
    /// data folder
    #[arg(long, env = "DELISTENING_CLICKHOUSE", value_name = "URL")]
    pub clickhouse: Option<String>,

    /// The database there
    #[arg(
        long,
        env = "DELISTENING_CLICKHOUSE_DATABASE",
        value_name = "NAME",
        default_value = ClickHouseOptions::DATABASE
    )]
    pub clickhouse_database: String,

    /// The user there
    #[arg(long, env = "DELISTENING_CLICKHOUSE_USER", value_name = "NAME")]
    pub clickhouse_user: Option<String>,

    /// A file with that user's password; or set `DELISTENING_CLICKHOUSE_PASSWORD`
    #[arg(long, env = "DELISTENING_CLICKHOUSE_PASSWORD_FILE", value_name = "FILE")]
    pub clickhouse_password_file: Option<PathBuf>,

    /// The cluster on which the tables lie, replicated and distributed; without it they lie on that one server
    #[arg(long, env = "DELISTENING_CLICKHOUSE_CLUSTER", value_name = "NAME")]
    pub clickhouse_cluster: Option<String>,
}

impl Default for ClickHouseOptions {
    fn default() -> Self {
        Self {
            clickhouse: None,
            clickhouse_database: Self::DATABASE.to_owned(),
            clickhouse_user: None,
            clickhouse_password_file: None,
            clickhouse_cluster: None,
        }
    }
}

impl ClickHouseOptions {
    const DATABASE: &str = "delistening";

    /// The connection, if ClickHouse is to be used.
    pub fn check(self) -> Result<Option<Connection>, ConfigError> {
        let Some(url) = self.clickhouse.filter(|url| !url.is_empty()) else { return Ok(None) };
        // What is wrong with the URL is told without it: a password might stand in it.
        let invalid = |setting, value: &str, reason: &str| ConfigError::Invalid {
            setting,
            value: value.to_owned(),
            reason: reason.to_owned(),
        };
        let parsed = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(parsed) = parsed else {
            return Err(invalid(
                "clickhouse",
                &url,
                "it must be an http or https URL, such as http://127.0.0.1:8123",
            ));
        };
        if !parsed.username().is_empty() || parsed.password().is_some() || parsed.query().is_some() {
            let reason = "give user and password by --clickhouse-user and --clickhouse-password-file";
            return Err(invalid("clickhouse", "(URL)", reason));
        }
        for (setting, name) in [
            ("clickhouse-database", Some(&self.clickhouse_database)),
            ("clickhouse-cluster", self.clickhouse_cluster.as_ref()),
        ] {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            if let Some(name) = name.filter(|name| name.is_empty() || !name.bytes().all(plain)) {
                return Err(invalid(setting, name, "it must consist of letters, digits, _ and -"));
            }
        }
        let password = match &self.clickhouse_password_file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    invalid("clickhouse-password-file", &path.display().to_string(), &error.to_string())
                })?;
                Some(Secret::new(text.trim_end_matches(['\r', '\n'])))
            }
            None => std::env::var(PASSWORD).ok().map(Secret::new),
        };
        let user = self.clickhouse_user.as_deref();
        let connection = Connection::new(&url, &self.clickhouse_database, user, password.as_ref());
        Ok(Some(connection.on_cluster(self.clickhouse_cluster)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_and_no_password_is_shown() {
        let good = ClickHouseOptions { clickhouse: Some("http://db:8123".into()), ..Default::default() };
        assert!(good.clone().check().unwrap().is_some());
        assert!(ClickHouseOptions::default().check().unwrap().is_none());
        let cases = [
            (
                "--clickhouse db:8123",
                ClickHouseOptions { clickhouse: Some("db:8123".into()), ..good.clone() },
            ),
            (
                "--clickhouse-user",
                ClickHouseOptions { clickhouse: Some("http://a:hunter2@db:8123".into()), ..good.clone() },
            ),
            (
                "--clickhouse-user",
                ClickHouseOptions {
                    clickhouse: Some("http://db:8123/?password=hunter2".into()),
                    ..good.clone()
                },
            ),
            (
                "--clickhouse-database a`b",
                ClickHouseOptions { clickhouse_database: "a`b".into(), ..good.clone() },
            ),
            (
                "--clickhouse-password-file nowhere",
                ClickHouseOptions { clickhouse_password_file: Some("nowhere".into()), ..good },
            ),
        ];
        for (told, options) in cases {
            let error = options.check().unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
        }
    }
}
