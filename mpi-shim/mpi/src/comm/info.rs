//! Hints of a communicator (MPI-5.0 §7.4.4). A copy of a communicator starts without hints.

use super::Comm;
use crate::error::Result;
use crate::{CommId, Eng, InfoId, info};

/// Hints that mean something for a communicator; others are ignored (MPI-5.0 §7.4.4 leaves them to us).
const KNOWN: [&str; 6] = [
    "mpi_assert_no_any_tag",
    "mpi_assert_no_any_source",
    "mpi_assert_exact_length",
    "mpi_assert_allow_overtaking",
    "mpi_assert_memory_alloc_kinds",
    "mpi_memory_alloc_kinds",
];

pub(super) fn set_hints(comm: &Comm, hints: &[(String, String)]) {
    for (key, value) in hints.iter().filter(|(key, _)| KNOWN.contains(&key.as_str())) {
        comm.info.set(key, value);
    }
}

pub fn comm_set_info(e: Eng, comm: CommId, info: InfoId) -> Result {
    let comm = e.comms.get(comm)?;
    set_hints(&comm, &info::pairs_of(e, info)?);
    Ok(())
}

/// A new info object with the hints in effect.
pub fn comm_get_info(e: Eng, comm: CommId) -> Result<InfoId> {
    let hints = e.comms.get(comm)?.info.clone();
    Ok(e.infos.insert(hints))
}
