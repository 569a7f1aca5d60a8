//! One group commit.

use super::committer::Request;
use super::log::{Ledger, Published, Shared};
use super::{CommitError, Outcome, Recent, Submission};
use crate::disk::WriteError;
use crate::journal::{BatchRecord, Record, Writer};
use crate::ledger::Slots;
use crate::registry::{Behind, Enrolment, Place, Registry};
use delistening_schema::batch::Reported;
use delistening_schema::ledger::{BatchEntry, Checkpoint, Entry, Receipt};
use delistening_schema::play::Received;
use delistening_schema::{DeviceId, Hash};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard};

/// What the writer's thread owns.
pub(super) struct Committing {
    pub shared: Arc<Shared>,
    pub writer: Writer,
    pub slots: Slots,
    pub registry: Registry,
}

/// What will become of a submission once its group is committed.
enum Verdict {
    Fresh { place: Place, gap: bool },
    Known(Place),
    Fork,
}

/// What a group adds, before it is written.
#[derive(Default)]
struct Plan {
    verdicts: Vec<Vec<Verdict>>,
    enrolments: Vec<Enrolment>,
    records: Vec<Record>,
    /// The ledger entry of each record.
    entries: Vec<Entry>,
    /// The batches among the records, as they came in.
    recents: Vec<Recent>,
    placed: HashMap<(DeviceId, u64), Place>,
    newest: HashMap<DeviceId, (u64, Hash)>,
}

impl Committing {
    /// Commits a group and answers it. On an error nothing of it was promised, and it stays in `group`.
    pub fn commit(&mut self, group: &mut Vec<Request>) -> Result<(), CommitError> {
        self.settle()?;
        let first = self.writer.next();
        let mut plan = self.plan(group).map_err(|error| {
            tracing::error!(%error, "the registry cannot be read");
            CommitError::Stopped
        })?;
        let mut fresh = Vec::new();
        if !plan.records.is_empty() {
            self.registry.ensure_room().map_err(|Behind| CommitError::StorageFull)?;
            fresh = self.append(&mut plan)?;
            self.sign()?;
            // Durable and signed: if the disk has no room for tiles, the group is answered and the next one waits.
            let _ = self.flush();
        }
        let rolled = if group.iter().any(|request| request.roll) { self.roll() } else { Ok(()) };
        let Plan { verdicts, .. } = plan;
        let mut notes = Notes::new(&self.shared, first, fresh);
        for (request, verdicts) in group.drain(..).zip(verdicts) {
            let known =
                request.known.filter(|known| known.origin == notes.origin()).map_or(0, |known| known.size);
            let mut outcomes = notes.outcomes(verdicts, known).map_err(|error| {
                tracing::error!(%error, "a receipt cannot be made");
                CommitError::Stopped
            });
            if request.roll {
                outcomes = rolled.and(outcomes);
            }
            // Whoever has gone away will resend and get the same receipt.
            let _ = request.reply.send(outcomes);
        }
        Ok(())
    }

    /// Leaves nothing for the next start to read again, if it can.
    pub fn close(&mut self) {
        if let Err(error) = self.registry.flush() {
            tracing::warn!(%error, "the registry is not written to the end: the next start reads the rest from the journal");
        }
    }

    /// Does what a full disk kept from being done for those before: what is durable is signed and entered, and only
    /// then comes more.
    fn settle(&mut self) -> Result<(), CommitError> {
        self.sign()?;
        self.flush()
    }

    /// Writes tiles and entries.
    fn flush(&mut self) -> Result<(), CommitError> {
        self.ledger_mut().files.flush().map_err(|error| {
            tracing::warn!(%error, "tiles cannot be written");
            CommitError::StorageFull
        })
    }

    fn roll(&mut self) -> Result<(), CommitError> {
        self.writer.roll().map_err(|error| {
            tracing::warn!(%error, "no new segment can be begun");
            CommitError::StorageFull
        })
    }

