//! The cards ranks put up for each other, and who waits for one that is not there yet.

use std::collections::HashMap;

type Name = (u32, String);

/// Cards by rank and key. `W` names a waiter.
pub struct Cards<W> {
    there: HashMap<Name, Vec<u8>>,
    awaited: HashMap<Name, Vec<W>>,
}

impl<W> Default for Cards<W> {
    fn default() -> Cards<W> {
        Cards { there: HashMap::new(), awaited: HashMap::new() }
    }
}

impl<W> Cards<W> {
    /// Stores a card; returns everybody who waited for it.
    pub fn put(&mut self, rank: u32, key: String, value: Vec<u8>) -> Vec<W> {
        let name = (rank, key);
        let waiters = self.awaited.remove(&name).unwrap_or_default();
        self.there.insert(name, value);
        waiters
    }

    pub fn get(&self, rank: u32, key: &str) -> Option<&[u8]> {
        self.there.get(&(rank, key.to_string())).map(Vec::as_slice)
    }

    /// Notes that somebody waits for a card. `true` for the first to do so.
    pub fn wait(&mut self, rank: u32, key: String, waiter: W) -> bool {
        let waiters = self.awaited.entry((rank, key)).or_default();
        waiters.push(waiter);
        waiters.len() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiters_are_told_once() {
        let mut cards = Cards::default();
        assert!(cards.wait(1, "k".into(), 'a') && !cards.wait(1, "k".into(), 'b'));
        assert_eq!(cards.put(1, "k".into(), vec![7]), ['a', 'b']);
        assert_eq!(cards.put(1, "k".into(), vec![8]), []);
        assert_eq!((cards.get(1, "k"), cards.get(0, "k")), (Some(&[8][..]), None));
    }
}
