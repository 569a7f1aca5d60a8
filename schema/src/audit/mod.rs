//! The audit: checks an export against everything that it must hold to, and needs nothing from the operator but the
//! export and the log's public key.
//!
//! [`CheckedLine::check`] does what can be done line by line, on as many threads as there are; [`Auditor::take`] goes
//! through the lines in order: the tree and its signed roots, each device's chain, the times that anchors vouch for,
//! every verdict, every statement, and what was erased. [`Auditor::finish`] gives the [`Report`].
//!
//! It keeps some 100 bytes for each entry and the events of every session: about 2 GB for a million plays.

mod checked;
mod joint;
mod keys;
mod plays;
mod report;
mod tree;

pub use checked::CheckedLine;
pub use joint::{Holdings, JointPlay, joint_plays};
pub use report::{Fault, Finding, Report};

use crate::analysis::Analysis;
use crate::batch::Reported;
use crate::bytes::Hash;
use crate::export::{self, Footer, Header};
use crate::intake::IntakeContext;
use crate::key::DeviceId;
use crate::ledger::{
    BatchEntry, Checkpoint, CheckpointError, Entry, ErasureEntry, LogKey, RuleEntry, RuleKind,
};
use crate::play::{self, Received};
use checked::{Content, Kind};
use keys::{Keys, Signed};
use plays::Plays;
use std::collections::{BTreeSet, HashMap, HashSet};
use tree::Tree;

/// A server's clock may be set back by this much without being noticed.
const CLOCK_LEEWAY_MS: u64 = 5 * 60 * 1000;

/// What a device's batches are linked by.
#[derive(Debug, Default)]
struct Chain {
    seqs: HashSet<u64>,
    hashes: HashSet<Hash>,
}

/// Goes through an export.
#[derive(Debug)]
pub struct Auditor {
    keys: Keys,
    report: Report,
    /// How many lines were taken.
    lines: u64,
    tree: Tree,
    /// The index at which the open range is to end.
    range_end: Option<u64>,
    /// Whether the last range has ended.
    complete: bool,
    /// The index of each batch entry and when it was received, in ascending order.
    received: Vec<(u64, u64)>,
    newest_received: u64,
    chains: HashMap<DeviceId, Chain>,
    plays: Plays,
    rules: BTreeSet<(RuleKind, u32)>,
    /// Hashes of erased batches, which a chain may go through.
    erased_hashes: HashSet<Hash>,
    missing_batches: BTreeSet<u64>,
    missing_verdicts: BTreeSet<(u64, u32)>,
}

impl Auditor {
    /// An audit of the log of `key` (the one that it has now, or one that it had) by version 1 of the analysis.
    pub fn new(key: LogKey) -> Self {
        Self::with_analysis(key, Analysis::v1())
    }

    /// An audit of the log of an operator who has rules of its own.
    pub fn with_analysis(key: LogKey, analysis: Analysis) -> Self {
        Self::with_analyses(key, [analysis])
    }

    /// An audit of a log whose operator changed the analysis: each verdict is checked by the one that was entered last
    /// before it. The first is in force until one is entered. Each needs as much memory as the audit by one alone.
    pub fn with_analyses(key: LogKey, analyses: impl IntoIterator<Item = Analysis>) -> Self {
        Self {
            keys: Keys::new(key),
            report: Report::default(),
            lines: 0,
            tree: Tree::default(),
            range_end: None,
            complete: false,
            received: Vec::new(),
            newest_received: 0,
            chains: HashMap::new(),
            plays: Plays::new(analyses),
            rules: BTreeSet::new(),
            erased_hashes: HashSet::new(),
            missing_batches: BTreeSet::new(),
            missing_verdicts: BTreeSet::new(),
        }
    }

    /// Takes the next line.
    pub fn take(&mut self, line: CheckedLine) {
        let index = match &line.kind {
            Kind::Row { index, .. } => Some(*index),
            _ => None,
        };
        self.lines += 1;
        for (fault, sentence) in line.faults {
            match index {
                Some(index) => self.report.find(fault, index, sentence),
                // Where the entry that it may have been would stand.
                None => self.report.find(fault, self.tree.size(), format!("line {}: {sentence}", self.lines)),
            }
        }
        match line.kind {
            Kind::Unreadable => {}
            Kind::Header(header) => self.header(&header),
            Kind::Footer(footer) => self.footer(&footer),
            Kind::Row { index, leaf, entry, content } => self.row(index, leaf, entry, content),
        }
    }