    /// Looks each submission up, in order, as if those before it in the group were already kept.
    fn plan(&mut self, group: &mut [Request]) -> rusqlite::Result<Plan> {
        let mut plan = Plan::default();
        let first = self.writer.next();
        // Duplicates and forks add nothing, so the size is known only after the lookups; it is filled in below.
        for request in group {
            let mut verdicts = Vec::with_capacity(request.submissions.len());
            for submission in std::mem::take(&mut request.submissions) {
                verdicts.push(self.look_up(&mut plan, first, submission)?);
            }
            plan.verdicts.push(verdicts);
            plan.entries.extend(request.own.iter().map(Record::entry));
            plan.records.append(&mut request.own);
        }
        plan.settle_size(first + plan.records.len() as u64);
        Ok(plan)
    }

    fn look_up(&mut self, plan: &mut Plan, first: u64, submission: Submission) -> rusqlite::Result<Verdict> {
        let Submission { reported, hash, jws, received: at, context } = submission;
        let Reported { device, seq, prev, .. } = &reported;
        let known = if let Some(place) = plan.placed.get(&(*device, *seq)) {
            Some(*place)
        } else {
            // Asked first, so that a next batch needs no search.
            let newest = self.registry.newest(device)?;
            if let (Some(newest), false) = (newest, plan.newest.contains_key(device)) {
                plan.newest.insert(*device, newest);
            }
            self.registry.find(device, *seq)?
        };
        if let Some(place) = known {
            return Ok(if place.hash == hash { Verdict::Known(place) } else { Verdict::Fork });
        }
        let continues = match plan.newest.get(device) {
            Some(&(newest, newest_hash)) => *seq == newest + 1 && *prev == Some(newest_hash),
            None => *seq == 1,
        };
        if plan.newest.get(device).is_none_or(|&(newest, _)| *seq > newest) {
            plan.newest.insert(*device, (*seq, hash));
        }
        let place = Place { hash, leaf: first + plan.records.len() as u64, tree_size: 0 };
        plan.placed.insert((*device, *seq), place);
        plan.enrolments.push(Enrolment { device: *device, seq: *seq, place });
        let received = Received { leaf: place.leaf, at, anchored: None, hash, context };
        let context = serde_json::to_string(&received.context).expect("a context is JSON");
        plan.recents.push(Recent { reported, received, bytes: jws.len() });
        let salt = random_salt();
        plan.entries.push(Entry::Batch(BatchEntry {
            batch: hash,
            received: at,
            context: Hash::of_parts(&[&salt, context.as_bytes()]),
        }));
        plan.records.push(Record::Batch(BatchRecord { tree_size: 0, received: at, salt, context, jws }));
        Ok(Verdict::Fresh { place, gap: !continues })
    }

    /// Makes the group durable; gives the bytes of its entries.
    fn append(&mut self, plan: &mut Plan) -> Result<Vec<Vec<u8>>, CommitError> {
        self.writer.append(&plan.records).map_err(|error| failed("append to the journal", error))?;
        self.registry.enrol(&plan.enrolments, self.writer.next());
        self.shared.recents.keep(std::mem::take(&mut plan.recents));
        let mut ledger = self.ledger_mut();
        Ok(plan.entries.iter().map(|entry| ledger.push(entry)).collect())
    }

    /// Signs everything that is durable, and publishes that.
    fn sign(&mut self) -> Result<(), CommitError> {
        let size = self.writer.next();
        if self.shared.published.borrow().size == size {
            return Ok(());
        }
        let root = self.ledger_mut().root(size);
        let root = root.map_err(|error| failed("hash the tree", WriteError::InDoubt(error)))?;
        let signers = &self.shared.signers;
        let note = signers.sign(&Checkpoint { origin: signers.origin().to_owned(), size, root });
        self.slots.persist(&note).map_err(|error| failed("persist the checkpoint", error))?;
        self.shared.published.send_replace(Published { size, note });
        Ok(())
    }

