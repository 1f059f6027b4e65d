//! Temporary memory for collectives, kept for the next operation so that none is allocated in a steady state.
//!
//! Not a general allocator: a handful of blocks, each used by one operation at a time.

use std::cell::RefCell;

/// Blocks kept at most, and bytes in them at most.
const KEEP_BLOCKS: usize = 16;
const KEEP_BYTES: usize = 32 << 20;
/// The smallest block; a small operation then reuses any block.
const SMALLEST: usize = 1024;

#[derive(Default)]
pub struct Pool {
    blocks: RefCell<Vec<Vec<u8>>>,
}

impl Pool {
    /// A block of at least `len` bytes with arbitrary content.
    pub fn take(&self, len: usize) -> Vec<u8> {
        let mut blocks = self.blocks.borrow_mut();
        let fits = |block: &Vec<u8>| block.len() >= len && block.len() / 4 <= len.max(SMALLEST);
        match blocks.iter().rposition(fits) {
            Some(at) => blocks.swap_remove(at),
            None => vec![0; len.next_power_of_two().max(SMALLEST)],
        }
    }

    pub fn give(&self, block: Vec<u8>) {
        let mut blocks = self.blocks.borrow_mut();
        let kept: usize = blocks.iter().map(Vec::len).sum();
        if !block.is_empty() && blocks.len() < KEEP_BLOCKS && kept + block.len() <= KEEP_BYTES {
            blocks.push(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_is_reused() {
        let pool = Pool::default();
        let block = pool.take(5000);
        let address = block.as_ptr();
        pool.give(block);
        let again = pool.take(4000);
        assert_eq!(again.as_ptr(), address);
    }

    #[test]
    fn huge_block_is_not_kept() {
        let pool = Pool::default();
        pool.give(vec![0; KEEP_BYTES + 1]);
        assert!(pool.blocks.borrow().is_empty());
    }
}
