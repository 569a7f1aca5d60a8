//! Events that wait to be sealed, in the order of their ids.

use crate::io::Record;
use crate::record::{self, EventRecord};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

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
    /// Adds a stored event; says whether the record can be read. The same event again changes nothing.
    pub fn insert(&mut self, record: &Record) -> bool {
        let Some(event) = record::read::<EventRecord>(record) else { return false };
        let bytes = event.event.get().len();
        if self.events.insert(record.key.clone(), event).is_none() {
            self.bytes += bytes;
        }
        true
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
