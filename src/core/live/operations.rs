//! Operations: changes asked for from outside, which may concern many connections, and how they went.

use std::collections::BTreeMap;

#[derive(Default, Debug)]
pub struct Operation {
    /// Connections that have not answered.
    pub open: u32,
    /// Peers whose connections have changed.
    pub done: Vec<u32>,
    /// Peers whose connections have not, and why: one sentence each.
    pub failures: Vec<(u32, String)>,
}

/// Operations kept after their end, for whoever asks.
const KEPT: usize = 64;

#[derive(Default)]
pub struct Operations {
    last: u64,
    list: BTreeMap<u64, Operation>,
}

impl Operations {
    /// A new operation on `connections` connections.
    pub fn begin(&mut self, connections: u32) -> u64 {
        self.last += 1;
        self.list.insert(self.last, Operation { open: connections, ..Operation::default() });
        while self.list.len() > KEPT {
            self.list.pop_first();
        }
        self.last
    }

    pub fn done(&mut self, id: u64, peer: u32) {
        if let Some(operation) = self.list.get_mut(&id) {
            operation.open = operation.open.saturating_sub(1);
            operation.done.push(peer);
        }
    }

    pub fn failed(&mut self, id: u64, peer: u32, why: String) {
        if let Some(operation) = self.list.get_mut(&id) {
            operation.open = operation.open.saturating_sub(1);
            operation.failures.push((peer, why));
        }
    }

    pub fn get(&self, id: u64) -> Option<&Operation> {
        self.list.get(&id)
    }
}
