//! What was read from a file last, or written to it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Between one and two times `most` of what was read or written last: when there are so many new ones, those that nobody
/// asked for meanwhile go.
#[derive(Debug)]
pub struct Remembered<K, T> {
    most: usize,
    all: HashMap<K, Arc<T>>,
    /// Those before, of which the ones that are asked for again stay.
    before: HashMap<K, Arc<T>>,
}

impl<K: Eq + Hash, T> Remembered<K, T> {
    pub fn new(most: usize) -> Self {
        Self { most, all: HashMap::new(), before: HashMap::new() }
    }

    pub fn get(&mut self, key: &K) -> Option<Arc<T>> {
        if let Some(value) = self.all.get(key) {
            return Some(Arc::clone(value));
        }
        self.get_mut(key).map(|value| Arc::clone(value))
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut Arc<T>> {
        if !self.all.contains_key(key) {
            let (key, value) = self.before.remove_entry(key)?;
            self.insert(key, &value);
        }
        self.all.get_mut(key)
    }

    pub fn insert(&mut self, key: K, value: &Arc<T>) {
        if self.all.len() >= self.most {
            self.before = std::mem::take(&mut self.all);
        }
        self.all.insert(key, Arc::clone(value));
    }

    pub fn remove(&mut self, key: &K) {
        self.all.remove(key);
        self.before.remove(key);
    }

    pub fn clear(&mut self) {
        self.all.clear();
        self.before.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_what_is_not_goes() {
        let mut remembered = Remembered::new(2);
        for number in 0..6 {
            remembered.insert(number, &Arc::new(number));
            assert_eq!(remembered.get(&0).as_deref(), Some(&0), "asked for after each");
        }
        let kept = |remembered: &mut Remembered<i32, i32>| -> Vec<i32> {
            (0..6)
                .filter(|number| {
                    remembered.all.contains_key(number) || remembered.before.contains_key(number)
                })
                .collect()
        };
        let all = kept(&mut remembered);
        assert!(all.contains(&0) && all.contains(&5) && !all.contains(&1) && all.len() <= 4, "{all:?}");
        // The newest value, wherever one before it lies.
        remembered.insert(0, &Arc::new(10));
        *remembered.get_mut(&0).unwrap() = Arc::new(11);
        assert_eq!(remembered.get(&0).as_deref(), Some(&11));
        remembered.remove(&0);
        assert_eq!(remembered.get(&0), None);
        remembered.clear();
        assert_eq!(kept(&mut remembered), [0; 0]);
    }
}
