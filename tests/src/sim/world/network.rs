//! The way to the server and back.

use super::{Action, HOUR, MINUTE, SECOND, World};
use delistening_schema::Hash;
use delistening_schema::problem::{Code, Problem};
use delistening_sdk_core::TransportResult;

/// How long a device waits for an answer.
const HOST_TIMEOUT: u64 = MINUTE;

impl World {
    pub(super) fn send(&mut self, device: usize, tab: u32, ticket: u64, body: &str) {
        let timed_out = Action::Response { device, tab, ticket, result: TransportResult::NetworkError };
        if !self.devices[device].network {
            return self.soon(5 * SECOND, timed_out);
        }
        let arrive = |answers| Action::Arrive { device, tab, ticket, body: body.to_owned(), answers };
        if self.healed {
            return self.soon(SECOND, arrive(true));
        }
        match self.dice.between(0, 99) {
            // It never arrives.
            0..=4 => self.at(self.now + HOST_TIMEOUT, timed_out),
            // It arrives, and nobody hears the answer.
            5..=11 => {
                self.soon(SECOND, arrive(false));
                self.at(self.now + HOST_TIMEOUT, timed_out);
            }
            // The answer comes when nobody waits for it any more.
            12..=14 => {
                self.at(self.now + HOST_TIMEOUT, timed_out);
                let late = self.now + HOST_TIMEOUT + self.dice.between(0, HOUR);
                self.at(late, arrive(true));
            }
            // It arrives twice, and both are answered.
            15..=19 => {
                self.soon(SECOND, arrive(true));
                self.soon(10 * MINUTE, arrive(true));
            }
            _ => self.soon(SECOND, arrive(true)),
        }
    }

    pub(super) fn arrive(&mut self, device: usize, tab: u32, ticket: u64, body: &str, answers: bool) {
        let result = if self.overloaded && !self.healed {
            let problem = Problem::new(Code::Overloaded, "busy").retry_after(2);
            TransportResult::Answer {
                status: problem.status,
                retry_after_s: problem.retry_after,
                body: serde_json::to_string(&problem).unwrap_or_default(),
            }
        } else {
            let request: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            let result = self.server.answer(body, self.now);
            if let TransportResult::Answer { status: 200, body, .. } = &result {
                let response: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
                let pairs = request["batches"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .zip(response["answers"].as_array().into_iter().flatten());
                for (jws, answer) in pairs {
                    if answer["status"] != "refused" {
                        self.held.insert(Hash::of(jws.as_str().unwrap_or_default().as_bytes()));
                    }
                }
            }
            result
        };
        if answers {
            self.soon(SECOND, Action::Response { device, tab, ticket, result });
        }
    }
}
