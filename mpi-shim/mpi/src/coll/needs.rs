//! What collectives need from the rest of the engine, in one place.

pub use crate::comm::Comm;
pub use crate::datatype::{Datatype, usable as find_type};
pub use crate::op::{self, Op};
pub use crate::p2p::SendMode;
pub use crate::request;

use crate::{Eng, TypeId};
use std::rc::Rc;

/// Messages of collectives travel beside the communicator's point-to-point messages.
pub fn context(comm: &Comm) -> u32 {
    comm.context + 1
}

/// MPI_BYTE.
pub fn byte(e: Eng) -> Rc<Datatype> {
    predefined(e, TypeId(583))
}

/// MPI_INT64_T.
pub fn word(e: Eng) -> Rc<Datatype> {
    predefined(e, TypeId(600))
}

fn predefined(e: Eng, id: TypeId) -> Rc<Datatype> {
    e.types.find(id).expect("predefined types live as long as the engine")
}
