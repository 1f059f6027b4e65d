//! What collectives need from the rest of the engine, in one place.
//!
//! STAND-IN: until the neighbours land, their types are sketched here with the signatures agreed.
#![allow(dead_code, unused_variables, reason = "stand-in until the neighbours land")]

pub use self::standin::{Datatype, Op, SendMode, op, request};
use super::pool::Pool;
pub use crate::comm::Comm;
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
pub fn byte(e: Eng) -> Rc<Datatype> {
    todo!("MPI_BYTE")
}
pub fn word(e: Eng) -> Rc<Datatype> {
    todo!("MPI_INT64_T")
}
pub fn find_comm(e: Eng, id: CommId) -> Result<Rc<Comm>> {
    e.comms.get(id)
}
pub fn find_type(e: Eng, name: &str, id: TypeId) -> Result<Rc<Datatype>> {
    todo!()
}
pub fn find_op(e: Eng, id: OpId) -> Result<Rc<Op>> {
    todo!()
}

pub mod standin {
    use crate::UserBuf;
    /// Elements of (offset, length) pieces.
    pub struct Datatype {
        pub pieces: Vec<(i64, u64)>,
        pub lb: i64,
        pub extent: i64,
    }
    impl Datatype {
        pub fn size(&self) -> u64 {
            self.pieces.iter().map(|p| p.1).sum()
        }
        pub fn extent(&self) -> i64 {
            self.extent
        }
        pub fn true_lb(&self) -> i64 {
            self.pieces.iter().map(|p| p.0).min().unwrap_or(0)
        }
        pub fn true_extent(&self) -> i64 {
            self.pieces.iter().map(|p| p.0 + p.1 as i64).max().unwrap_or(0) - self.true_lb()
        }
        pub fn contiguous_window(&self, buf: UserBuf, count: i64) -> Option<(UserBuf, u64)> {
            let dense = self.pieces.len() == 1 && (count <= 1 || self.size() as i64 == self.extent);
            dense.then(|| (buf.offset(self.true_lb() as isize), self.size() * count as u64))
        }
        fn window(&self, buf: UserBuf, from: u64, len: usize, mut f: impl FnMut(UserBuf, usize)) {
            for at in from..from + len as u64 {
                let (element, mut rest) = (at / self.size(), at % self.size());
                for &(offset, n) in &self.pieces {
                    if rest < n {
                        f(
                            buf.offset((element as i64 * self.extent + offset) as isize + rest as isize),
                            (at - from) as usize,
                        );
                        break;
                    }
                    rest -= n;
                }
            }
        }
        pub fn pack(&self, buf: UserBuf, count: i64, from: u64, dst: UserBuf, len: usize) {
            self.window(buf, from, len, |p, at| p.copy_to(dst.offset(at as isize), 1));
        }
        pub fn unpack(&self, buf: UserBuf, count: i64, from: u64, src: UserBuf, len: usize) {
            self.window(buf, from, len, |p, at| src.offset(at as isize).copy_to(p, 1));
        }
    }
    pub struct Op;
    impl Op {
        pub fn commutative(&self) -> bool {
            todo!()
        }
    }
    pub mod op {
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
        use super::super::Comm;
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
