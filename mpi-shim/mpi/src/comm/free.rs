//! The end of a communicator.

use super::Comm;
use crate::attr::Owner;
use crate::error::Result;
use crate::handle::Table;
use crate::{AttrOn, CommId, Eng, fail};

/// Deletes the attributes and takes the handle away. Requests that are pending keep the communicator itself.
/// When a delete callback fails, the communicator stays.
pub fn comm_free(e: Eng, comm: &mut CommId) -> Result {
    let object = e.comms.get(*comm)?;
    if Table::<CommId, Comm>::is_predefined(*comm) {
        fail!(COMM, "comm is {}, which cannot be freed", object.name.borrow());
    }
    object.attrs.delete_all(Owner::new(AttrOn::Comm, *comm))?;
    e.comms.remove(*comm)?;
    *comm = CommId::NULL;
    Ok(())
}

/// As [`comm_free`]; the program may call it only when its communication on `comm` is complete.
pub fn comm_disconnect(e: Eng, comm: &mut CommId) -> Result {
    comm_free(e, comm)
}
