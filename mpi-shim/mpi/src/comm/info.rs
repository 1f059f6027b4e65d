//! Hints of a communicator (MPI-5.0 §7.4.4). A copy of a communicator starts without hints.

use super::Comm;
use crate::error::Result;
use crate::{CommId, Eng, InfoId, info};

pub(super) fn set_hints(comm: &Comm, hints: &[(String, String)]) {
    for (key, value) in hints {
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
