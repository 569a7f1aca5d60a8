//! Events that wait to be sealed, in the order of their ids.

use crate::io::Record;
use crate::record::{self, EventRecord, Unreadable};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(Default)]
pub struct Queue {
    events: BTreeMap<String, EventRecord>,
    bytes: usize,
}

/// What goes into one batch.
pub struct Cut {
    pub listener: String,
    pub keys: Vec<String>,
    pub events: Vec<Box<RawValue>>,
}

impl Queue {
    /// Adds a stored event. The same event again changes nothing.
    pub fn insert(&mut self, record: &Record) -> Result<(), Unreadable> {
        let event = record::read::<EventRecord>(record)?;
        let bytes = event.event.get().len();
        if self.events.insert(record.key.clone(), event).is_none() {
            self.bytes += bytes;
        }
        Ok(())
    }

    /// The keys of the `most` oldest events.
    pub fn oldest(&self, most: usize) -> Vec<String> {
        self.events.keys().take(most).cloned().collect()
    }

    /// The key of the oldest event.
    pub fn first(&self) -> Option<&str> {
        self.events.keys().next().map(String::as_str)
    }

    /// The keys of the events whose session's start is not among them.
    pub fn begun_elsewhere(&self) -> Vec<String> {
        #[derive(Deserialize)]
        struct Told<'a> {
            session: Uuid,
            r#type: &'a str,
        }
        let told = |event: &'_ EventRecord| {
            let Told { session, r#type } = serde_json::from_str(event.event.get()).ok()?;
            Some((session, r#type == "play.started"))
        };
        let begun: BTreeSet<Uuid> = self
            .events
            .values()
            .filter_map(told)
            .filter_map(|(session, starts)| starts.then_some(session))
            .collect();
        let elsewhere = self
            .events
            .iter()
            .filter(|(_, event)| told(event).is_some_and(|(session, _)| !begun.contains(&session)));
        elsewhere.map(|(key, _)| key.clone()).collect()
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The bytes of all events.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The oldest events that belong to one listener, within both bounds; at least one. Events recorded before
    /// any listener was known belong to `current`.
    pub fn cut(&self, current: &str, most_events: usize, most_bytes: usize) -> Option<Cut> {
        let listener_of = |event: &EventRecord| event.listener.clone().unwrap_or_else(|| current.to_owned());
        let listener = listener_of(self.events.values().next()?);
        let mut cut = Cut { listener, keys: Vec::new(), events: Vec::new() };
        let mut bytes = 0;
        for (key, event) in &self.events {
            if listener_of(event) != cut.listener {
                continue;
            }
            bytes += event.event.get().len() + 1;
            if cut.events.len() >= most_events || (bytes > most_bytes && !cut.events.is_empty()) {
                break;
            }
            cut.keys.push(key.clone());
            cut.events.push(event.event.clone());
        }
        Some(cut)
    }

    pub fn remove(&mut self, keys: &[String]) {
        for key in keys {
            if let Some(event) = self.events.remove(key) {
                self.bytes -= event.event.get().len();
            }
        }
    }
}
