//! Events that wait to be sealed, in the order of their ids.

use crate::io::Record;
use crate::prelude::*;
use crate::record::{self, EventRecord, Unreadable};
use crate::sorted::Map;
use delistening_schema::json::Json;
use uuid::Uuid;

#[derive(Default)]
pub struct Queue {
    events: Map<String, EventRecord>,
    bytes: usize,
}

/// What goes into one batch.
pub struct Cut {
    pub listener: String,
    pub keys: Vec<String>,
    pub events: Vec<String>,
}

impl Queue {
    /// Adds a stored event. The same event again changes nothing.
    pub fn insert(&mut self, record: &Record) -> Result<(), Unreadable> {
        let event = record::read::<EventRecord>(record)?;
        let bytes = event.event.0.len();
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
        let told = |event: &EventRecord| {
            let json = Json::parse(&event.event.0)?;
            Some((json.required::<Uuid>("session")?, json.get("type")?.text() == r#""play.started""#))
        };
        let mut begun = Map::default();
        for (session, starts) in self.events.values().filter_map(told) {
            if starts {
                begun.insert(session, ());
            }
        }
        let elsewhere = self
            .events
            .iter()
            .filter(|(_, event)| told(event).is_some_and(|(session, _)| begun.get(&session).is_none()));
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
        for (key, event) in self.events.iter() {
            if listener_of(event) != cut.listener {
                continue;
            }
            bytes += event.event.0.len() + 1;
            if cut.events.len() >= most_events || (bytes > most_bytes && !cut.events.is_empty()) {
                break;
            }
            cut.keys.push(key.clone());
            cut.events.push(event.event.0.clone());
        }
        Some(cut)
    }

    pub fn remove(&mut self, keys: &[String]) {
        for key in keys {
            if let Some(event) = self.events.remove(key) {
                self.bytes -= event.event.0.len();
            }
        }
    }
}
