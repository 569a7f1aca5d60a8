//! What clients may ask of the server: the settings that keep its memory and its work bounded.

use super::ConfigError;
use axum::http::HeaderName;
use clap::Args;
use std::num::NonZeroU32;
use std::time::Duration;

/// Settings of `serve` that bound clients.
#[derive(Args, Clone, Debug)]
pub struct BoundsOptions {
    /// Requests per second of one device, with bursts of ten seconds' worth; 0 for no limit
    #[arg(long, env = "DELISTENING_DEVICE_RATE", value_name = "REQUESTS", default_value_t = 10)]
    pub device_rate: u32,

    /// Requests per second of one network (a /24 of IPv4, a /48 of IPv6), with bursts of ten seconds' worth; 0 for
    /// no limit. Private and loopback addresses are not limited
    #[arg(long, env = "DELISTENING_NETWORK_RATE", value_name = "REQUESTS", default_value_t = 500)]
    pub network_rate: u32,

    /// The header in which your proxy gives the client's address, such as X-Forwarded-For: its last address is taken.
    /// Give it only where every request comes through that proxy
    #[arg(long, env = "DELISTENING_FORWARDED_HEADER", value_name = "NAME")]
    pub forwarded_header: Option<String>,

    /// Open connections at most; when there is no place left, the clients that have kept the server waiting longest
    /// make room
    #[arg(long, env = "DELISTENING_MAX_CONNECTIONS", value_name = "COUNT", default_value_t = 20_000)]
    pub max_connections: u32,

    /// How long a client may take to send the head of its next request, or to read on, in seconds
    #[arg(long, env = "DELISTENING_IDLE_TIMEOUT", value_name = "SECONDS", default_value_t = 30)]
    pub idle_timeout: u32,

    /// How long a request's body may take to arrive, in seconds
    #[arg(long, env = "DELISTENING_BODY_TIMEOUT", value_name = "SECONDS", default_value_t = 20)]
    pub body_timeout: u32,

    /// The slowest that a body may arrive, in bytes per second over any five seconds; 0 for no limit
    #[arg(long, env = "DELISTENING_BODY_RATE", value_name = "BYTES", default_value_t = 1024)]
    pub body_rate: u32,

    /// MiB that the bodies of all requests under way may take together; more is refused until some are done
    #[arg(long, env = "DELISTENING_BODY_MEMORY", value_name = "MIB", default_value_t = 64)]
    pub body_memory: u32,
}

impl Default for BoundsOptions {
    fn default() -> Self {
        Self {
            device_rate: 10,
            network_rate: 500,
            forwarded_header: None,
            max_connections: 20_000,
            idle_timeout: 30,
            body_timeout: 20,
            body_rate: 1024,
            body_memory: 64,
        }
    }
}

/// How clients are bounded.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Requests per second of one device.
    pub device_rate: Option<NonZeroU32>,
    /// Requests per second of one network.
    pub network_rate: Option<NonZeroU32>,
    /// Where a trusted proxy gives the client's address.
    pub forwarded_header: Option<HeaderName>,
    /// Open connections.
    pub connections: u32,
    /// Connections of live readers among them.
    pub live_readers: u32,
    /// How long a client may take to send the head of its next request, or to read on.
    pub idle_timeout: Duration,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Bytes per second that a body must arrive with.
    pub body_rate: u32,
    /// Bytes that all bodies under way may take.
    pub body_memory: usize,
}

impl BoundsOptions {
    /// Checks the settings.
    pub(crate) fn check(&self) -> Result<Bounds, ConfigError> {
        let invalid = |setting, value: &dyn std::fmt::Display, reason: &str| ConfigError::Invalid {
            setting,
            value: value.to_string(),
            reason: reason.to_owned(),
        };
        for (setting, value) in [
            ("max-connections", self.max_connections),
            ("idle-timeout", self.idle_timeout),
            ("body-timeout", self.body_timeout),
            ("body-memory", self.body_memory),
        ] {
            if value == 0 {
                return Err(invalid(setting, &value, "it must be 1 or more"));
            }
        }
        let forwarded_header = self
            .forwarded_header
            .as_ref()
            .map(|name| {
                HeaderName::try_from(name)
                    .map_err(|_| invalid("forwarded-header", name, "it must be the name of an HTTP header"))
            })
            .transpose()?;
        let seconds = |count: u32| Duration::from_secs(count.into());
        Ok(Bounds {
            device_rate: NonZeroU32::new(self.device_rate),
            network_rate: NonZeroU32::new(self.network_rate),
            forwarded_header,
            connections: self.max_connections,
            // The others are for devices, who must always come through.
            live_readers: self.max_connections.div_ceil(2),
            idle_timeout: seconds(self.idle_timeout),
            body_timeout: seconds(self.body_timeout),
            body_rate: self.body_rate,
            body_memory: usize::try_from(self.body_memory).unwrap_or(usize::MAX).saturating_mul(1024 * 1024),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_that_the_command_line_has() {
        use clap::Parser;
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            bounds: BoundsOptions,
        }
        let parsed = Line::parse_from(["serve"]).bounds;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", BoundsOptions::default()));
    }
}
