//! What serde's derives say and what is written and read here is the same.

use super::{FromJson, Json, Raw, ToJson, from_str, to_string};
use crate::api::{Acknowledgement, Answer, IngestRequest, IngestResponse, Known, LogKeys};
use crate::batch::{Anchor, Dropped};
use crate::ledger::{Evidence, PreviousKey};
use crate::strategies::{event, text};
use crate::token::{Claims, Confirmation};
use crate::{Code, DeviceId, DropReason, Hash, Problem};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::fmt::Debug;

fn same_written<T: ToJson + Serialize>(value: &T) {
    assert_eq!(to_string(value), serde_json::to_string(value).unwrap());
}

fn same_read<T: FromJson + DeserializeOwned + PartialEq + Debug>(json: &str) {
    assert_eq!(from_str::<T>(json), serde_json::from_str(json).ok(), "{json}");
}

proptest! {
    #[test]
    fn events_are_written_as_serde_writes_them(event in event()) {
        same_written(&event);
    }

    #[test]
    fn texts_survive(text in text()) {
        same_written(&Vec::from([text.clone()]).as_slice()[0].as_str());
        same_read::<String>(&serde_json::to_string(&text).unwrap());
    }

    /// Small alphabets make texts that are nearly JSON.
    #[test]
    fn what_is_json_is_so_for_serde(text in r#"[\[\]{}:," \\\-+.0-2eEnultrasfu"]{0,12}"#) {
        let theirs = serde_json::from_str::<Box<serde_json::value::RawValue>>(&text);
        prop_assert_eq!(Json::parse(&text).is_some(), theirs.is_ok(), "{}", text);
    }

    #[test]
    fn every_value_is_read_as_serde_reads_it(value in value()) {
        let text = if value.is_array() { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        let json = Json::parse(&text).expect("it is JSON");
        prop_assert_eq!(&again(json), &value);
        same_read::<Vec<u64>>(&text);
        same_read::<Option<String>>(&text);
        same_read::<u32>(&text);
        same_read::<bool>(&text);
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(text(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Takes a value apart with [`Json`] and puts it together with serde's.
fn again(json: Json<'_>) -> Value {
    match json.text().as_bytes()[0] {
        b'{' => {
            let names: Vec<String> = json.members().map(|(name, _)| name.string().unwrap()).collect();
            let find = |name: &String| json.get(name).map_or(Value::Null, again);
            Value::Object(names.iter().map(|name| (name.clone(), find(name))).collect())
        }
        b'[' => json.items().map(again).collect(),
        b'"' => json.string().into(),
        b't' | b'f' => bool::from_json(json).into(),
        b'n' => Value::Null,
        _ => u64::from_json(json).into(),
    }
}

#[test]
fn what_devices_post_is_written_as_serde_writes_it() {
    let known = Known { origin: "log.example".into(), size: 7 };
    same_written(&IngestRequest {
        token: Some("t".into()),
        known: Some(known),
        batches: vec!["a".into(), "b".into()],
    });
    same_written(&IngestRequest { token: None, known: None, batches: Vec::new() });
    same_written(&Anchor { origin: "log.example".into(), size: 7, root: Hash::of(b"r") });
    same_written(&Dropped { reason: DropReason::KeyLost, events: 3 });
    let mut evidence = Evidence::new("key", "small\n", "large\n", &[Hash::of(b"p")]);
    same_written(&evidence);
    evidence.previous = Some(PreviousKey { log: "old".into(), handovers: vec!["h".into()] });
    same_written(&evidence);
    same_written(&Problem::new(Code::Overloaded, "wait").retry_after(5).of_event(2));
    same_written(&Problem::new(Code::BadToken, "another"));
}

#[test]
fn what_servers_answer_is_read_as_serde_reads_it() {
    let problem = Problem::new(Code::SequenceFork, "a fork").retry_after(9);
    let ack = Acknowledgement {
        receipt: "r\n".into(),
        consistency: vec!["h".into()],
        problems: vec![problem.clone().of_event(1)],
    };
    let bare = Acknowledgement { receipt: String::new(), consistency: Vec::new(), problems: Vec::new() };
    let answers =
        vec![Answer::Accepted(ack), Answer::Duplicate(bare), Answer::Refused { problem: problem.clone() }];
    let response = serde_json::to_string(&IngestResponse { log: "key".into(), answers }).unwrap();
    same_read::<IngestResponse>(&response);
    same_read::<Problem>(&serde_json::to_string(&problem).unwrap());
    for damage in
        [("accepted", "lost"), ("sequence-fork", "no-such-code"), ("\"log\"", "\"dog\""), ("409", "-1")]
    {
        same_read::<IngestResponse>(&response.replace(damage.0, damage.1));
    }
    same_read::<LogKeys>(r#"{"keys":["a"],"handovers":[]}"#);
    same_read::<LogKeys>(r#"{"keys":["a"]}"#);
    for code in Code::ALL {
        same_read::<Code>(&serde_json::to_string(code).unwrap());
    }
    let cnf = Some(Confirmation { jkt: DeviceId(Hash::of(b"k")) });
    let (iss, aud, sub, scope) = ("i".into(), "a".into(), "s".into(), "plays:write".into());
    let claims = serde_json::to_string(&Claims { iss, aud, iat: 1, exp: 2, sub, scope, cnf }).unwrap();
    same_read::<Claims>(&claims);
    same_read::<Claims>(&claims.replace("cnf", "cnt"));
    same_read::<Claims>(&claims.replace("\"iat\":1", "\"iat\":1.5"));
    same_read::<DropReason>("\"of a later version\"");
    same_read::<Dropped>(r#"{"reason":"too_old","events":4,"later":[{}]}"#);
}

#[test]
fn a_member_that_stands_twice_or_is_null_is_none() {
    let json = Json::parse(r#"{"a":1,"b":2,"\u0061":3,"n":null}"#).unwrap();
    assert_eq!(json.get("a"), None);
    assert_eq!(json.required::<u64>("b"), Some(2));
    assert_eq!(json.optional::<Option<Raw>>("n"), Some(None));
    assert_eq!(json.required::<u64>("n"), None);
    assert_eq!(Json::parse("[]").unwrap().get("a"), None);
}

#[test]
fn fractions_have_six_decimals_at_most() {
    for (number, written) in
        [(0.0, "0.0"), (1.0, "1.0"), (0.1 + 0.2, "0.3"), (0.000_001, "0.000001"), (15.999_999_9, "16.0")]
    {
        assert_eq!(to_string(&number), written);
    }
}

#[test]
fn escapes_are_those_of_rfc_8259() {
    same_read::<String>(r#""\ud83d\ude00 \"\\\/\b\f\n\r\t\u00e9""#);
    for broken in [r#""\ud83d""#, r#""\ud83d\u0041""#, r#""\ude00""#] {
        same_read::<String>(broken);
    }
    for broken in ["\"\n\"", r#""\x""#, r#""\u12""#, "\"", r#""a"b"#] {
        assert_eq!(Json::parse(broken), None, "{broken}");
    }
    assert_eq!(Json::parse(&"[".repeat(100_000)), None, "too deep");
}
