//! Against servers on this machine that answer as no ingest server would, and over TLS.

use super::*;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

/// Takes one connection, hands it to `talk`, and gives what was asked.
fn server(
    talk: impl FnOnce(std::net::TcpStream) -> String + Send + 'static,
) -> (u16, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, thread::spawn(move || talk(listener.accept().unwrap().0)))
}

/// Reads a request to its end, answers, and gives the request.
fn answer(mut stream: impl Read + Write, response: &str) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.ends_with(b"the body") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
    // The client may have gone.
    let _ = stream.write_all(response.as_bytes()).and_then(|()| stream.flush());
    String::from_utf8(request).unwrap()
}

fn post(endpoint: &str, roots: RootCertStore) -> TransportResult {
    let transport = Transport::new(&endpoint.parse().unwrap(), "the-device", roots).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(transport.post("the body".to_owned()))
}

fn plain(response: &'static str) -> (TransportResult, String) {
    let (port, server) = server(move |stream| answer(stream, response));
    let result = post(&format!("http://127.0.0.1:{port}/base/?a=b"), public_roots());
    (result, server.join().unwrap())
}

#[test]
fn the_request_goes_below_the_endpoint_and_names_the_device() {
    let (result, request) =
        plain("HTTP/1.1 429 Too Many\r\nretry-after: 17\r\ncontent-length: 4\r\n\r\nbusy");
    assert!(request.starts_with("POST /base/v1/batches?a=b&device=the-device HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\ncontent-type: application/json\r\n"), "{request}");
    let body = "busy".to_owned();
    assert_eq!(result, TransportResult::Answer { status: 429, retry_after_s: Some(17), body });
}

#[test]
fn the_log_is_asked_without_a_name() {
    let (port, server) = server(|mut stream| {
        let mut head = [0; 256];
        let length = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n\xff\x00\xfe").unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let endpoint = format!("http://127.0.0.1:{port}/base/?a=b").parse().unwrap();
    let transport = Transport::new(&endpoint, "the-device", public_roots()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(transport.get("log/tile/0/000.p/3"));
    assert_eq!(result, FetchResult::Answer { status: 200, body: vec![0xff, 0, 0xfe] });
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /base/log/tile/0/000.p/3?a=b HTTP/1.1\r\n"), "{request}");
    assert!(!request.contains("the-device") && !request.contains("authorization"), "{request}");
}

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    let (result, _) =
        plain("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
    assert!(matches!(result, TransportResult::Answer { status: 302, .. }), "{result:?}");
}

#[test]
fn an_answer_that_breaks_off_or_never_ends_is_none() {
    let (broken, _) = plain("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
    assert_eq!(broken, TransportResult::NetworkError);
    let (port, server) = server(|mut stream| {
        let request = answer(&stream, "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n");
        while stream.write_all(&[b' '; 8_192]).is_ok() {}
        request
    });
    assert_eq!(post(&format!("http://127.0.0.1:{port}"), public_roots()), TransportResult::NetworkError);
    server.join().unwrap();
}

#[test]
fn a_server_is_believed_only_under_a_trusted_certificate() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut trusting = RootCertStore::empty();
    trusting.add(cert.der().clone()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let secure = |roots, name: &str| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let (port, server) = server(move |stream| {
            answer(StreamOwned::new(connection, stream), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        });
        let result = post(&format!("https://{name}:{port}"), roots);
        (result, server.join().unwrap())
    };
    let (result, request) = secure(trusting.clone(), "localhost");
    assert!(matches!(result, TransportResult::Answer { status: 200, .. }), "{result:?}");
    assert!(request.ends_with("the body"));
    for (roots, name) in [(public_roots(), "localhost"), (trusting, "127.0.0.1")] {
        let (result, request) = secure(roots, name);
        assert_eq!((result, request.as_str()), (TransportResult::NetworkError, ""), "{name}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
    for (header, seconds) in [
        ("120", Some(120)),
        (" 0 ", Some(0)),
        ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("-1", None),
        ("soon", None),
    ] {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, header.parse().unwrap())]);
        assert_eq!(retry_after(&headers, now), seconds, "{header}");
    }
}
