//! What the server tells of itself: logs, and traces if somebody collects them.

use super::ConfigError;
use clap::{Args, ValueEnum};
use reqwest::Url;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Settings of logs and traces.
#[derive(Args, Clone, Debug)]
pub struct TelemetryOptions {
    /// How to write the log to stderr; `RUST_LOG` says how much of it (info by default)
    #[arg(long, env = "DELISTENING_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,

    /// An OpenTelemetry collector that is sent logs and traces (OTLP over HTTP), such as <http://127.0.0.1:4318>
    #[arg(long, env = "DELISTENING_OTLP", value_name = "URL")]
    pub otlp: Option<String>,

    /// A file with headers for the collector, such as credentials: `name: value`, a line each
    #[arg(long, env = "DELISTENING_OTLP_HEADERS_FILE", value_name = "FILE")]
    pub otlp_headers_file: Option<PathBuf>,

    /// The part of requests that are traced, from 0 to 1; all of them cost about as much as answering them
    #[arg(long, env = "DELISTENING_OTLP_SAMPLE", value_name = "RATIO", default_value_t = 0.01)]
    pub otlp_sample: f64,
}

/// Where logs go, and traces.
#[derive(Debug)]
pub struct Telemetry {
    /// How lines of the log look.
    pub format: LogFormat,
    /// Who collects logs and traces.
    pub collector: Option<Collector>,
}

/// An OpenTelemetry collector.
pub struct Collector {
    /// Its address, without a slash at the end.
    pub url: String,
    /// Headers for it.
    pub headers: HashMap<String, String>,
    /// The part of requests that are traced.
    pub sample: f64,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // There are secrets in the headers.
        f.debug_struct("Collector").field("url", &self.url).finish_non_exhaustive()
    }
}

impl TelemetryOptions {
    /// Checks the settings.
    pub fn check(&self) -> Result<Telemetry, ConfigError> {
        let invalid = |setting, value: String, reason: &str| ConfigError::Invalid {
            setting,
            value,
            reason: reason.to_owned(),
        };
        if !(0.0..=1.0).contains(&self.otlp_sample) {
            return Err(invalid("otlp-sample", self.otlp_sample.to_string(), "it must be between 0 and 1"));
        }
        let headers = self.otlp_headers_file.as_deref().map(read_headers).transpose()?.unwrap_or_default();
        let collector = match self.otlp.as_deref().filter(|url| !url.is_empty()) {
            None => None,
            Some(url) => {
                let usable = |url: &Url| {
                    matches!(url.scheme(), "http" | "https")
                        && url.username().is_empty()
                        && url.query().is_none()
                };
                if !Url::parse(url).is_ok_and(|url| usable(&url)) {
                    let reason = "it must be an http or https URL, such as http://127.0.0.1:4318";
                    return Err(invalid("otlp", url.to_owned(), reason));
                }
                Some(Collector {
                    url: url.trim_end_matches('/').to_owned(),
                    headers,
                    sample: self.otlp_sample,
                })
            }
        };
        Ok(Telemetry { format: self.log_format, collector })
    }
}

fn read_headers(path: &Path) -> Result<HashMap<String, String>, ConfigError> {
    let invalid = |reason: String| ConfigError::Invalid {
        setting: "otlp-headers-file",
        value: path.display().to_string(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header = |(number, line): (usize, &str)| {
        let (name, value) =
            line.split_once(':').ok_or_else(|| invalid(format!("line {} is not name: value", number + 1)))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    lines.map(header).collect()
}
