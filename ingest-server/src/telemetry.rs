//! Logs and traces: to stderr, and to an OpenTelemetry collector if there is one.
//!
//! What is logged is also counted, so that an alert can be raised where nobody reads logs. Only the server's own words go to
//! the collector: what its HTTP client says of sending them would never end.

use crate::config::{Collector, LogFormat, Telemetry};
use crate::metrics;
use crate::outbound;
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// What modules of ours, and no others, begin with.
const OURS: &str = "delistening";
/// How long the collector may take for one request, and for the rest at the end.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Keeps the way to the collector open.
#[derive(Debug, Default)]
#[must_use]
pub struct Running {
    traces: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
}

/// Starts logging; what is for the collector is sent from `runtime`.
pub fn start(telemetry: Telemetry, runtime: &Handle) -> Result<Running, ExporterBuildError> {
    let wanted = || EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let lines = match telemetry.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let running = match telemetry.collector {
        Some(collector) => open(&collector, runtime)?,
        None => Running::default(),
    };
    let traces = running.traces.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer(OURS));
        layer.with_filter(filter_fn(|about| about.is_span() && ours(about)))
    });
    let logs = running
        .logs
        .as_ref()
        .map(|provider| OpenTelemetryTracingBridge::new(provider).with_filter(filter_fn(ours).and(wanted())));
    let counting = Counting.with_filter(LevelFilter::WARN);
    tracing_subscriber::registry()
        .with(counting)
        .with(lines.with_filter(wanted()))
        .with(traces)
        .with(logs)
        .init();
    Ok(running)
}

fn ours(about: &Metadata<'_>) -> bool {
    about.target().starts_with(OURS)
}

fn open(collector: &Collector, runtime: &Handle) -> Result<Running, ExporterBuildError> {
    let client = || Client {
        client: outbound::client()
            .timeout(TIMEOUT)
            .build()
            .expect("a client with these settings can be built"),
        runtime: runtime.clone(),
    };
    let resource = Resource::builder()
        .with_service_name("delistening-ingest")
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let spans = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(client())
        .with_headers(collector.headers.clone())
        .with_timeout(TIMEOUT)
        .with_endpoint(format!("{}/v1/traces", collector.url))
        .build()?;
    let logs = LogExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(client())
        .with_headers(collector.headers.clone())
        .with_timeout(TIMEOUT)
        .with_endpoint(format!("{}/v1/logs", collector.url))
        .build()?;
    let traces = SdkTracerProvider::builder()
        .with_batch_exporter(spans)
        .with_sampler(Sampler::TraceIdRatioBased(collector.sample))
        .with_resource(resource.clone())
        .build();
    let logs = SdkLoggerProvider::builder().with_batch_exporter(logs).with_resource(resource).build();
    Ok(Running { traces: Some(traces), logs: Some(logs) })
}

impl Running {
    /// Sends what is left; blocks until that is done, or the collector has had its time.
    pub fn end(self) {
        // What cannot be sent is lost, and there is nobody left to tell.
        if let Some(traces) = self.traces {
            let _ = traces.shutdown_with_timeout(TIMEOUT);
        }
        if let Some(logs) = self.logs {
            let _ = logs.shutdown_with_timeout(TIMEOUT);
        }
    }
}

/// Counts what is logged.
struct Counting;

impl<S: Subscriber> Layer<S> for Counting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        metrics::logged(*event.metadata().level());
    }
}

/// The HTTP client that everything here uses, for exporters that run on threads of their own.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, request) = (self.client.clone(), reqwest::Request::try_from(request)?);
        let answer = async move {
            let answer: Response<reqwest::Body> = client.execute(request).await?.into();
            let (head, body) = answer.into_parts();
            Ok::<_, reqwest::Error>(Response::from_parts(head, body.collect().await?.to_bytes()))
        };
        Ok(self.runtime.spawn(answer).await??)
    }
}
