//! `npm run test:dishonest`: plays every trick of a dishonest operator, prints who saw it and as what, and fails where
//! somebody did not see what they should.

use delistening_tests::dishonest::tricks::Seen;
use delistening_tests::dishonest::{Outcome, run};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let outcomes = run().await;
    let wide = outcomes.iter().map(|outcome| outcome.trick.name.len()).max().unwrap_or_default();
    println!("{:wide$}  {:16}  auditor", "the operator", "SDK");
    for Outcome { trick, sdk, audit, .. } in &outcomes {
        let sdk = if sdk.is_empty() { "-".to_owned() } else { sdk.join(", ") };
        let audit: Vec<String> = audit.iter().map(|fault| format!("{fault:?}")).collect();
        let audit = if audit.is_empty() { "-".to_owned() } else { audit.join(", ") };
        println!("{:wide$}  {sdk:16}  {audit}", trick.name);
    }
    println!();
    let tricks: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.trick.is_one()).collect();
    for Outcome { trick, .. } in &tricks {
        if let Seen::No(why) = trick.sdk {
            println!("not seen by the SDK: {}: {why}", trick.name);
        }
        if let Seen::No(why) = trick.audit {
            println!("not seen by the auditor: {}: {why}", trick.name);
        }
    }
    let mut fine = true;
    for outcome in &outcomes {
        for fault in outcome.faults() {
            fine = false;
            println!("WRONG: {}: {fault}", outcome.trick.name);
        }
    }
    let by_sdk = tricks.iter().filter(|outcome| !outcome.sdk.is_empty()).count();
    let by_audit = tricks.iter().filter(|outcome| !outcome.audit.is_empty()).count();
    println!(r#"{{"tricks":{},"caught_by_sdk":{by_sdk},"caught_by_audit":{by_audit}}}"#, tricks.len());
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
