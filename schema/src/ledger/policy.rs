//! C2SP tlog-policy: which logs and witnesses somebody trusts, and how many witnesses must have seen a checkpoint.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::note::{LogKey, SignedNote, WitnessKey};
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};

/// A policy file has at most this many lines that say something.
const MOST_LINES: usize = 1_000;

/// Why a policy cannot be used, or a checkpoint does not satisfy it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A line is not one of the format.
    #[error("line {line} of the policy: {reason}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No line says what the quorum is.
    #[error("the policy has no quorum line")]
    NoQuorum,
    /// The checkpoint is by none of the policy's logs.
    #[error("the checkpoint is by no log of the policy: {0}")]
    Log(CheckpointError),
    /// Too few witnesses have cosigned.
    #[error("too few witnesses of the policy have cosigned the checkpoint")]
    NotWitnessed,
}

/// A witness of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its verifier key.
    pub key: WitnessKey,
    /// Where checkpoints are submitted.
    pub url: Option<String>,
}

/// A policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<LogKey>,
    witnesses: BTreeMap<String, Witness>,
    /// In the order of their lines, so that members stand before.
    groups: Vec<Group>,
    /// A witness or group; `None` if no cosignature is needed.
    quorum: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        let mut quorums = 0;
        let lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.trim_matches([' ', '\t'])));
        for (count, (line, words)) in
            lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).enumerate()
        {
            let failed = |reason| PolicyError::Line { line, reason };
            if count >= MOST_LINES {
                return Err(failed("there are too many lines"));
            }
            let words: Vec<&str> = words.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            match words.as_slice() {
                ["log", vkey] | ["log", vkey, _] => policy.log(vkey),
                ["witness", name, vkey] => policy.witness(name, vkey, None),
                ["witness", name, vkey, url] => policy.witness(name, vkey, Some((*url).to_owned())),
                ["group", name, threshold, members @ ..] => policy.group(name, threshold, members),
                ["quorum", name] => {
                    quorums += 1;
                    policy.quorum(name, quorums)
                }
                _ => Err("it is none of log, witness, group and quorum, or has too few or too many words"),
            }
            .map_err(failed)?;
        }
        if quorums == 1 { Ok(policy) } else { Err(PolicyError::NoQuorum) }
    }

    fn log(&mut self, vkey: &str) -> Result<(), &'static str> {
        let key = LogKey::parse(vkey).map_err(|_| "the log's verifier key cannot be read")?;
        if self.logs.contains(&key) {
            return Err("the log is listed twice");
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &str, vkey: &str, url: Option<String>) -> Result<(), &'static str> {
        let key = WitnessKey::parse(vkey).map_err(|_| "the witness's verifier key cannot be read")?;
        if self.witnesses.values().any(|witness| witness.key == key) {
            return Err("the witness is listed twice");
        }
        self.name(name)?;
        self.witnesses.insert(name.to_owned(), Witness { key, url });
        Ok(())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), &'static str> {
        self.name(name)?;
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            number => number.parse().map_err(|_| "the threshold is not a number, any or all")?,
        };
        if !(1..=members.len()).contains(&threshold) {
            return Err("the threshold is not from 1 to the number of members");
        }
        if members.iter().any(|member| !self.knows(member)) {
            return Err("a member is not a witness or group of a line before");
        }
        let members = members.iter().map(|&member| member.to_owned()).collect();
        self.groups.push(Group { name: name.to_owned(), threshold, members });
        Ok(())
    }

    fn quorum(&mut self, name: &str, count: usize) -> Result<(), &'static str> {
        if count > 1 {
            return Err("there is a quorum line already");
        }
        if name != "none" {
            if !self.knows(name) {
                return Err("the quorum is not a witness or group of a line before");
            }
            self.quorum = Some(name.to_owned());
        }
        Ok(())
    }

    fn name(&self, name: &str) -> Result<(), &'static str> {
        if name == "none" || self.knows(name) { Err("the name is taken") } else { Ok(()) }
    }

    fn knows(&self, name: &str) -> bool {
        self.witnesses.contains_key(name) || self.groups.iter().any(|group| group.name == name)
    }

    /// The witnesses, by name.
    pub fn witnesses(&self) -> impl Iterator<Item = (&str, &Witness)> {
        self.witnesses.iter().map(|(name, witness)| (name.as_str(), witness))
    }

    /// The checkpoint of a note by one of the logs, if enough witnesses have cosigned it.
    pub fn verify(&self, note: &str) -> Result<Checkpoint, PolicyError> {
        let mut failure = CheckpointError::Malformed;
        for log in &self.logs {
            match Checkpoint::verify(note, log) {
                Ok(checkpoint) if self.witnessed(note) => return Ok(checkpoint),
                Ok(_) => return Err(PolicyError::NotWitnessed),
                Err(error) => failure = error,
            }
        }
        Err(PolicyError::Log(failure))
    }

    /// Whether enough witnesses have cosigned a note, whoever else signed it.
    pub fn witnessed(&self, note: &str) -> bool {
        let Some(quorum) = &self.quorum else { return true };
        let Ok(note) = SignedNote::parse(note) else { return false };
        let cosigned = |witness: &Witness| matches!(note.cosigned(&witness.key), Ok(Some(_)));
        let witnesses = self.witnesses.iter().filter(|(_, witness)| cosigned(witness));
        let mut satisfied: BTreeSet<&str> = witnesses.map(|(name, _)| name.as_str()).collect();
        for Group { name, threshold, members } in &self.groups {
            if members.iter().filter(|member| satisfied.contains(member.as_str())).count() >= *threshold {
                satisfied.insert(name);
            }
        }
        satisfied.contains(quorum.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Hash;
    use crate::key::SecretKey;
    use crate::ledger::{LogSigner, WitnessSigner};

    fn witness(seed: u8) -> WitnessSigner {
        WitnessSigner::new(format!("w{seed}.example"), SecretKey::from_seed(&[seed; 32])).unwrap()
    }

    fn log() -> LogSigner {
        LogSigner::new("example.com/log", SecretKey::from_seed(&[1; 32])).unwrap()
    }

    fn text(quorum: &str) -> String {
        let vkey = |seed| witness(seed).public().to_vkey();
        format!(
            "# who we trust\nlog {}\n\n witness X1\t{} https://x1.example/\nwitness X2 {}\nwitness Y {}\n\
             group X any X1 X2\ngroup both all X Y\ngroup two 2 X1 X2 Y\nquorum {quorum}\n",
            log().log_key().to_vkey(),
            vkey(2),
            vkey(3),
            vkey(4)
        )
    }

    fn cosigned(by: &[u8]) -> String {
        let note =
            Checkpoint { origin: "example.com/log".into(), size: 7, root: Hash::of(b"r") }.sign(&log());
        let text = SignedNote::parse(&note).unwrap().unverified_text().to_owned();
        by.iter().fold(note, |note, &seed| note + &witness(seed).cosign(&text, 5))
    }

    #[test]
    fn a_quorum_is_reached_as_its_groups_say() {
        for (quorum, by, reached) in [
            ("none", &[][..], true),
            ("X1", &[2], true),
            ("X1", &[3], false),
            ("both", &[3, 4], true),
            ("both", &[2, 3], false),
            ("two", &[2, 3], true),
            ("two", &[4], false),
            ("two", &[9, 8, 7], false),
        ] {
            let policy = Policy::parse(&text(quorum)).unwrap();
            let checkpoint = policy.verify(&cosigned(by));
            assert_eq!(checkpoint.is_ok(), reached, "{quorum} by {by:?}");
        }
        let policy = Policy::parse(&text("X1")).unwrap();
        assert_eq!(policy.witnesses().count(), 3);
        let foreign = LogSigner::new("example.com/other", SecretKey::from_seed(&[9; 32])).unwrap();
        let note =
            Checkpoint { origin: "example.com/other".into(), size: 1, root: Hash::of(b"r") }.sign(&foreign);
        assert!(matches!(policy.verify(&note), Err(PolicyError::Log(_))));
    }

    #[test]
    fn a_bad_line_is_named() {
        let good = text("two");
        let vkey = witness(2).public().to_vkey();
        for (extra, line) in [
            ("quorum X".to_owned(), 11),
            ("witness Z nonsense".into(), 11),
            (format!("witness again {vkey}"), 11),
            ("group X any Y".into(), 11),
            ("group Z 3 X Y".into(), 11),
            ("group Z any later".into(), 11),
            ("group Z some X".into(), 11),
            ("hello".into(), 11),
        ] {
            let error = Policy::parse(&format!("{good}{extra}\n")).unwrap_err();
            assert!(matches!(error, PolicyError::Line { line: at, .. } if at == line), "{extra}: {error}");
        }
        assert_eq!(Policy::parse("# nothing\n"), Err(PolicyError::NoQuorum));
    }
}
