//! What devices send, and what they are answered.

use super::text;
use crate::seeds::{self, AUDIENCE, NOW_S};
use delistening_schema::token::Claims;
use delistening_schema::{Batch, Event, Hash, Intervals, batch, jws};
use delistening_sdk_core::{Config, Core, Entropy, Input, Now, Output, Signal, Track, TransportResult};

pub fn jws_batch(bytes: &[u8]) {
    let Some(jws) = text(bytes) else { return };
    let opened = Batch::open(jws);
    let unverified = Batch::unverified(jws);
    if let Ok(opened) = opened {
        assert_eq!(opened.hash, Hash::of(bytes));
        let unverified = unverified.expect("what opens can be read without a key");
        assert_eq!((unverified.device, unverified.seq), (opened.payload.device, opened.payload.seq));
    }
}

/// A device can sign whatever it likes.
pub fn batch_payload(bytes: &[u8]) {
    let key = seeds::device_key();
    let signed = seeds::sign(&key, &batch::header(&key.public()), bytes);
    let Ok(opened) = Batch::open(&signed) else { return };
    assert_eq!(opened.payload.device, key.public().thumbprint());
    // Events that are read at once are what each is by itself.
    let batch: Batch = serde_json::from_slice(bytes).expect("it was good");
    assert_eq!(batch.clone().read().events, opened.payload.events);
    for event in &batch.events {
        self::event(event.get().as_bytes());
    }
    // What was read is written as something that reads the same.
    let again = batch.signing_input(&key.public());
    let signature = key.sign(again.as_bytes());
    let again = Batch::open(&jws::with_signature(again, &signature)).expect("it was good");
    assert_eq!(again.payload.events.len(), opened.payload.events.len());
}

pub fn event(bytes: &[u8]) {
    let Some(json) = text(bytes) else { return };
    let Ok(event) = Event::from_json(json) else { return };
    let again = Event::from_json(&event.to_json()).expect("it was good");
    assert_eq!(again, event);
    if let delistening_schema::Body::Ended(ended) = &event.body {
        let heard: Intervals = ended.heard.as_slice().to_vec().into();
        assert_eq!(heard.total(), ended.heard.total());
    }
}

pub fn token(bytes: &[u8]) {
    let Some(token) = text(bytes) else { return };
    let key = seeds::issuer_key().public();
    let verified = Claims::verify(token, AUDIENCE, NOW_S, |_, _| Some(&key));
    if let Ok(claims) = verified {
        assert_eq!(Claims::peek(token), Ok(claims));
    }
}

/// An issuer that is trusted may still write nonsense.
pub fn token_claims(bytes: &[u8]) {
    let key = seeds::issuer_key();
    let signed = seeds::sign(&key, &delistening_schema::token::header("k1"), bytes);
    let public = key.public();
    let Ok(claims) = Claims::verify(&signed, AUDIENCE, NOW_S, |_, _| Some(&public)) else { return };
    assert_eq!(claims.aud, AUDIENCE);
    claims.check_times(NOW_S).expect("times were checked");
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// A server that can answer whatever it likes to a device that has one batch to send. The first two bytes are the
/// status.
pub fn sdk_answer(bytes: &[u8]) {
    let Some((status, body)) = bytes.split_first_chunk::<2>() else { return };
    let Ok(body) = String::from_utf8(body.to_vec()) else { return };
    let mut core = Core::new(Config::default(), "owner", Box::new(Zeros));
    let mut now = Now { wall_ms: NOW_S * 1000, mono_ms: 1000 };
    let key = seeds::device_key();
    let track = Track { id: "track-1".into(), duration_ms: Some(60_000), ..Track::default() };
    let open = Input::OpenSession { handle: 1, id: None, track, engine: "native".into(), autoplay: false };
    let mut inputs = vec![
        Input::Key { public: key.public().to_bytes() },
        Input::Lead { records: Vec::new(), alive: Vec::new() },
        open,
        Input::Signal { handle: 1, signal: Signal::Playing { position_ms: 0 } },
        Input::Signal { handle: 1, signal: Signal::Position { position_ms: 900 } },
        Input::Flush,
    ];
    inputs.reverse();
    let mut answered = 0;
    while let Some(input) = inputs.pop() {
        now.mono_ms += 100;
        core.handle(now, input);
        for output in core.take_outputs() {
            inputs.push(match output {
                Output::Store { ticket, .. } => Input::Stored { ticket, ok: true },
                Output::Sign { ticket, message } => {
                    Input::Signed { ticket, signature: Some(key.sign(message.as_bytes())) }
                }
                Output::Send { ticket, .. } if answered < 3 => {
                    answered += 1;
                    let status = u16::from_be_bytes(*status);
                    let result = TransportResult::Answer { status, retry_after_s: None, body: body.clone() };
                    Input::Response { ticket, result }
                }
                Output::NeedToken { .. } => Input::Token { token: Ok(seeds::token()) },
                _ => continue,
            });
        }
    }
    assert!(answered > 0, "a batch is sent");
}
