//! Logs and traces reach a collector that speaks OTLP, and one that is away harms nobody.

use super::runtime;
use super::world::{Listener, World, signal};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use delistening_schema::api::Answer;
use delistening_tests::process::Server;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rustix::process::Signal;
use std::fs;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

#[derive(Debug, Default)]
struct Collected {
    spans: Vec<Span>,
    records: Vec<LogRecord>,
    resources: Vec<Resource>,
    authorizations: Vec<Option<String>>,
}

type Collecting = Arc<Mutex<Collected>>;

async fn traces(State(all): State<Collecting>, headers: HeaderMap, body: Bytes) {
    let mut all = all.lock().unwrap();
    all.note(&headers);
    for of_resource in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
        all.resources.extend(of_resource.resource);
        all.spans.extend(of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
}

async fn logs(State(all): State<Collecting>, headers: HeaderMap, body: Bytes) {
    let mut all = all.lock().unwrap();
    all.note(&headers);
    for of_resource in ExportLogsServiceRequest::decode(body).unwrap().resource_logs {
        all.resources.extend(of_resource.resource);
        all.records.extend(of_resource.scope_logs.into_iter().flat_map(|scope| scope.log_records));
    }
}

impl Collected {
    fn note(&mut self, headers: &HeaderMap) {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
        self.authorizations.push(authorization.map(str::to_owned));
    }
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn attribute(attributes: &[KeyValue], key: &str) -> String {
    text(attributes.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_ref()))
}

#[test]
fn what_a_server_logs_and_does_reaches_its_collector() {
    let world = World::new();
    fs::write(world.folder.path().join("headers"), "authorization: Bearer hush\n").unwrap();
    let collected = Collecting::default();
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/logs", post(logs))
            .with_state(Arc::clone(&collected));
        tokio::spawn(async { axum::serve(listener, router).await });
        let mut command = world.serve();
        command.env("RUST_LOG", "info").args(["--otlp", &collector, "--otlp-sample", "1"]);
        command.args(["--otlp-headers-file", "headers", "--log-format", "json"]);
        let mut server = Server::start(&mut command).unwrap();
        let mut listener = Listener::new(1);
        let jws = listener.play();
        assert!(matches!(world.send(&server.url, &listener, &jws).await, Ok(Answer::Accepted(_))));
        assert_eq!(world.client.get(format!("{}/v1/plays", server.url)).send().await.unwrap().status(), 401);
        signal(&server, Signal::TERM);
        // What is left is sent before it ends.
        assert!(tokio::task::spawn_blocking(move || server.ended()).await.unwrap().unwrap());
    });
    let collected = collected.lock().unwrap();
    let requests = |route: &str, status: &str| {
        let of_it = collected.spans.iter().filter(|span| {
            span.name == "request"
                && attribute(&span.attributes, "http.route") == route
                && attribute(&span.attributes, "http.response.status_code") == status
        });
        of_it.collect::<Vec<_>>()
    };
    let [posted] = requests("batches", "200")[..] else { panic!("{:?}", collected.spans) };
    assert_eq!(attribute(&posted.attributes, "http.request.method"), "POST");
    assert_eq!(requests("counts", "401").len(), 1);
    for part in ["verify", "commit"] {
        let span = collected.spans.iter().find(|span| span.name == part).expect(part);
        assert_eq!((&span.trace_id, &span.parent_span_id), (&posted.trace_id, &posted.span_id), "{part}");
    }
    let said: Vec<String> = collected.records.iter().map(|record| text(record.body.as_ref())).collect();
    assert!(said.iter().any(|line| line.contains("answering what is under way")), "{said:?}");
    assert!(collected.authorizations.iter().all(|header| header.as_deref() == Some("Bearer hush")));
    for resource in &collected.resources {
        assert_eq!(attribute(&resource.attributes, "service.name"), "delistening-ingest");
        assert_eq!(attribute(&resource.attributes, "service.version"), env!("CARGO_PKG_VERSION"));
    }
    assert!(!collected.resources.is_empty());
}

#[test]
fn a_collector_that_is_away_harms_nobody() {
    let world = World::new();
    runtime().block_on(async {
        // A port that nobody listens on.
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let mut command = world.serve();
        command.args(["--otlp", &format!("http://{gone}"), "--otlp-sample", "1"]);
        let mut server = Server::start(&mut command).unwrap();
        let mut listener = Listener::new(1);
        let jws = listener.play();
        assert!(matches!(world.send(&server.url, &listener, &jws).await, Ok(Answer::Accepted(_))));
        signal(&server, Signal::TERM);
        assert!(tokio::task::spawn_blocking(move || server.ended()).await.unwrap().unwrap());
    });
}
