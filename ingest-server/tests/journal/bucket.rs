//! A bucket of a real S3 server on this machine, which checks signatures and keeps its objects in a folder.

use delistening_ingest::journal::{ArchivePlace, BucketSettings};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const NAME: &str = "journal";
const ACCESS_KEY: &str = "delistening";
const SECRET_KEY: &str = "only for tests";

/// The bucket; its server ends when this is dropped.
pub struct Bucket {
    address: String,
    folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Bucket {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(NAME)).unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = builder.build();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    // A client that goes away is no fault of the server's.
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(socket), service)
                        .await;
                });
            }
        });
        Self { address, folder, _runtime: runtime }
    }

    /// Where it is, for whoever has this secret key.
    fn place_with(&self, secret_key: &str) -> ArchivePlace {
        let endpoint = format!("http://{}", self.address);
        let settings = [
            ("AWS_ENDPOINT", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", secret_key),
        ];
        let settings = BucketSettings::from_variables(settings.map(|(name, value)| (name, value.to_owned())));
        format!("s3://{NAME}/plays").parse::<ArchivePlace>().unwrap().with_settings(settings)
    }

    pub fn place(&self) -> ArchivePlace {
        self.place_with(SECRET_KEY)
    }

    /// Where it is, for somebody who must not get in.
    pub fn place_of_a_stranger(&self) -> ArchivePlace {
        self.place_with("guessed")
    }

    /// The folder of the objects.
    pub fn objects(&self) -> PathBuf {
        self.folder.path().join(NAME).join("plays")
    }
}