    /// How many entries were taken.
    pub fn entries(&self) -> u64 {
        self.tree.size()
    }

    /// Keeps what the log holds of plays, for [`Self::finish_with_holdings`]: twice the memory.
    #[must_use]
    pub fn keeping_holdings(mut self) -> Self {
        self.plays.kept = Some(Vec::new());
        self
    }

    /// What the audit came to, and what the log holds of plays.
    pub fn finish_with_holdings(mut self) -> (Report, Holdings) {
        let report = self.conclude();
        let origin = self.keys.name().to_owned();
        (report, Holdings::new(origin, self.plays.kept.take().unwrap_or_default(), self.plays.judged()))
    }

    /// What the audit came to.
    pub fn finish(mut self) -> Report {
        self.conclude()
    }

    fn conclude(&mut self) -> Report {
        if !self.complete {
            self.report.find(Fault::Incomplete, None, "the export does not end with a checkpoint");
        }
        for (at, checkpoint) in self.keys.waited() {
            self.checkpoint(at, checkpoint);
        }
        if !self.keys.given_is_one() {
            let sentence = "the log key given is none of those that this log has had";
            self.report.find(Fault::Key, None, sentence);
        }
        for index in &self.missing_batches {
            self.report.find(Fault::Erasure, *index, "the batch is missing, and no erasure names it");
        }
        for (index, place) in &self.missing_verdicts {
            let sentence = format!("verdict {place} is missing, and no erasure names it");
            self.report.find(Fault::Erasure, *index, sentence);
        }
        self.report.entries = self.tree.size();
        self.plays.finish(&mut self.report);
        std::mem::take(&mut self.report)
    }

    fn header(&mut self, header: &Header) {
        let Header { export, origin, from, to } = header;
        let at = self.tree.size();
        if *export != export::VERSION {
            self.report.find(Fault::Line, None, format!("version {export} of the export is not known"));
        }
        if origin != self.keys.name() {
            let sentence = format!("the export is of {origin}, the key of {}", self.keys.name());
            self.report.find(Fault::Order, None, sentence);
        }
        if self.range_end.is_some() {
            self.report.find(Fault::Order, at, "a range begins before the one before it has ended");
        }
        if *from != at || to < from {
            let sentence = format!("the range begins with entry {from}, where entry {at} should follow");
            self.report.find(Fault::Order, at, sentence);
        }
        self.range_end = Some(*to);
        self.complete = false;
    }

    fn footer(&mut self, footer: &Footer) {
        let at = self.tree.size();
        if self.range_end.take() != Some(at) {
            self.report.find(Fault::Order, at, "the range does not end where its first line says");
        }
        match self.keys.check(&footer.checkpoint, at) {
            Signed::Holds(checkpoint) => self.checkpoint(at, Ok(checkpoint)),
            Signed::Fails(error) => self.checkpoint(at, Err(error)),
            Signed::Waits => {}
        }
        self.complete = true;
    }

    /// A checkpoint stands behind the first `at` entries.
    fn checkpoint(&mut self, at: u64, checkpoint: Result<Checkpoint, CheckpointError>) {
        match checkpoint {
            Err(error) => {
                self.report.find(Fault::Checkpoint, at, format!("the checkpoint does not hold: {error}"));
            }
            Ok(checkpoint) if checkpoint.size != at => {
                let sentence =
                    format!("the checkpoint is of {} entries, where {at} were read", checkpoint.size);
                self.report.find(Fault::Checkpoint, at, sentence);
            }
            Ok(checkpoint) if self.tree.root(at) != Some(checkpoint.root) => {
                let sentence = "the entries are not those that were signed: their root is another";
                self.report.find(Fault::Root, at, sentence);
            }
            Ok(_) => {}
        }
    }

