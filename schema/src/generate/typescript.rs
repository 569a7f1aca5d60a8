//! TypeScript types, all in one module.

use crate::{api, batch, bytes, event, export, intake, intervals, key, ledger, play, problem, token};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use ts_rs::{Config, TS};

pub(super) fn files() -> BTreeMap<String, String> {
    // Every integer of the protocol fits in a JavaScript number: see `limits::MAX_INTEGER`.
    let config = Config::new().with_large_int("number");
    let mut text = String::from("// Generated from the Rust types by `npm run generate`; do not edit.\n");
    macro_rules! declare {
        ($($type:ty),+ $(,)?) => { $(declare::<$type>(&config, &mut text);)+ };
    }
    declare!(
        event::Event,
        event::Body,
        event::Started,
        event::Progress,
        event::At,
        event::Seeked,
        event::Stalled,
        event::Failed,
        event::Ended,
        event::EndReason,
        event::Motion,
        event::Activity,
        event::Location,
        event::Grid,
        event::Engagement,
        intervals::Interval,
        bytes::Hash,
        key::DeviceId,
        batch::Batch<event::Event>,
        batch::Anchor,
        batch::Dropped,
        batch::DropReason,
        token::Claims,
        token::Confirmation,
        api::IngestRequest,
        api::Known,
        api::IngestResponse,
        api::Answer,
        api::Acknowledgement,
        problem::Problem,
        problem::Code,
        problem::Action,
        ledger::Entry,
        ledger::BatchEntry,
        ledger::RuleKind,
        ledger::RuleEntry,
        ledger::VerdictEntry,
        ledger::StatementEntry,
        ledger::ErasureEntry,
        ledger::KeyEntry,
        api::LogKeys,
        ledger::Sealed,
        play::Suspicion,
        play::Comparison,
        play::Verdict,
        play::Status,
        play::Reason,
        play::Play,
        play::Counts,
        play::Subject,
        play::StatementLine,
        intake::IntakeContext,
        export::Header,
        export::Row,
        export::ExportedBatch,
        export::Footer,
    );
    BTreeMap::from([("ts/index.ts".to_owned(), text)])
}

fn declare<T: TS>(config: &Config, text: &mut String) {
    let docs = T::docs().unwrap_or_default();
    write!(text, "\n{docs}export {}\n", T::decl(config)).expect("writing to a string cannot fail");
}
