//! Where an archive is: `file:///folder` or `s3://bucket/prefix`.

use crate::outbound;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{HttpClient, HttpConnector};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use reqwest::Url;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// How long a server that does not answer is asked again.
const RETRY: Duration = Duration::from_secs(30);

/// A checked place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchivePlace {
    /// A folder, such as a mounted volume.
    Folder(PathBuf),
    /// A bucket.
    Bucket {
        /// Its name.
        name: String,
        /// What the names of the objects begin with.
        prefix: String,
        /// Endpoint, region, credentials.
        settings: BucketSettings,
    },
}

/// What AWS's own tools read from the environment: `aws_endpoint`, `aws_region`, `aws_access_key_id`,
/// `aws_secret_access_key` and whatever else there is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BucketSettings(Vec<(AmazonS3ConfigKey, String)>);

impl BucketSettings {
    /// Those among `variables` that are known, in capitals or not.
    pub fn from_variables<N: AsRef<str>>(variables: impl IntoIterator<Item = (N, String)>) -> Self {
        let known = variables.into_iter().filter_map(|(name, value)| {
            let name = name.as_ref().to_ascii_lowercase();
            Some((name.starts_with("aws_").then(|| name.parse().ok())??, value))
        });
        Self(known.collect())
    }
}

impl std::fmt::Debug for BucketSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // There are secrets in it.
        f.debug_list().entries(self.0.iter().map(|(key, _)| key)).finish()
    }
}

/// A place that cannot be one.
#[derive(Debug, thiserror::Error)]
#[error("it must be file:///FOLDER or s3://BUCKET/PREFIX")]
pub struct BadPlace;

impl FromStr for ArchivePlace {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let url = Url::parse(text).map_err(|_| BadPlace)?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        match (url.scheme(), url.host_str()) {
            ("file", None) if plain => Ok(Self::Folder(url.to_file_path().map_err(|()| BadPlace)?)),
            ("s3", Some(bucket)) if plain && url.port().is_none() => {
                let prefix = ObjectPath::from_url_path(url.path()).map_err(|_| BadPlace)?;
                let (name, settings) = (bucket.to_owned(), BucketSettings::default());
                Ok(Self::Bucket { name, prefix: prefix.to_string(), settings })
            }
            _ => Err(BadPlace),
        }
    }
}

impl ArchivePlace {
    /// The place, with these settings if it is a bucket.
    #[must_use]
    pub fn with_settings(self, settings: BucketSettings) -> Self {
        match self {
            Self::Bucket { name, prefix, .. } => Self::Bucket { name, prefix, settings },
            Self::Folder(folder) => Self::Folder(folder),
        }
    }

    /// The store, and what the names of objects in it begin with.
    pub fn open(&self) -> Result<(Arc<dyn ObjectStore>, ObjectPath), object_store::Error> {
        match self {
            Self::Folder(folder) => {
                let made = std::fs::create_dir_all(folder);
                made.map_err(|error| object_store::Error::Generic { store: "folder", source: error.into() })?;
                // What is moved there is kept nowhere else.
                let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
                Ok((Arc::new(store), ObjectPath::default()))
            }
            Self::Bucket { name, prefix, settings } => {
                let retry = RetryConfig { max_retries: 5, retry_timeout: RETRY, ..RetryConfig::default() };
                let BucketSettings(settings) = settings.clone();
                let builder = settings
                    .into_iter()
                    .fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value));
                let store = builder
                    .with_bucket_name(name)
                    .with_retry(retry)
                    .with_http_connector(Connector)
                    .build()?;
                Ok((Arc::new(store), ObjectPath::from(prefix.as_str())))
            }
        }
    }
}

/// Has the store use the HTTP client that everything here uses.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = outbound::client().connect_timeout(RETRY / 3).read_timeout(RETRY).build();
        let failed =
            |error: reqwest::Error| object_store::Error::Generic { store: "S3", source: error.into() };
        client.map(HttpClient::new).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_folders_and_buckets() {
        assert_eq!(
            "file:///var/archive".parse::<ArchivePlace>().unwrap(),
            ArchivePlace::Folder("/var/archive".into())
        );
        assert_eq!(
            "s3://bucket/a/b".parse::<ArchivePlace>().unwrap(),
            ArchivePlace::Bucket {
                name: "bucket".into(),
                prefix: "a/b".into(),
                settings: BucketSettings::default()
            }
        );
        for bad in ["", "/var", "file://host/a", "http://x/", "s3:///x", "s3://b/x?y=z", "s3://key@b/x"] {
            assert!(bad.parse::<ArchivePlace>().is_err(), "{bad}");
        }
    }

    #[test]
    fn settings_are_those_of_aws_and_no_secret_is_shown() {
        let variables =
            [("AWS_REGION", "auto"), ("AWS_SECRET_ACCESS_KEY", "hush"), ("PATH", "/bin"), ("AWS_X", "y")];
        let settings =
            BucketSettings::from_variables(variables.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(settings.0.len(), 2);
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