    fn row(&mut self, index: u64, leaf: Hash, entry: Option<Entry>, content: Content) {
        let at = self.tree.size();
        if index != at || self.range_end.is_none_or(|end| at >= end) {
            self.report.find(Fault::Order, index, format!("entry {index} stands where entry {at} should"));
        }
        self.tree.push(leaf);
        match (entry, content) {
            (Some(Entry::Batch(entry)), content) => {
                self.report.batches += 1;
                self.clock(at, &entry);
                match content {
                    Content::Batch(batch, known) => self.batch(at, &entry, *batch, *known),
                    _ => self.erased_batch(at, &entry),
                }
                self.received.push((at, entry.received));
            }
            (Some(Entry::Rule(rule)), _) => self.rule(at, &rule),
            (Some(Entry::Verdict(entry)), Content::Verdicts(items)) => {
                if entry.through > at {
                    self.report.find(Fault::Verdict, at, "the verdicts are said to rest on later entries");
                }
                let analysis = self.plays.analysis().version();
                for (rule, name) in
                    [((RuleKind::Play, play::RULE_1), "rule"), ((RuleKind::Analysis, analysis), "analysis")]
                {
                    if !self.rules.contains(&rule) {
                        let sentence =
                            format!("version {} of the {name} was not published before it was used", rule.1);
                        self.report.find(Fault::Rule, at, sentence);
                    }
                }
                let erased = self.plays.verdicts(at, &entry, items, &mut self.report);
                self.missing_verdicts.extend(erased.into_iter().map(|place| (at, place)));
            }
            (Some(Entry::Statement(entry)), Content::Statement(items)) => {
                self.plays.statement(at, &entry, items, &mut self.report);
            }
            (Some(Entry::Erasure(entry)), _) => self.erasure(&entry),
            (Some(Entry::Key(entry)), _) => {
                if let Err(sentence) = self.keys.announced(&entry) {
                    self.report.find(Fault::Key, at, sentence);
                }
            }
            // An entry that cannot be read was found already.
            _ => {}
        }
    }

    fn batch(&mut self, at: u64, entry: &BatchEntry, batch: Reported, context: IntakeContext) {
        let Reported { device, seq, prev, anchor, .. } = &batch;
        let chain = self.chains.entry(*device).or_default();
        if !chain.seqs.insert(*seq) {
            let sentence = format!("device {device} has two batches with the sequence number {seq}");
            self.report.find(Fault::DeviceFork, at, sentence);
        }
        if let Some(prev) = prev
            && !chain.hashes.contains(prev)
            && !self.erased_hashes.contains(prev)
        {
            let sentence = format!("batch {seq} of device {device} follows one that is not in the log");
            self.report.find(Fault::DeviceChain, at, sentence);
        }
        chain.hashes.insert(entry.batch);
        let mut anchored = None;
        if let Some(anchor) = anchor.as_ref().filter(|anchor| anchor.origin == self.keys.name()) {
            if self.tree.root(anchor.size) == Some(anchor.root) {
                anchored = self.time_at(anchor.size);
            } else {
                let sentence = format!(
                    "device {device} was shown a log of {} entries with the root {}, which this log never had: \
                     it was shown another log",
                    anchor.size,
                    anchor.root.to_base64()
                );
                self.report.find(Fault::Anchor, at, sentence);
                anchored = self.time_at(anchor.size);
            }
        }
        let received = Received { leaf: at, at: entry.received, anchored, hash: entry.batch, context };
        self.plays.batch(batch, &received);
    }

    fn erased_batch(&mut self, at: u64, entry: &BatchEntry) {
        self.report.erased_batches += 1;
        self.erased_hashes.insert(entry.batch);
        self.plays.erased_batch(entry.batch);
        self.missing_batches.insert(at);
    }

    fn clock(&mut self, at: u64, entry: &BatchEntry) {
        if entry.received + CLOCK_LEEWAY_MS < self.newest_received {
            let sentence = format!(
                "the batch was received {} ms before one that was entered before it",
                self.newest_received - entry.received
            );
            self.report.find(Fault::ReceivedTime, at, sentence);
        }
        self.newest_received = self.newest_received.max(entry.received);
    }

    /// The time in the newest batch entry among the first `size`.
    fn time_at(&self, size: u64) -> Option<u64> {
        let before = self.received.partition_point(|(index, _)| *index < size);
        Some(self.received.get(before.checked_sub(1)?)?.1)
    }

    fn rule(&mut self, at: u64, rule: &RuleEntry) {
        let (known, name) = match rule.of {
            RuleKind::Play => (rule.version == play::RULE_1 && rule.text == play::RULE_1_TEXT, "rule"),
            RuleKind::Analysis => (self.plays.entered(rule.version, &rule.text), "analysis"),
        };
        if !known {
            let sentence = format!(
                "version {} of the {name} does not say what this auditor knows it to say",
                rule.version
            );
            self.report.find(Fault::Rule, at, sentence);
        }
        self.rules.insert((rule.of, rule.version));
    }

    fn erasure(&mut self, erasure: &ErasureEntry) {
        for batch in &erasure.batches {
            self.missing_batches.remove(batch);
        }
        for verdict in &erasure.verdicts {
            self.missing_verdicts.remove(verdict);
        }
    }
}
