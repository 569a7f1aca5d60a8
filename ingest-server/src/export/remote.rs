//! Fetches the export of a running server, range by range.

use super::Format;
use crate::outbound;
use delistening_schema::ledger::Checkpoint;
use reqwest::{Client, Response, Url};
use std::io::{self, Write};

/// A server to fetch from.
#[derive(Debug)]
pub struct Remote {
    client: Client,
    base: Url,
    token: String,
}

impl Remote {
    /// The server at `url`, with a token that allows exporting.
    pub fn new(url: &str, token: String) -> Result<Self, String> {
        let base = Url::parse(&format!("{}/", url.trim_end_matches('/')))
            .map_err(|error| format!("{url} is not a URL: {error}"))?;
        let client = outbound::client().build().map_err(|error| error.to_string())?;
        Ok(Self { client, base, token })
    }

    /// How many entries the log has now.
    pub async fn size(&self) -> Result<u64, String> {
        let note = text(self.get("log/checkpoint").await?).await?;
        Ok(Checkpoint::unverified(&note).map_err(|error| format!("/log/checkpoint: {error}"))?.size)
    }

    /// Writes the entries from `from` on up to the one before `to`, as one range.
    pub async fn fetch(&self, from: u64, to: u64, format: Format, mut out: impl Write) -> Result<(), String> {
        let path = format!("v1/export?from={from}&to={to}&format={}", format.as_str());
        let mut response = self.get(&path).await?;
        let failed = |error: io::Error| format!("the export cannot be written: {error}");
        while let Some(piece) = response.chunk().await.map_err(|error| error.to_string())? {
            out.write_all(&piece).map_err(failed)?;
        }
        out.flush().map_err(failed)
    }

    async fn get(&self, path: &str) -> Result<Response, String> {
        let url = self.base.join(path).map_err(|error| error.to_string())?;
        let request = self.client.get(url.clone()).bearer_auth(&self.token);
        let response = request.send().await.map_err(|error| format!("{url}: {error}"))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(format!("{url} answered {status}: {}", text(response).await?))
    }
}

async fn text(response: Response) -> Result<String, String> {
    response.text().await.map_err(|error| error.to_string())
}
