//! A map in one piece of memory, in the order of its keys. Ours are short, or grow at their end and shrink at their
//! beginning, where this is as fast as a tree; as WASM it is a tenth of one.

use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::string::String;
use core::borrow::Borrow;
use delistening_schema::DropReason;
use delistening_schema::json::{FromJson, Json, Object, ToJson};

#[derive(Clone, Debug, PartialEq)]
pub struct Map<K, V>(VecDeque<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<K: Ord, V> Map<K, V> {
    /// Where a key is, or where it would be.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        // Most are added at the end.
        if self.0.back().is_none_or(|(last, _)| last.borrow() < key) {
            return Err(self.0.len());
        }
        self.0.binary_search_by(|(own, _)| own.borrow().cmp(key))
    }

    /// Gives what was there before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(at) => Some(core::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let at = self.place(key).ok()?;
        self.0.remove(at).map(|(_, value)| value)
    }

    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|at| &self.0[at].1)
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|at| &mut self.0[at].1)
    }

    /// What is there, or what `make` makes for it.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let at = self.place(&key).unwrap_or_else(|at| {
            self.0.insert(at, (key, make()));
            at
        });
        &mut self.0[at].1
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }

    pub fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.0.retain(|(_, value)| keep(value));
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What the name of a member can be.
pub trait Name: Ord + Sized {
    fn as_name(&self) -> &str;
    fn from_name(name: &str) -> Option<Self>;
}

impl Name for String {
    fn as_name(&self) -> &str {
        self
    }

    fn from_name(name: &str) -> Option<Self> {
        Some(name.to_owned())
    }
}

impl Name for DropReason {
    fn as_name(&self) -> &str {
        self.as_str()
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::from_word(name)
    }
}

impl<K: Name, V: ToJson> ToJson for Map<K, V> {
    fn write_json(&self, out: &mut String) {
        let mut object = Object::begin(out);
        for (name, value) in self.iter() {
            object.member(name.as_name(), value);
        }
        object.end();
    }
}

impl<K: Name, V: FromJson> FromJson for Map<K, V> {
    fn from_json(json: Json<'_>) -> Option<Self> {
        let mut map = Self::default();
        for (name, value) in json.members() {
            map.insert(K::from_name(&name.string()?)?, V::from_json(value)?);
        }
        json.text().starts_with('{').then_some(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_map(steps in proptest::collection::vec((any::<bool>(), 0_u8..20, any::<u16>()), 0..100)) {
            let (mut map, mut tree) = (Map::default(), BTreeMap::new());
            for (add, key, value) in steps {
                if add {
                    prop_assert_eq!(map.insert(key, value), tree.insert(key, value));
                } else {
                    prop_assert_eq!(map.remove(&key), tree.remove(&key));
                }
                prop_assert_eq!(map.get(&key), tree.get(&key));
                prop_assert_eq!(map.iter().collect::<Vec<_>>(), tree.iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn it_is_an_object_in_json() {
        let json = r#"{"queue_full":3,"key_lost":1}"#;
        let map: Map<DropReason, u64> = delistening_schema::json::from_str(json).unwrap();
        assert_eq!(delistening_schema::json::to_string(&map), json);
        assert_eq!(delistening_schema::json::from_str::<Map<String, u64>>("[]"), None);
    }
}
