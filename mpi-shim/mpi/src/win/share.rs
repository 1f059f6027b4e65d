//! How the processes of a window come to map the same memory: the first one makes a memory file and hands it to the
//! others (see [`vmi::job::share`]). They agree on the outcome: all map it, or none.

use super::Part;
use crate::coll::{self, Agree};
use crate::comm::Comm;
use crate::error::Result;
use crate::{Eng, fail};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use vmi::job::share::{self, Offer};
use vmi::shm::window::WindowMemory;

/// Memory for all parts of a window whose processes are on one host. `Err` tells every process alike why not.
pub fn map(e: Eng, comm: &Rc<Comm>, parts: &[Part]) -> Result<WindowMemory> {
    let data = parts.iter().map(|part| part.offset.saturating_add(part.size as usize)).max().unwrap_or(0);
    let processes = parts.len();
    let made = match comm.rank {
        0 => hand_out(e, comm, processes, data),
        _ => receive(e, comm)?,
    };
    let mapped = made.and_then(|file| {
        WindowMemory::map(file.as_fd(), processes, data)
            .map_err(|why| format!("cannot map {data} bytes of shared memory: {why}"))
    });
    let mut failures = [i64::from(mapped.is_err())];
    coll::allreduce_ints(e, comm, &mut failures, Agree::Sum)?;
    match mapped {
        Ok(memory) if failures[0] == 0 => Ok(memory),
        Ok(_) => fail!(NO_MEM, "{} processes cannot map the shared memory of the window", failures[0]),
        Err(why) => fail!(NO_MEM, "{why}"),
    }
}

/// The first process: an empty card tells the others that there is nothing to fetch.
fn hand_out(e: Eng, comm: &Rc<Comm>, processes: usize, data: usize) -> Made {
    let made = WindowMemory::file(processes, data)
        .map_err(|why| format!("cannot make {data} bytes of shared memory: {why}"));
    if processes == 1 {
        return made;
    }
    let offered = made.and_then(|file| Ok((file, Offer::open().map_err(|why| why.to_string())?)));
    let mut card = offered.as_ref().map_or_else(|_| Vec::new(), |(_, offer)| offer.card());
    let told = coll::bcast_bytes(e, comm, &mut card, 0);
    let (file, offer) = offered?;
    told.map_err(|why| why.text().to_string())?;
    // The card must have left before this process waits for those who hold it.
    while e.traffic.borrow().owes() {
        e.progress_wait().map_err(|why| why.text().to_string())?;
    }
    offer.serve(&file, processes - 1).map_err(|why| why.to_string())?;
    Ok(file)
}

type Made = std::result::Result<OwnedFd, String>;

fn receive(e: Eng, comm: &Rc<Comm>) -> Result<Made> {
    let mut card = Vec::new();
    coll::bcast_bytes(e, comm, &mut card, 0)?;
    if card.is_empty() {
        return Ok(Err("rank 0 cannot make the shared memory of the window".into()));
    }
    Ok(share::take(&card).map_err(|why| why.to_string()))
}
