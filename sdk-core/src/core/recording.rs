//! From signals to stored events.

use super::Core;
use crate::io::{EngageKind, Notice, Now, Output, Record, Signal};
use crate::prelude::*;
use crate::record::{self, AlarmRecord, BatchRecord, EventRecord, SessionRecord, State, Unreadable};
use crate::session::Step;
use crate::trust;
use delistening_schema::event::{Body, Engagement};
use delistening_schema::json::Raw;
use delistening_schema::play::judge;
use delistening_schema::problem::Action;
use delistening_schema::{DropReason, Event, limits};
use uuid::Uuid;

/// How long after the end of a session its last events are sealed.
const AFTER_END_MS: u64 = 1_000;

impl Core {
    /// Says whether there was anything to record.
    pub(super) fn signal(&mut self, now: Now, handle: u32, signal: Signal) -> bool {
        let every = self.config.progress_every_ms;
        let Some(session) = self.sessions.get_mut(&handle) else { return false };
        let step = session.signal(now, signal, every);
        let any = !step.bodies.is_empty();
        self.record(now, handle, step);
        any
    }

    pub(super) fn engage(&mut self, now: Now, handle: u32, kind: EngageKind, target: Option<String>) {
        if self.sessions.get(&handle).is_none() {
            return;
        }
        let act = Engagement { target };
        let body = match kind {
            EngageKind::Like => Body::Like(act),
            EngageKind::Share => Body::Share(act),
            EngageKind::PlaylistAdd => Body::PlaylistAdd(act),
            EngageKind::Follow => Body::Follow(act),
        };
        self.record(now, handle, Step { bodies: vec![body], over: false });
    }

    /// Writes down what every open session has heard so far.
    pub(super) fn write_progress(&mut self, now: Now) {
        let handles: Vec<u32> = self.sessions.keys().copied().collect();
        for handle in handles {
            let mut step = Step::default();
            if let Some(session) = self.sessions.get_mut(&handle) {
                session.change(now, &mut step.bodies);
            }
            self.record(now, handle, step);
        }
    }

    /// Stores the events of a step with the session's own record, all or nothing.
    #[cfg_attr(not(feature = "senses"), allow(unused_mut, reason = "nothing is added"))]
    fn record(&mut self, now: Now, handle: u32, mut step: Step) {
        let Some(session) = self.sessions.get_mut(&handle) else { return };
        #[cfg(feature = "senses")]
        self.senses.tell(now, session, &mut step.bodies);
        if step.bodies.is_empty() {
            if step.over {
                self.sessions.remove(&handle);
            }
            return;
        }
        let (id, mono, track) = (session.id(), session.mono(now), session.track().to_owned());
        let open = (session.began() && !step.over).then(|| {
            let device = self.key.as_ref().map(delistening_schema::PublicKey::thumbprint);
            session.record(now, &self.owner, self.state.listener.as_deref(), device)
        });
        let ended = step.over && session.began();
        let mut told = core::mem::take(&mut session.told);
        if step.over {
            self.sessions.remove(&handle);
        }
        let mut events = Vec::with_capacity(step.bodies.len());
        for body in step.bodies {
            let event_id = self.ids.next(now.wall_ms, &mut *self.entropy);
            let event =
                Event { id: event_id, at: now.wall_ms, mono, session: id, track: track.clone(), body };
            if let Some(record) = self.event_record(&event, self.state.listener.clone()) {
                told.take(mono, &event.body);
                events.push(record);
            }
        }
        if ended {
            self.notify(Notice::Verdict { session: id, verdict: judge(&told.facts()) });
        } else if let Some(session) = self.sessions.get_mut(&handle) {
            session.told = told;
        }
        let session_record = open.map(|open| record::write(record::session_key(id), &open));
        let deletes = if ended { vec![record::session_key(id)] } else { Vec::new() };
        self.keep(now, events, session_record, deletes, ended);
    }

    fn event_record(&mut self, event: &Event, listener: Option<String>) -> Option<Record> {
        // What a server would set aside is better known here, where the host can be told.
        if let Err(error) = event.check() {
            self.error("malformed-event", format!("an event was not recorded: {error}"), Action::Drop);
            return None;
        }
        let json = event.to_json();
        self.notify(Notice::Event { event: json.clone() });
        Some(record::write(record::event_key(event.id), &EventRecord { listener, event: Raw(json) }))
    }

    fn keep(
        &mut self,
        now: Now,
        events: Vec<Record>,
        session: Option<Record>,
        deletes: Vec<String>,
        ended: bool,
    ) {
        let puts = events.iter().cloned().chain(session).collect();
        let ticket = self.store(puts, deletes);
        if self.leads {
            self.enqueue(now, &events);
            if ended {
                self.seal_by(now.mono_ms + AFTER_END_MS);
            }
        } else if !events.is_empty() {
            self.unconfirmed.insert(ticket, events.clone());
            self.outputs.push(Output::Handover { records: events });
        }
    }

