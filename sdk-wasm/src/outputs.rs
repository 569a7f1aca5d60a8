//! What is to be done, as the JSON that `js/outputs.ts` describes.

use alloc::string::String;
use alloc::vec::Vec;
use delistening_schema::json::{Object, Raw, ToJson};
use delistening_schema::play::Verdict;
use delistening_sdk_core::{ErrorNotice, Notice, Output, Record};

/// Outputs as an array.
pub fn write(outputs: &[Output]) -> String {
    let mut json = String::from("[");
    for output in outputs {
        if json.len() > 1 {
            json.push(',');
        }
        one(output, &mut json);
    }
    json.push(']');
    json
}

fn one(output: &Output, json: &mut String) {
    let mut object = Object::begin(json);
    match output {
        Output::Store { ticket, puts, deletes } => {
            object.member("type", "store");
            object.member("ticket", ticket);
            object.member("puts", &records(puts));
            object.member("deletes", deletes);
        }
        Output::Handover { records: stored } => {
            object.member("type", "handover");
            object.member("records", &records(stored));
        }
        Output::Sign { ticket, message } => {
            object.member("type", "sign");
            object.member("ticket", ticket);
            object.member("message", message);
        }
        Output::NeedToken { device } => {
            object.member("type", "need_token");
            object.member("device", device);
        }
        Output::Send { ticket, body, last_chance } => {
            object.member("type", "send");
            object.member("ticket", ticket);
            object.member("body", body);
            object.member("last_chance", last_chance);
        }
        Output::Fetch { ticket, path } => {
            object.member("type", "fetch");
            object.member("ticket", ticket);
            object.member("path", path);
        }
        Output::WakeAt { mono_ms } => {
            object.member("type", "wake_at");
            object.member("mono_ms", mono_ms);
        }
        Output::Notify { notice } => {
            object.member("type", "notify");
            object.member("notice", &Told(notice));
        }
    }
    object.end();
}

fn records(records: &[Record]) -> Vec<Stored<'_>> {
    records.iter().map(Stored).collect()
}

struct Stored<'a>(&'a Record);

impl ToJson for Stored<'_> {
    fn write_json(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.member("key", &self.0.key);
        object.member("value", &self.0.value);
        object.end();
    }
}

struct Told<'a>(&'a Notice);

impl ToJson for Told<'_> {
    fn write_json(&self, out: &mut String) {
        let mut object = Object::begin(out);
        match self.0 {
            Notice::Event { event } => {
                object.member("type", "event");
                object.member("event", &Raw(event.clone()));
            }
            Notice::Verdict { session, verdict } => {
                let Verdict { rule, status, reasons, heard_ms, played_ms, suspicion: _ } = verdict;
                let reasons: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
                object.member("type", "verdict");
                object.member("session", session);
                object.member("rule", rule);
                object.member("status", status.as_str());
                object.member("reasons", &reasons);
                object.member("heard_ms", heard_ms);
                object.member("played_ms", played_ms);
            }
            Notice::Sealed { seq, bytes, events } => {
                object.member("type", "sealed");
                object.member("seq", seq);
                object.member("bytes", bytes);
                object.member("events", events);
            }
            Notice::Acked { seq, status } => {
                object.member("type", "acked");
                object.member("seq", seq);
                object.member("status", status);
            }
            Notice::Receipt { seq, index, size, origin, checkpoint, received, verified } => {
                object.member("type", "receipt");
                object.member("seq", seq);
                object.member("index", index);
                object.member("size", size);
                object.member("origin", origin);
                object.member("checkpoint", checkpoint);
                object.member("received", received);
                object.member("verified", verified);
            }
            Notice::Dropped { seq, events, reason, problem } => {
                object.member("type", "dropped");
                object.optional("seq", seq);
                object.member("events", events);
                object.member("reason", reason);
                object.optional("problem", problem);
            }
            Notice::Error(ErrorNotice { code, detail, action }) => {
                object.member("type", "error");
                object.member("code", code);
                object.member("detail", detail);
                object.member("action", action);
            }
            Notice::Idle => object.member("type", "idle"),
        }
        object.end();
    }
}
