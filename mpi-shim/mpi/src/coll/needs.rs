//! What collectives need from the rest of the engine, in one place.
//!
//! STAND-IN: until the neighbours land, their types are sketched here with the signatures agreed.
#![allow(dead_code, unused_variables, reason = "stand-in until the neighbours land")]

pub use self::standin::{Op, SendMode, op, request};
use super::pool::Pool;
pub use crate::comm::Comm;
pub use crate::datatype::Datatype;
use crate::error::Result;
use crate::{CommId, Eng, OpId, TypeId};
use std::rc::Rc;

pub fn send_context(comm: &Comm) -> u32 {
    comm.context + 1
}
pub fn recv_context(comm: &Comm) -> u32 {
    comm.context + 1
}
pub fn pool_of(e: Eng) -> &'static Pool {
    &e.coll.pool
}
/// A predefined type is always there.
fn predefined(e: Eng, id: TypeId) -> Rc<Datatype> {
    e.types.find(id).expect("predefined types live as long as the engine")
}
/// MPI_BYTE.
pub fn byte(e: Eng) -> Rc<Datatype> {
    predefined(e, TypeId(583))
}
/// MPI_INT64_T.
pub fn word(e: Eng) -> Rc<Datatype> {
    predefined(e, TypeId(600))
}
pub fn find_comm(e: Eng, id: CommId) -> Result<Rc<Comm>> {
    e.comms.get(id)
}
pub fn find_type(e: Eng, id: TypeId) -> Result<Rc<Datatype>> {
    crate::datatype::usable(e, id)
}
pub fn find_op(e: Eng, id: OpId) -> Result<Rc<Op>> {
    todo!()
}

pub mod standin {
    use crate::UserBuf;
    pub struct Op;
    impl Op {
        pub fn commutative(&self) -> bool {
            todo!()
        }
    }
    pub mod op {
        use super::super::Datatype;
        use super::*;
        use crate::{Eng, TypeId, error::Result};
        use std::rc::Rc;
        pub fn apply(
            e: Eng,
            op: &Op,
            dt: &Rc<Datatype>,
            id: TypeId,
            a: UserBuf,
            b: UserBuf,
            n: i64,
        ) -> Result {
            todo!()
        }
        pub fn check(op: &Op, dt: &Rc<Datatype>) -> Result {
            todo!()
        }
    }
    pub enum SendMode {
        Standard,
    }
    #[allow(clippy::too_many_arguments, reason = "stand-in")]
    pub mod request {
        use super::super::{Comm, Datatype};
        use super::*;
        use crate::{Eng, RequestId, Status, error::Result};
        use std::rc::Rc;
        pub fn isend_raw(
            e: Eng,
            mode: SendMode,
            comm: &Rc<Comm>,
            context: u32,
            buf: UserBuf,
            count: i64,
            dt: &Rc<Datatype>,
            dest: i32,
            tag: i32,
        ) -> Result<RequestId> {
            todo!()
        }
        pub fn irecv_raw(
            e: Eng,
            comm: &Rc<Comm>,
            context: u32,
            buf: UserBuf,
            count: i64,
            dt: &Rc<Datatype>,
            source: i32,
            tag: i32,
        ) -> Result<RequestId> {
            todo!()
        }
        pub fn poll_done(e: Eng, id: RequestId) -> Option<Result<Status>> {
            todo!()
        }
        pub fn insert_generic(e: Eng, poll: Box<dyn FnMut(Eng) -> Option<Result<Status>>>) -> RequestId {
            todo!()
        }
        pub fn insert_persistent(e: Eng, start: Box<dyn Fn(Eng) -> Result<RequestId>>) -> Result<RequestId> {
            todo!()
        }
    }
}
