//! JSON Schema, one file per document that travels.

use crate::{api, batch, event, export, intake, ledger, play, problem, token};
use schemars::{JsonSchema, schema_for};
use std::collections::BTreeMap;

pub(super) fn files() -> BTreeMap<String, String> {
    BTreeMap::from([
        file::<event::Event>("event"),
        file::<batch::Batch<event::Event>>("batch"),
        file::<token::Claims>("token"),
        file::<api::IngestRequest>("ingest-request"),
        file::<api::IngestResponse>("ingest-response"),
        file::<api::LogKeys>("log-keys"),
        file::<ledger::Entry>("ledger-entry"),
        file::<ledger::Evidence>("log-evidence"),
        file::<play::Verdict>("verdict"),
        file::<play::Play>("play"),
        file::<play::StatementLine>("statement-line"),
        file::<intake::IntakeContext>("intake-context"),
        file::<export::Header>("export-header"),
        file::<export::Row>("export-row"),
        file::<export::Footer>("export-footer"),
        file::<problem::Problem>("problem"),
    ])
}

fn file<T: JsonSchema>(name: &str) -> (String, String) {
    let schema = serde_json::to_string_pretty(&schema_for!(T)).expect("a schema is JSON");
    (format!("json/{name}.v1.json"), schema + "\n")
}
