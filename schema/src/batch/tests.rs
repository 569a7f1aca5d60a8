use super::*;
use crate::key::SecretKey;

fn payload(device: &DeviceId) -> serde_json::Value {
    serde_json::json!({
        "v": 1, "batch": "018f4e3a-7c00-7000-8000-000000000001", "device": device, "seq": 1, "prev": "",
        "nonce": "AAAAAAAAAAAAAAAAAAAAAA", "aud": "a", "listener": "l", "sent_at": 5, "sdk": "t/1", "events": [],
    })
}

fn seal(key: &SecretKey, header: &str, payload: &serde_json::Value) -> String {
    let input = jws::signing_input(header, payload.to_string().as_bytes());
    let signature = key.sign(input.as_bytes());
    jws::with_signature(input, &signature)
}

#[test]
fn a_sealed_batch_opens_and_keeps_its_bytes() {
    let key = SecretKey::from_seed(&[1; 32]);
    let public = key.public();
    let batch: Batch = serde_json::from_value(payload(&public.thumbprint())).unwrap();
    let input = batch.signing_input(&public);
    let signature = key.sign(input.as_bytes());
    let jws = jws::with_signature(input, &signature);
    let opened = Batch::open(&jws).unwrap();
    assert_eq!(opened.payload.device, public.thumbprint());
    assert_eq!(opened.hash, Hash::of(jws.as_bytes()));
}

#[test]
fn each_defect_has_its_own_code() {
    let key = SecretKey::from_seed(&[1; 32]);
    let good_header = header(&key.public());
    let good = payload(&key.public().thumbprint());
    let code = |jws: &str| Batch::open(jws).unwrap_err().code;

    let with = |member: &str, value: serde_json::Value| {
        let mut changed = good.clone();
        changed[member] = value;
        seal(&key, &good_header, &changed)
    };
    let events = vec![serde_json::json!({}); limits::BATCH_EVENTS + 1];
    for (jws, expected) in [
        (with("v", 2.into()), Code::UnsupportedVersion),
        (with("v", "1".into()), Code::MalformedBatch),
        (with("seq", 0.into()), Code::MalformedBatch),
        (with("seq", 2.into()), Code::MalformedBatch),
        (with("nonce", "AA".into()), Code::MalformedBatch),
        (with("listener", "".into()), Code::MalformedBatch),
        (with("device", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".into()), Code::MalformedBatch),
        (with("events", events.into()), Code::TooLarge),
        (with("sdk", "x".repeat(limits::BATCH_BYTES).into()), Code::TooLarge),
        (seal(&SecretKey::from_seed(&[2; 32]), &good_header, &good), Code::BadSignature),
        (seal(&key, r#"{"alg":"EdDSA","typ":"delistening-batch+jws"}"#, &good), Code::MalformedBatch),
        (seal(&key, &good_header.replace("EdDSA", "none"), &good), Code::MalformedBatch),
        (seal(&key, &good_header.replace("OKP", "EC"), &good), Code::UnacceptableKey),
        ("not a jws".into(), Code::MalformedBatch),
    ] {
        assert_eq!(code(&jws), expected, "{}", &jws[..jws.len().min(120)]);
    }
    let small_order = r#"{"alg":"EdDSA","typ":"delistening-batch+jws","jwk":{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}"#;
    assert_eq!(code(&seal(&key, small_order, &good)), Code::UnacceptableKey);
}

#[test]
fn a_later_version_is_recognised_whatever_its_shape() {
    let key = SecretKey::from_seed(&[1; 32]);
    let jws = seal(&key, &header(&key.public()), &serde_json::json!({ "v": 9, "all": "new" }));
    assert_eq!(Batch::open(&jws).unwrap_err().code, Code::UnsupportedVersion);
}

#[test]
fn the_sealed_size_is_known_beforehand() {
    let key = SecretKey::from_seed(&[1; 32]);
    let header = header(&key.public());
    let payload = payload(&key.public().thumbprint());
    let jws = seal(&key, &header, &payload);
    let known = Batch::sealed_bytes(header.len(), payload.to_string().len());
    assert!(known >= jws.len() && known <= jws.len() + 4);
}

/// Wycheproof's Ed25519 vectors, each through the function that opens batches: the vector's message stands
/// where the signing input stands, so what is tested is the very verification that batches go through.
#[test]
fn wycheproof_vectors_pass_through_the_verifier_of_batches() {
    use wycheproof::{TestResult, eddsa};
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut checked = 0;
    for group in set.test_groups {
        let public: [u8; 32] = group.key.pk.as_ref().try_into().unwrap();
        let key = PublicKey::from_bytes(&public);
        for test in group.tests {
            let valid = key.as_ref().is_ok_and(|key| {
                <&[u8; 64]>::try_from(test.sig.as_ref())
                    .is_ok_and(|signature| key.verifies(&test.msg, signature))
            });
            assert_eq!(valid, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} vectors were found");
}

/// The header need not be read as JSON where it is written as here; it says the same either way.
#[test]
fn headers_that_others_write_open_too() {
    let key = SecretKey::from_seed(&[1; 32]);
    let ours = header(&key.public());
    let theirs = format!(
        r#"{{ "typ": "application/{TYPE}", "jwk": {{ "x": "{}", "crv": "Ed25519", "kty": "OKP" }}, "alg": "Ed25519" }}"#,
        key.public().jwk_x()
    );
    for header in [&ours, &theirs] {
        let jws = seal(&key, header, &payload(&key.public().thumbprint()));
        assert_eq!(Batch::open(&jws).unwrap().key, key.public());
        assert!(Parts::parse(&jws, &[TYPE]).is_ok(), "{header}");
    }
    let critical = ours.replace(r#","jwk""#, r#","crit":["b64"],"jwk""#);
    let jws = seal(&key, &critical, &payload(&key.public().thumbprint()));
    assert_eq!(Batch::open(&jws).unwrap_err().code, Code::MalformedBatch);
}

#[test]
fn an_event_that_cannot_be_read_spoils_none_of_its_neighbours() {
    let key = SecretKey::from_seed(&[1; 32]);
    let event = |id: u8, rest: &str| {
        format!(
            r#"{{"id":"018f4e3a-7c00-7000-8000-0000000000{id:02}","at":1,"mono":2,"track":"t","session":"018f4e3a-7c00-7000-8000-000000000001",{rest}}}"#
        )
    };
    let good = event(1, r#""type":"play.paused","position_ms":3"#);
    let escaped =
        event(2, r#""type":"play\u002eresumed","position_ms":4,"later":{"x":[1e3,"\ud83c\udfb5"]}"#);
    let read = |events: &[&str]| {
        let mut payload = payload(&key.public().thumbprint());
        payload["events"] = serde_json::from_str(&format!("[{}]", events.join(","))).unwrap();
        Batch::open(&seal(&key, &header(&key.public()), &payload)).unwrap().payload.events
    };
    let alone = |event: &str| Event::from_json(event);
    assert_eq!(read(&[&good, &escaped]), [alone(&good), alone(&escaped)]);
    assert!(alone(&good).is_ok() && alone(&escaped).is_ok());
    for bad in [&event(3, r#""type":"play.danced""#), &event(3, r#""type":"play.paused""#), "7", "{}"] {
        let events = read(&[&good, bad, &escaped]);
        assert_eq!(events[1].as_ref().unwrap_err(), &alone(bad).unwrap_err());
        assert_eq!([&events[0], &events[2]], [&alone(&good), &alone(&escaped)]);
    }
}
