//! The configuration file: the settings of a command in TOML, under the names that its flags have.
//!
//! What stands in it becomes the default of each flag, so that environment variables and flags win over it.

use super::ConfigError;
use clap::{Arg, ArgAction, Command};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A file that was read.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    settings: Table,
}

impl ConfigFile {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let bad =
            |reason| ConfigError::Invalid { setting: "config", value: path.display().to_string(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        let settings = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            bad(format!("line {line}: {}", error.message().lines().collect::<Vec<_>>().join(" ")))
        })?;
        Ok(Self { path: path.to_owned(), settings })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it has this setting.
    pub fn has(&self, setting: &str) -> bool {
        self.settings.contains_key(setting)
    }

    /// The `command` with what stands in the file as defaults. A setting that no part of `all` has is a mistake.
    pub fn defaults_of(&self, mut command: Command, all: &Command) -> Result<Command, ConfigError> {
        for (setting, value) in &self.settings {
            let known = |arg: &&Arg| {
                arg.get_long() == Some(setting) && setting != "config" && arg.get_env().is_some()
            };
            if !all.get_arguments().any(|arg| known(&arg)) {
                return Err(self.bad(setting, "there is no such setting; `serve --help` lists them"));
            }
            let Some(arg) = command.get_arguments().find(known).cloned() else { continue };
            let many = matches!(arg.get_action(), ArgAction::Append);
            let values = self.values(setting, value, many)?;
            command = command.mut_arg(arg.get_id().clone(), |arg| arg.required(false).default_values(values));
        }
        Ok(command)
    }

    fn values(&self, setting: &str, value: &Value, many: bool) -> Result<Vec<String>, ConfigError> {
        match value {
            Value::String(text) => Ok(vec![text.clone()]),
            Value::Integer(number) => Ok(vec![number.to_string()]),
            Value::Float(number) => Ok(vec![number.to_string()]),
            Value::Boolean(on) => Ok(vec![on.to_string()]),
            Value::Array(list) if many => {
                let nested: Result<Vec<_>, _> =
                    list.iter().map(|one| self.values(setting, one, false)).collect();
                Ok(nested?.concat())
            }
            Value::Array(_) => Err(self.bad(setting, "it has one value, not a list")),
            Value::Table(_) | Value::Datetime(_) => {
                Err(self.bad(setting, "it must be a text, a number, true or false"))
            }
        }
    }

    fn bad(&self, setting: &str, reason: &str) -> ConfigError {
        let value = self.path.display().to_string();
        ConfigError::Invalid { setting: "config", value, reason: format!("`{setting}`: {reason}") }
    }
}
