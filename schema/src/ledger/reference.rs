//! Proofs straight from the definitions of RFC 6962, slow and obvious: what tests and golden vectors are made
//! with.

use super::merkle::tree_root;
use crate::bytes::Hash;
use crate::prelude::*;

/// The inclusion proof of RFC 6962 section 2.1.1.
pub fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (mut proof, other) = if index < split {
        (path(index, &leaves[..split]), tree_root(&leaves[split..]))
    } else {
        (path(index - split, &leaves[split..]), tree_root(&leaves[..split]))
    };
    proof.push(other);
    proof
}

/// The consistency proof of RFC 6962 section 2.1.2; `whole` says that the old tree's root is known.
pub fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![tree_root(leaves)] };
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (mut proof, other) = if old <= split {
        (subproof(old, &leaves[..split], whole), tree_root(&leaves[split..]))
    } else {
        (subproof(old - split, &leaves[split..], false), tree_root(&leaves[..split]))
    };
    proof.push(other);
    proof
}
