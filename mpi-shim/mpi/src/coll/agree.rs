//! Collectives for the engine itself: agreement on context numbers, splits, windows.
//!
//! They run on a communicator between the program's own collectives, in the same order on every rank.

use super::barrier::barrier;
use super::fold::{Agree, Fold};
use super::needs::*;
use super::wire::Wire;
use super::{allgather, allreduce, bcast, drive};
use crate::error::Result;
use crate::{Eng, UserBuf};
use std::rc::Rc;

/// Combines `values` element by element over all ranks of `comm`.
pub fn allreduce_ints(e: Eng, comm: &Rc<Comm>, values: &mut [i64], op: Agree) -> Result {
    run(e, comm, async |w| sum_up(w, values, op).await)
}

/// What every rank contributed, in the order of ranks.
pub fn allgather_bytes(e: Eng, comm: &Rc<Comm>, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
    run(e, comm, async |w| collect(w, mine).await)
}

/// Gives every rank the root's bytes.
pub fn bcast_bytes(e: Eng, comm: &Rc<Comm>, bytes: &mut Vec<u8>, root: i32) -> Result {
    run(e, comm, async |w| spread(w, bytes, root as usize).await)
}

/// Waits until every rank of `comm` has come here.
pub fn barrier_on(e: Eng, comm: &Rc<Comm>) -> Result {
    run(e, comm, async |w| barrier(w).await)
}

fn run<T>(e: Eng, comm: &Rc<Comm>, task: impl AsyncFnOnce(&Wire) -> Result<T>) -> Result<T> {
    let w = drive::wire(e, comm, drive::next_tag(comm));
    drive::block_on(e, async {
        let value = task(&w).await?;
        w.verdict(Ok(()))?;
        Ok(value)
    })
}

/// As [`allreduce_ints`], within a running operation.
pub async fn sum_up(w: &Wire, values: &mut [i64], op: Agree) -> Result {
    let mut bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
    let buf = UserBuf::of(&mut bytes);
    let fold = Fold::Agree(op, w.word());
    allreduce::allreduce(w, &fold, UserBuf::IN_PLACE, buf, values.len() as i64).await?;
    for (value, word) in values.iter_mut().zip(bytes.chunks_exact(8)) {
        *value = i64::from_ne_bytes(word.try_into().unwrap_or_default());
    }
    Ok(())
}

/// As [`allgather_bytes`], within a running operation.
pub async fn collect(w: &Wire, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut lengths = vec![0; w.size];
    lengths[w.rank] = mine.len() as i64;
    sum_up(w, &mut lengths, Agree::Sum).await?;
    let mut all: Vec<Vec<u8>> = lengths.iter().map(|&len| vec![0; len as usize]).collect();
    all[w.rank].copy_from_slice(mine);
    let places: Vec<UserBuf> = all.iter_mut().map(|bytes| UserBuf::of(bytes)).collect();
    allgather::allgather(w, |rank| w.bytes(places[rank], lengths[rank] as usize)).await?;
    Ok(all)
}

/// As [`bcast_bytes`], within a running operation.
pub async fn spread(w: &Wire, bytes: &mut Vec<u8>, root: usize) -> Result {
    let mut length = (bytes.len() as u64).to_ne_bytes();
    bcast::bcast(w, w.bytes(UserBuf::of(&mut length), 8), root).await?;
    bytes.resize(u64::from_ne_bytes(length) as usize, 0);
    bcast::bcast(w, w.bytes(UserBuf::of(bytes), bytes.len()), root).await
}