    fn enqueue(&mut self, now: Now, records: &[Record]) {
        for record in records {
            if self.queue.is_empty() && self.unsigned.is_none() {
                self.anchor = trust::anchor(&self.state);
            }
            match self.queue.insert(record) {
                Ok(()) => self.seal_by(now.mono_ms + self.config.max_age_ms),
                Err(why) => self.set_aside(&record.key, why),
            }
        }
    }

    pub(super) fn seal_by(&mut self, mono_ms: u64) {
        self.seal_due_ms = Some(self.seal_due_ms.map_or(mono_ms, |due| due.min(mono_ms)));
    }

    pub(super) fn adopt(&mut self, now: Now, records: &[Record]) {
        if self.leads {
            self.enqueue(now, records);
        }
    }

    /// Takes over everything that is stored.
    pub(super) fn lead(&mut self, now: Now, records: &[Record], alive: &[String]) {
        if self.leads {
            return;
        }
        self.leads = true;
        let mut events = Vec::new();
        let mut crashed = Vec::new();
        let mut unreadable = Vec::new();
        let mut chain = None;
        for stored in records {
            if stored.key == record::STATE {
                if let Ok(state) = record::read::<State>(stored) {
                    chain = Some(state.seq);
                    self.state = state;
                } else {
                    // Without its chain this device would fork it: nothing is sealed, and nothing written over it.
                    self.leads = false;
                    self.halt(
                        "state-corrupted",
                        "the stored state of this device cannot be read; have it forget everything to begin a new device"
                            .to_owned(),
                    );
                }
                if self.config.listener.is_some() {
                    self.state.listener.clone_from(&self.config.listener);
                }
            } else if stored.key == record::ALARM {
                match record::read::<AlarmRecord>(stored) {
                    Ok(alarm) => self.alarm = Some(alarm),
                    Err(why) => unreadable.push((stored.key.clone(), why)),
                }
            } else if stored.key.starts_with(record::BATCH) {
                match record::read::<BatchRecord>(stored) {
                    Ok(batch) => self.batches.insert(batch),
                    Err(why) => unreadable.push((stored.key.clone(), why)),
                }
            } else if stored.key.starts_with(record::EVENT) {
                events.push(stored.clone());
            } else if stored.key.starts_with(record::SESSION) {
                match record::read::<SessionRecord>(stored) {
                    Ok(session) if alive.contains(&session.owner) || session.owner == self.owner => {}
                    Ok(session) => crashed.push(session),
                    Err(why) => unreadable.push((stored.key.clone(), why)),
                }
            }
        }
        self.tell_alarm();
        if !self.leads {
            return;
        }
        // Only when the chain is known: giving up is written into it.
        for (key, why) in unreadable {
            self.set_aside(&key, why);
        }
        // A batch is stored with the chain's end, so none is beyond it but what a former device was done with.
        if let Some(chain) = chain {
            let beyond: Vec<u64> =
                self.batches.values().map(|batch| batch.seq).filter(|&seq| seq > chain).collect();
            for &seq in &beyond {
                self.batches.remove(seq);
            }
            if !beyond.is_empty() {
                self.store(Vec::new(), beyond.into_iter().map(record::batch_key).collect());
            }
        }
        events.extend(core::mem::take(&mut self.unconfirmed).into_values().flatten());
        let waited = !events.is_empty();
        self.enqueue(now, &events);
        // Their time is not known to be later than any checkpoint: they may be as old as the storage.
        if waited {
            self.anchor = None;
            self.seal_by(now.mono_ms);
        }
        for session in crashed {
            self.end_crashed(now, &session);
        }
        self.identify();
    }

    fn end_crashed(&mut self, now: Now, session: &SessionRecord) {
        let key = record::session_key(session.session);
        if self.state.device.zip(session.device).is_some_and(|(here, there)| here != there) {
            // A session counts once: what a former device began, it alone could have ended.
            self.count_dropped(DropReason::KeyLost, 1, vec![key]);
            self.notify(Notice::Dropped { seq: None, events: 1, reason: DropReason::KeyLost, problem: None });
            return;
        }
        let id: Uuid = self.ids.next(now.wall_ms, &mut *self.entropy);
        let event = Event {
            id,
            at: session.at.min(limits::MAX_INTEGER),
            mono: session.mono,
            session: session.session,
            track: session.track.clone(),
            body: Body::Ended(session.crashed()),
        };
        let records: Vec<Record> = self.event_record(&event, session.listener.clone()).into_iter().collect();
        self.keep(now, records, None, vec![key], true);
        self.anchor = None;
    }

    fn set_aside(&mut self, key: &str, why: Unreadable) {
        let detail = match why {
            Unreadable::Later => {
                format!("the stored record {key} is of a later version of the SDK and left to it")
            }
            Unreadable::Corrupted => format!("the stored record {key} cannot be read and was given up"),
        };
        self.error("record-corrupted", detail, Action::Drop);
        if why == Unreadable::Corrupted {
            self.count_dropped(DropReason::Corrupted, 1, vec![key.to_owned()]);
            self.notify(Notice::Dropped {
                seq: None,
                events: 1,
                reason: DropReason::Corrupted,
                problem: None,
            });
        }
    }
}
