//! Memory for the program (MPI-5.0 §9.2).

use crate::error::Result;
use crate::{Eng, InfoId, UserBuf, fail};

/// Blocks start on a cache line.
const ALIGN: usize = 64;

/// Returns the address of `size` bytes.
pub fn alloc_mem(e: Eng, size: i64, info: InfoId) -> Result<usize> {
    crate::info::pairs_of(e, info)?;
    let Ok(len) = usize::try_from(size) else {
        fail!(ARG, "size is {size}, expected 0 or more");
    };
    let mut block = Vec::new();
    if len.checked_add(ALIGN).is_none_or(|n| block.try_reserve_exact(n).is_err()) {
        fail!(NO_MEM, "size is {size}, more memory than there is");
    }
    let address = (block.as_ptr() as usize).next_multiple_of(ALIGN);
    e.env.memory.borrow_mut().insert(address, block);
    Ok(address)
}

pub fn free_mem(e: Eng, base: UserBuf) -> Result {
    match e.env.memory.borrow_mut().remove(&base.addr()) {
        Some(_) => Ok(()),
        None if base.is_null() => Ok(()),
        None => fail!(BASE, "base is {:#x}, which MPI_Alloc_mem did not return or is freed", base.addr()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Engine;

    #[test]
    fn memory_is_aligned_and_freed_once() {
        let e: Eng = Box::leak(Box::default());
        let _: &Engine = e;
        let address = alloc_mem(e, 100, InfoId::NULL).unwrap();
        assert_eq!(address % ALIGN, 0);
        let mut probe = [0u8; 1];
        let base = UserBuf::of(&mut probe).offset(address as isize - probe.as_ptr() as isize);
        base.write(99, &[7]);
        free_mem(e, base).unwrap();
        assert!(free_mem(e, base).is_err());
        assert!(alloc_mem(e, -1, InfoId::NULL).is_err());
        assert!(alloc_mem(e, i64::MAX, InfoId::NULL).is_err());
    }
}
