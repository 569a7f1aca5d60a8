//! What an audit finds, in words.

use serde::Serialize;

/// No more findings are kept; the rest is counted.
const MOST: usize = 10_000;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A line is not one of an export.
    Line,
    /// Lines are missing, doubled or out of order.
    Order,
    /// An entry is not one that is known, in canonical form.
    Entry,
    /// The signed root is not that of the entries.
    Root,
    /// The checkpoint is not signed by the log's key.
    Checkpoint,
    /// What is shown of a batch is not what the entry commits to.
    BatchCommitment,
    /// The log's key was changed in a way that does not hold, or is not the one given.
    Key,
    /// A batch is not signed by its device, or not in its form.
    BatchSignature,
    /// Two batches of a device have the same sequence number.
    DeviceFork,
    /// A batch names a batch before it that is not in the log.
    DeviceChain,
    /// A device was shown a log that is not this one.
    Anchor,
    /// The server's clock went back.
    ReceivedTime,
    /// The text of a rule is not that of its version.
    Rule,
    /// Verdicts are not what the entry commits to.
    VerdictCommitment,
    /// A verdict is not what the rule says of the batches.
    Verdict,
    /// A verdict finds other signals than the batches that are shown; some were erased, and may have been among them.
    ErasedEvidence,
    /// A statement is not what the entry commits to.
    StatementCommitment,
    /// A statement does not state what the verdicts add up to.
    Statement,
    /// A session that was to be judged, or judged again, was not.
    VerdictMissing,
    /// Something is missing that no erasure names.
    Erasure,
    /// The export ends before it is complete.
    Incomplete,
}

impl Fault {
    /// Whether it shows that somebody went astray, as opposed to something that can come about honestly: a device that
    /// lost batches, a clock that was set, an erasure.
    pub fn is_wrong(self) -> bool {
        !matches!(self, Self::DeviceChain | Self::ReceivedTime | Self::ErasedEvidence)
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// Whether it is wrong, or only odd.
    pub wrong: bool,
    /// At which entry, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// In words.
    pub sentence: String,
}

/// What an audit came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Entries that were checked.
    pub entries: u64,
    /// Batches among them, erased ones included.
    pub batches: u64,
    /// Batches that were erased.
    pub erased_batches: u64,
    /// Verdicts that were erased.
    pub erased_verdicts: u64,
    /// Sessions that were judged again.
    pub sessions: u64,
    /// Those of them that count.
    pub valid: u64,
    /// Those of them that are suspect.
    pub suspect: u64,
    /// Verdicts that were checked.
    pub verdicts: u64,
    /// Statements whose every count was computed again.
    pub statements: u64,
    /// Findings that are wrong.
    pub wrong: u64,
    /// Findings that are odd.
    pub odd: u64,
    /// The findings, as they came.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn find(&mut self, fault: Fault, index: impl Into<Option<u64>>, sentence: impl Into<String>) {
        let wrong = fault.is_wrong();
        *(if wrong { &mut self.wrong } else { &mut self.odd }) += 1;
        if self.findings.len() < MOST {
            self.findings.push(Finding { fault, wrong, index: index.into(), sentence: sentence.into() });
        }
    }
}
