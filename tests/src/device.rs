//! Devices with keys of their own that seal chains of real batches.

use delistening_schema::event::{Body, EndReason, Ended, Progress, Started};
use delistening_schema::intervals::Interval;
use delistening_schema::key::SecretKey;
use delistening_schema::{Batch, Event, Hash, Intervals, jws, token};
use serde_json::value::RawValue;
use uuid::Uuid;

/// A device: a key, and the end of its chain.
pub struct Device {
    key: SecretKey,
    number: u64,
    seq: u64,
    prev: Option<Hash>,
}

/// Who the batches are for, and whose plays they hold.
pub struct Address<'a> {
    /// The service.
    pub audience: &'a str,
    /// The listener.
    pub listener: &'a str,
}

impl Device {
    /// Device number `number`; its key is derived from the number.
    pub fn new(number: u64) -> Self {
        Self { key: SecretKey::from_seed(&Hash::of(&number.to_be_bytes()).0), number, seq: 0, prev: None }
    }

    /// The device's id.
    pub fn id(&self) -> String {
        self.key.public().thumbprint().to_string()
    }

    /// Seals the next batch of the chain: one session of `events` events (three at least), `now` in
    /// milliseconds since 1970.
    ///
    /// # Panics
    /// When `events` is less than three.
    pub fn seal(&mut self, address: &Address<'_>, events: u64, now: u64) -> String {
        self.seq += 1;
        let events = self.session(events, now);
        self.seal_events(address, events, now)
    }

    /// Seals one session in the next two batches of the chain, the first of which holds its first three events.
    ///
    /// # Panics
    /// When `events` is less than four.
    pub fn seal_in_two(&mut self, address: &Address<'_>, events: u64, now: u64) -> [String; 2] {
        self.seq += 1;
        let mut first = self.session(events, now);
        let second = first.split_off(3);
        let first = self.seal_events(address, first, now);
        self.seq += 1;
        [first, self.seal_events(address, second, now)]
    }

    fn seal_events(&mut self, address: &Address<'_>, events: Vec<Box<RawValue>>, now: u64) -> String {
        let batch = Batch {
            v: 1,
            batch: self.uuid(0, now),
            device: self.key.public().thumbprint(),
            seq: self.seq,
            prev: self.prev,
            nonce: Hash::of(self.uuid(1, now).as_bytes()).0[..16].try_into().expect("16 of 32 bytes"),
            aud: address.audience.to_owned(),
            listener: address.listener.to_owned(),
            anchor: None,
            sent_at: now,
            sdk: "delistening-tests/0".to_owned(),
            events,
            dropped: Vec::new(),
        };
        let input = batch.signing_input(&self.key.public());
        let signature = self.key.sign(input.as_bytes());
        let jws = jws::with_signature(input, &signature);
        self.prev = Some(Hash::of(jws.as_bytes()));
        jws
    }

    fn session(&self, count: u64, now: u64) -> Vec<Box<RawValue>> {
        assert!(count >= 3, "a session has a start, progress and an end");
        let session = self.uuid(2, now);
        let progress = count - 2;
        let length = progress * 10_000;
        let heard = |n: u64| Interval(n * 10_000, (n + 1) * 10_000);
        (0..count)
            .map(|n| {
                let body = match n {
                    0 => Body::Started(Started {
                        artist: Some(format!("artist-{}", self.number % 50)),
                        release: Some("release-1".to_owned()),
                        duration_ms: Some(length),
                        source: Some("album".to_owned()),
                        offline: false,
                        engine: "native".to_owned(),
                        autoplay: false,
                    }),
                    n if n <= progress => Body::Progress(Progress {
                        heard: vec![heard(n - 1)],
                        silent_ms: 0,
                        rate: 1.0,
                        volume: 0.8,
                        muted: false,
                        visible: true,
                        output: None,
                    }),
                    _ => Body::Ended(Ended {
                        reason: EndReason::Completed,
                        position_ms: length,
                        heard: Intervals::from(vec![Interval(0, length)]),
                        played_ms: length,
                        pauses: 0,
                        seeks: 0,
                        stalls: 0,
                    }),
                };
                let mono = n.min(progress) * 10_000;
                let track = format!("track-{}", self.number % 500);
                let event = Event { id: self.uuid(3 + n, now), at: now + mono, mono, session, track, body };
                RawValue::from_string(event.to_json()).expect("an event is JSON")
            })
            .collect()
    }

    /// A `UUIDv7` that depends on the device, the batch, `part` and the time alone.
    fn uuid(&self, part: u64, now: u64) -> Uuid {
        let hash =
            Hash::of_parts(&[&self.number.to_be_bytes(), &self.seq.to_be_bytes(), &part.to_be_bytes()]);
        let mut bytes: [u8; 16] = hash.0[..16].try_into().expect("16 of 32 bytes");
        bytes[..6].copy_from_slice(&now.to_be_bytes()[2..]);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Uuid::from_bytes(bytes)
    }
}

/// An issuer of access tokens.
pub struct Issuer {
    key: SecretKey,
    name: String,
}

impl Issuer {
    /// An issuer with a fixed key, named `name`.
    pub fn new(name: &str) -> Self {
        Self { key: SecretKey::from_seed(&[42; 32]), name: name.to_owned() }
    }

    /// The issuer's public key as a JWKS.
    pub fn jwks(&self) -> String {
        let x = self.key.public().jwk_x();
        format!(
            r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"k1","use":"sig","alg":"EdDSA","x":"{x}"}}]}}"#
        )
    }

    /// A token for a service that may do what `scope` says, issued at `now` (seconds since 1970).
    pub fn service_token(&self, audience: &str, scope: &str, now: u64) -> String {
        self.sign(&serde_json::json!({
            "iss": self.name, "aud": audience, "iat": now, "exp": now + 900, "sub": "tests", "scope": scope,
        }))
    }

    fn sign(&self, claims: &serde_json::Value) -> String {
        let input = jws::signing_input(&token::header("k1"), claims.to_string().as_bytes());
        let signature = self.key.sign(input.as_bytes());
        jws::with_signature(input, &signature)
    }

    /// A token for a device of a listener, issued at `now` (seconds since 1970).
    pub fn token(&self, address: &Address<'_>, device: &Device, now: u64) -> String {
        self.sign(&serde_json::json!({
            "iss": self.name, "aud": address.audience, "iat": now, "exp": now + 900, "sub": address.listener,
            "scope": token::SCOPE_WRITE_PLAYS, "cnf": { "jkt": device.id() },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_seal_chains_that_open() {
        let address = Address { audience: "a", listener: "l" };
        let mut device = Device::new(7);
        let first = device.seal(&address, 20, 1_700_000_000_000);
        let second = Batch::open(&device.seal(&address, 20, 1_700_000_200_000)).unwrap();
        assert_eq!(second.payload.prev, Some(Hash::of(first.as_bytes())));
        assert_eq!(second.payload.events.len(), 20);
        assert!(second.payload.events.iter().all(Result::is_ok));
    }
}
