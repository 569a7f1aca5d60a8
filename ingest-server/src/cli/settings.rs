//! Reads the command line with what stands in the environment and in the configuration file, and tells where each setting
//! comes from. Flags win over environment variables, those over the file, and that over the built-in defaults.

use crate::config::{ConfigError, ConfigFile};
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, ArgMatches, Command};
use std::ffi::OsString;
use std::path::Path;

/// The flag that names the file.
const FLAG: &str = "--config";
const VARIABLE: &str = "DELISTENING_CONFIG";
/// The command whose settings a file may have.
const MAIN: &str = "serve";

/// Where settings were looked for.
#[derive(Debug)]
pub struct Sources {
    line: Vec<String>,
    file: Option<ConfigFile>,
}

impl Sources {
    /// Reads the configuration file, if the command line or the environment names one.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, ConfigError> {
        let line: Vec<String> = line.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let named = line.iter().enumerate().find_map(|(place, word)| match word.strip_prefix(FLAG)? {
            "" => line.get(place + 1).cloned(),
            rest => rest.strip_prefix('=').map(str::to_owned),
        });
        let named = named.or_else(|| std::env::var(VARIABLE).ok()).filter(|path| !path.is_empty());
        let file = named.map(|path| ConfigFile::read(Path::new(&path))).transpose()?;
        Ok(Self { line, file })
    }

    /// The `command` with the file's settings as defaults of those subcommands that take a file.
    pub fn defaults_of(&self, mut command: Command) -> Result<Command, ConfigError> {
        let Some(file) = &self.file else { return Ok(command) };
        let all = command.find_subcommand(MAIN).cloned().unwrap_or_default();
        for subcommand in command.get_subcommands_mut() {
            if subcommand.get_arguments().any(|arg| arg.get_long() == Some("config")) {
                *subcommand = file.defaults_of(std::mem::take(subcommand), &all)?;
            }
        }
        Ok(command)
    }

    /// Where the setting was given; nothing if on the command line, where whoever reads this sees it.
    pub fn place(&self, setting: &str) -> String {
        match self.origin(setting) {
            Origin::Line | Origin::Nowhere => String::new(),
            Origin::Variable => format!(" (set by {})", variable(setting)),
            Origin::File(path) => format!(" (set in {})", path.display()),
        }
    }

    fn origin(&self, setting: &str) -> Origin<'_> {
        let flag = |word: &String| {
            let rest = word.strip_prefix("--").and_then(|word| word.strip_prefix(setting));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        match &self.file {
            _ if self.line.iter().any(flag) => Origin::Line,
            _ if std::env::var_os(variable(setting)).is_some() => Origin::Variable,
            Some(file) if file.has(setting) => Origin::File(file.path()),
            _ => Origin::Nowhere,
        }
    }

    /// Every setting of `command` that has a value, with it and where it comes from, a line each.
    pub fn list(&self, command: &Command, matches: &ArgMatches) -> String {
        let line = |arg: &Arg| {
            let setting = arg.get_long()?;
            let values = matches.get_raw(arg.get_id().as_str()).into_iter().flatten();
            let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
            let origin = match self.origin(setting) {
                Origin::Line => "the command line".to_owned(),
                Origin::Variable => variable(setting),
                Origin::File(path) => path.display().to_string(),
                Origin::Nowhere => "default".to_owned(),
            };
            (!values.is_empty()).then(|| format!("{setting} = {}  ({origin})\n", values.join(",")))
        };
        command.get_arguments().filter(|arg| arg.get_env().is_some()).filter_map(line).collect()
    }

    /// What is wrong with the command line, the environment or the file, in one sentence.
    pub fn sentence(&self, error: &Error) -> String {
        let text = error.to_string();
        let first = text.split("\n\n").next().unwrap_or(&text).trim_start_matches("error: ");
        let mut sentence = first.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) {
            let setting = arg.trim_start_matches("--").split([' ', '=']).next().unwrap_or_default();
            sentence += &self.place(setting);
        }
        for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        {
            let similar = match error.get(kind) {
                Some(ContextValue::String(similar)) => similar.clone(),
                Some(ContextValue::Strings(similar)) => similar.join(", "),
                _ => continue,
            };
            sentence = format!("{sentence}; there is {similar}");
        }
        sentence
    }
}

enum Origin<'a> {
    Line,
    Variable,
    File(&'a Path),
    Nowhere,
}

/// The environment variable of a setting.
pub fn variable(setting: &str) -> String {
    format!("DELISTENING_{}", setting.replace('-', "_").to_uppercase())
}

/// Whether what clap says is no mistake, but what was asked for.
pub fn is_answer(error: &Error) -> bool {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    matches!(error.kind(), DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion)
}