    fn ledger_mut(&self) -> RwLockWriteGuard<'_, Ledger> {
        self.shared.ledger.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    fn settle_size(&mut self, size: u64) {
        for enrolment in &mut self.enrolments {
            enrolment.place.tree_size = size;
        }
        for record in &mut self.records {
            if let Record::Batch(batch) = record {
                batch.tree_size = size;
            }
        }
        for verdict in self.verdicts.iter_mut().flatten() {
            if let Verdict::Fresh { place, .. } | Verdict::Known(place) = verdict
                && place.tree_size == 0
            {
                place.tree_size = size;
            }
        }
    }
}

/// What receipts are made of.
struct Notes<'a> {
    shared: &'a Shared,
    /// Signed checkpoints of the sizes that receipts are for, each signed once.
    signed: HashMap<u64, String>,
    /// The entries of this group, from this index on.
    first: u64,
    fresh: Vec<Vec<u8>>,
}

impl<'a> Notes<'a> {
    fn new(shared: &'a Shared, first: u64, fresh: Vec<Vec<u8>>) -> Self {
        // The newest is that of all fresh entries.
        let Published { size, note } = shared.published.borrow().clone();
        Self { shared, signed: HashMap::from([(size, note)]), first, fresh }
    }

    fn entry(&self, ledger: &Ledger, leaf: u64) -> io::Result<Vec<u8>> {
        let fresh = leaf.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(entry) = fresh.and_then(|place| self.fresh.get(place)) {
            return Ok(entry.clone());
        }
        ledger.files.entry(leaf)?.ok_or_else(|| io::Error::other("an entry is missing"))
    }

    fn origin(&self) -> &str {
        self.shared.signers.origin()
    }

    fn outcomes(&mut self, verdicts: Vec<Verdict>, mut known: u64) -> io::Result<Vec<Outcome>> {
        let ledger: RwLockReadGuard<'_, Ledger> =
            self.shared.ledger.read().unwrap_or_else(PoisonError::into_inner);
        let mut outcomes = Vec::with_capacity(verdicts.len());
        for verdict in verdicts {
            outcomes.push(match verdict {
                Verdict::Fork => Outcome::Fork,
                Verdict::Fresh { place, gap } => {
                    let (receipt, consistency) = self.receipt(&ledger, place, &mut known)?;
                    Outcome::Accepted { receipt, consistency, gap }
                }
                Verdict::Known(place) => {
                    let (receipt, consistency) = self.receipt(&ledger, place, &mut known)?;
                    Outcome::Duplicate { receipt, consistency }
                }
            });
        }
        Ok(outcomes)
    }

    fn receipt(&mut self, ledger: &Ledger, place: Place, known: &mut u64) -> io::Result<(String, Vec<Hash>)> {
        let Ledger { tree, files } = ledger;
        let Place { leaf, tree_size, .. } = place;
        let entry = self.entry(ledger, leaf)?;
        let proof = tree.inclusion(leaf, tree_size, files)?;
        let checkpoint = if let Some(note) = self.signed.get(&tree_size) {
            note.clone()
        } else {
            let (origin, root) = (self.origin().to_owned(), tree.root(tree_size, files)?);
            let note = self.shared.signers.sign(&Checkpoint { origin, size: tree_size, root });
            self.signed.insert(tree_size, note.clone());
            note
        };
        // A device that claims to know more than there is gets no proof, and will say so.
        let (old, new) = ((*known).min(tree_size), (*known).max(tree_size));
        let consistency = if new <= tree.size() { tree.consistency(old, new, files)? } else { Vec::new() };
        *known = new;
        Ok((Receipt { entry, index: leaf, proof, checkpoint }.to_string(), consistency))
    }
}

fn random_salt() -> [u8; 16] {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).expect("the system gives random bytes");
    salt
}

fn failed(what: &str, error: WriteError) -> CommitError {
    match error {
        WriteError::Undone(error) => {
            tracing::warn!(%error, "could not {what}");
            CommitError::StorageFull
        }
        WriteError::InDoubt(error) => {
            tracing::error!(%error, "could not {what}");
            CommitError::Stopped
        }
    }
}
