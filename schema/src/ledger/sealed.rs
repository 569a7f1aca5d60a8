//! Lists that an entry commits to without showing them: an RFC 6962 tree over salted items.
//!
//! Each item can be shown, or erased, without the others: its hash is what stays in the tree.

use super::merkle::{leaf_hash, tree_root};
use crate::bytes::{Hash, base64url_array};
use crate::prelude::*;
use serde::{Deserialize, Serialize};

/// One item of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Sealed {
    /// It can be read.
    Open {
        /// 16 random bytes, base64url: without them the hash tells nothing of the text.
        #[serde(with = "base64url_array")]
        #[cfg_attr(feature = "generate", schemars(with = "String"), ts(type = "string"))]
        salt: [u8; 16],
        /// JSON, as it was hashed.
        text: String,
    },
    /// It was erased; its hash stays.
    Erased {
        /// The hash of the item: SHA-256(0x00 ‖ salt ‖ text).
        erased: Hash,
    },
}

impl Sealed {
    /// Its leaf in the tree.
    pub fn leaf(&self) -> Hash {
        match self {
            Self::Open { salt, text } => leaf_hash(&[salt, text.as_bytes()].concat()),
            Self::Erased { erased } => *erased,
        }
    }

    /// What it says, unless it was erased.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Open { text, .. } => Some(text),
            Self::Erased { .. } => None,
        }
    }

    /// What is left of it when it is erased.
    #[must_use]
    pub fn erase(&self) -> Self {
        Self::Erased { erased: self.leaf() }
    }
}

/// The root over a list.
pub fn root(items: &[Sealed]) -> Hash {
    tree_root(&items.iter().map(Sealed::leaf).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<Sealed> {
        (0..5).map(|n| Sealed::Open { salt: [n; 16], text: format!("item {n}") }).collect()
    }

    #[test]
    fn erasing_an_item_leaves_the_root() {
        let whole = items();
        let mut partly = whole.clone();
        partly[3] = partly[3].erase();
        assert_eq!(partly[3].text(), None);
        assert_eq!(root(&whole), root(&partly));
        partly[2] = Sealed::Open { salt: [2; 16], text: "another".into() };
        assert_ne!(root(&whole), root(&partly));
    }

    #[test]
    fn items_are_read_as_they_were_written() {
        for item in [items().remove(1), items().remove(1).erase()] {
            let json = serde_json::to_string(&item).unwrap();
            assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), item);
        }
    }
}
