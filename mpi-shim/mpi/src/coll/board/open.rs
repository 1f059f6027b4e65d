//! How a communicator gets its board: one member makes a memory file and hands it to the others.
//!
//! It takes some collectives until it is made, so that communicators that are used once or twice cost nothing. The
//! count is the same on all members; they agree on the outcome: all have the board, or none.

use super::super::{Agree, agree};
use super::{Board, Passage};
use crate::comm::Comm;
use crate::error::Result;
use crate::{Eng, UserBuf};
use std::cell::{Cell, OnceCell};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use vmi::job::share::{self, Offer};
use vmi::shm::bells::Bells;
use vmi::shm::board::{BoardMemory, MOST_MEMBERS, Member};
use vmi::sys::memory::read_process;

/// Collectives on a communicator before it gets a board.
const PATIENCE: u32 = 4;

/// Tells the right word from a word that happens to lie at the address.
const MARK: u64 = 0x564d_4920_626f_6172;

/// Where a communicator keeps its board.
#[derive(Default)]
pub struct Place {
    /// None inside: there will never be one.
    board: OnceCell<Option<Board>>,
    wishes: Cell<u32>,
}

#[inline]
pub fn board_of(e: Eng, comm: &Rc<Comm>) -> Option<&Board> {
    match comm.coll.board.board.get() {
        Some(board) => board.as_ref(),
        None => wish(e, comm),
    }
}

#[cold]
fn wish(e: Eng, comm: &Rc<Comm>) -> Option<&Board> {
    let place = &comm.coll.board;
    let wishes = place.wishes.get() + 1;
    place.wishes.set(wishes);
    let possible = !comm.is_inter() && (2..=MOST_MEMBERS as i32).contains(&comm.size());
    if possible && wishes < PATIENCE {
        return None;
    }
    let board = if possible { make(e, comm).unwrap_or(None) } else { None };
    place.board.get_or_init(|| board).as_ref()
}

/// Asks whether all can, before the first member waits for the others to fetch the file.
fn make(e: Eng, comm: &Rc<Comm>) -> Result<Option<Board>> {
    let processes: Vec<u32> = (0..comm.size()).map(|rank| comm.proc_of(rank)).collect();
    let neighbours = {
        let core = &e.traffic.borrow().core;
        core.neighbours(&processes).filter(|_| processes.iter().all(|&process| core.is_near(process)))
    };
    let offer = if comm.rank == 0 { Offer::open().ok() } else { None };
    let able = neighbours.is_some() && (comm.rank != 0 || offer.is_some());
    if !all(e, comm, able)? {
        return Ok(None);
    }
    let file = match offer {
        Some(offer) => hand_out(e, comm, &offer)?,
        None => receive(e, comm)?,
    };
    let memory = file.and_then(|file| BoardMemory::map(file.as_fd(), processes.len()).ok());
    if !all(e, comm, memory.is_some())? {
        return Ok(None);
    }
    let pids = pids(e, &processes);
    let fetch_from = try_to_fetch(e, comm, &pids)?;
    let mut cores = [e.waiting.cores() as i64];
    agree::allreduce_ints(e, comm, &mut cores, Agree::Max)?;
    let me = comm.rank as usize;
    let members = memory.map(|memory| Member::new(memory, me, processes.len()));
    Ok(members.zip(neighbours).map(|(member, (node, indices))| Board {
        passage: Passage::of(&member),
        member,
        bells: Bells::new(node, indices, me),
        ways: Cell::new((u64::MAX, false)),
        piped_in_a_row: Cell::new(0),
        pieces: Cell::new(0),
        processes,
        pids,
        fetch_from,
        cores: cores[0] as usize,
    }))
}

fn pids(e: Eng, processes: &[u32]) -> Vec<i32> {
    let core = &e.traffic.borrow().core;
    // Nobody has the number -1: what cannot be found cannot be read.
    processes.iter().map(|&process| core.pid(process).unwrap_or(-1)).collect()
}

/// Every member reads a word of every other. The size from which on all members want to read what others lend.
fn try_to_fetch(e: Eng, comm: &Rc<Comm>, pids: &[i32]) -> Result<usize> {
    let mut word = (comm.rank as u64 ^ MARK).to_ne_bytes();
    let address = UserBuf::of(&mut word).addr() as u64;
    let wanted = e.traffic.borrow().lend_from();
    let card = [address.to_ne_bytes(), wanted.to_ne_bytes()].concat();
    let cards = agree::allgather_bytes(e, comm, &card)?;
    let number = |card: &[u8]| card.try_into().map_or(u64::MAX, u64::from_ne_bytes);
    let reads = |rank: usize| {
        let mut seen = [0; 8];
        let address = number(cards[rank].get(..8).unwrap_or_default()) as usize;
        read_process(pids[rank], address, UserBuf::of(&mut seen), 8).is_ok()
            && u64::from_ne_bytes(seen) == rank as u64 ^ MARK
    };
    let from = cards.iter().map(|card| number(card.get(8..).unwrap_or_default())).max().unwrap_or(u64::MAX);
    // Nobody leaves before all have read its word.
    let works = all(e, comm, (0..cards.len()).all(reads))?;
    Ok(if works { from.max(1) as usize } else { usize::MAX })
}

fn all(e: Eng, comm: &Rc<Comm>, yes: bool) -> Result<bool> {
    let mut vote = [i64::from(yes)];
    agree::allreduce_ints(e, comm, &mut vote, Agree::Min)?;
    Ok(vote[0] == 1)
}

/// An empty card tells the others that there is nothing to fetch.
fn hand_out(e: Eng, comm: &Rc<Comm>, offer: &Offer) -> Result<Option<OwnedFd>> {
    let file = BoardMemory::file(comm.size() as usize).ok();
    let mut card = if file.is_some() { offer.card() } else { Vec::new() };
    agree::bcast_bytes(e, comm, &mut card, 0)?;
    // The card must have left before this process waits for those who hold it.
    while e.traffic.borrow().owes() {
        e.progress_wait()?;
    }
    let takers = comm.size() as usize - 1;
    Ok(file.filter(|file| offer.serve(file, takers).is_ok()))
}

fn receive(e: Eng, comm: &Rc<Comm>) -> Result<Option<OwnedFd>> {
    let mut card = Vec::new();
    agree::bcast_bytes(e, comm, &mut card, 0)?;
    Ok(if card.is_empty() { None } else { share::take(&card).ok() })
}
