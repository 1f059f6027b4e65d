//! Reduction operations: predefined ones on predefined types, and the program's own.
//!
//! One up: `coll` and `rma` call [`apply`] on pieces of their buffers. One down: the typed loops of
//! [`vmi::core::buffer`], which the compiler vectorises, and the program's callbacks.
//!
//! What a predefined operation accepts follows MPI-5.0 §6.9.2. Wider in one respect, as other MPI libraries are:
//! `MPI_CHAR` and `MPI_CHARACTER` count as integers, and logical operations accept any number.

mod functions;
mod number;
mod pair;
pub mod soft;
#[cfg(test)]
mod tests;

pub use functions::*;

use crate::constants::class;
use crate::datatype::{Basic, Datatype, Family, Form};
use crate::handle::Table;
use crate::{Eng, OpId, Result, TypeId, UserBuf, UserFn, fail};
use std::rc::Rc;
use vmi_mpi_args::callbacks;

pub type Ops = Table<OpId, Op>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    Sum,
    Min,
    Max,
    Prod,
    Band,
    Bor,
    Bxor,
    Land,
    Lor,
    Lxor,
    Minloc,
    Maxloc,
    Replace,
    NoOp,
    /// `MPIX_EQUAL`: a handle in MPICH's header that no program can use.
    Equal,
}

/// Engine number, name, operation.
const PREDEFINED: [(u32, &str, Which); 15] = [
    (33, "MPI_SUM", Which::Sum),
    (34, "MPI_MIN", Which::Min),
    (35, "MPI_MAX", Which::Max),
    (36, "MPI_PROD", Which::Prod),
    (40, "MPI_BAND", Which::Band),
    (41, "MPI_BOR", Which::Bor),
    (42, "MPI_BXOR", Which::Bxor),
    (48, "MPI_LAND", Which::Land),
    (49, "MPI_LOR", Which::Lor),
    (50, "MPI_LXOR", Which::Lxor),
    (56, "MPI_MINLOC", Which::Minloc),
    (57, "MPI_MAXLOC", Which::Maxloc),
    (60, "MPI_REPLACE", Which::Replace),
    (61, "MPI_NO_OP", Which::NoOp),
    (900, "MPIX_EQUAL", Which::Equal),
];

enum Kind {
    Predefined(Which),
    User(UserFn),
}

/// An operation object.
pub struct Op {
    kind: Kind,
    name: &'static str,
    commutative: bool,
}

impl Op {
    pub fn commutative(&self) -> bool {
        self.commutative
    }
    pub fn is_predefined(&self) -> bool {
        matches!(self.kind, Kind::Predefined(_))
    }
    /// Which predefined operation it is, if it is one.
    pub fn which(&self) -> Option<Which> {
        match self.kind {
            Kind::Predefined(w) => Some(w),
            Kind::User(_) => None,
        }
    }
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// A table with all predefined operations in it.
pub fn predefined_table() -> Ops {
    let ops = Ops::new(class::OP, "op");
    for (id, name, which) in PREDEFINED {
        // MPI-5.0 §6.9.1: all predefined reductions commute; the two of one-sided communication cannot.
        let commutative = !matches!(which, Which::Replace | Which::NoOp);
        ops.set_predefined(OpId(id), Op { kind: Kind::Predefined(which), name, commutative });
    }
    ops
}

/// May a collective operation or `MPI_Reduce_local` apply `op` to `dt`?
pub fn check(op: &Op, dt: &Datatype) -> Result {
    match op.kind {
        Kind::User(_) => Ok(()),
        Kind::Predefined(which) => match dt.basic() {
            Some(basic) if accepts(which, basic) => Ok(()),
            _ => fail!(OP, "{} is not defined for {}", op.name, dt.describe()),
        },
    }
}

/// May `MPI_Accumulate` and its like apply `op` to `dt`? Only predefined operations, on types that consist of one
/// predefined type.
pub fn check_accumulate(op: &Op, dt: &Datatype) -> Result {
    match (&op.kind, dt.uniform()) {
        (Kind::User(_), _) => fail!(OP, "op is defined by the program, expected a predefined operation"),
        (Kind::Predefined(Which::Replace | Which::NoOp), _) => Ok(()),
        (Kind::Predefined(which), Some(basic)) if accepts(*which, basic) => Ok(()),
        (Kind::Predefined(_), None) if dt.size() == 0 => Ok(()),
        _ => fail!(OP, "{} is not defined for {}", op.name, dt.describe()),
    }
}

fn accepts(which: Which, basic: Basic) -> bool {
    use Family::*;
    let number = matches!(basic.family, Integer | Multi | Floating)
        || (basic.family == Character && basic.form.is_byte());
    let integer = number && basic.family != Floating;
    match which {
        Which::Sum | Which::Prod => number || basic.family == Complex,
        Which::Min | Which::Max => number,
        Which::Band | Which::Bor | Which::Bxor => integer || basic.family == Byte,
        Which::Land | Which::Lor | Which::Lxor => number || basic.family == Logical,
        Which::Minloc | Which::Maxloc => basic.family == Pair,
        Which::Replace | Which::NoOp | Which::Equal => false,
    }
}

/// `inout[i] = inbuf[i] op inout[i]`. [`check`] has accepted the pair; no borrow may be held, because `op` may be
/// the program's.
pub fn apply(
    _e: Eng,
    op: &Op,
    dt: &Rc<Datatype>,
    dt_id: TypeId,
    inbuf: UserBuf,
    inout: UserBuf,
    count: i64,
) -> Result {
    match op.kind {
        _ if count <= 0 => Ok(()),
        Kind::User(func) => call_user(func, dt, dt_id, inbuf, inout, count),
        Kind::Predefined(which) => match dt.basic() {
            Some(basic) if apply_basic(which, basic, inbuf, inout, count as usize) => Ok(()),
            _ => fail!(OP, "{} is not defined for {}", op.name, dt.describe()),
        },
    }
}

/// A function with an `int` count gets as many elements as that can say.
fn call_user(
    func: UserFn,
    dt: &Datatype,
    dt_id: TypeId,
    inbuf: UserBuf,
    inout: UserBuf,
    count: i64,
) -> Result {
    let Some(callbacks) = callbacks() else {
        fail!(INTERN, "no ABI library is loaded to call op's function")
    };
    let most = if func.large { i64::MAX } else { i32::MAX.into() };
    let mut done = 0;
    while done < count {
        let n = most.min(count - done);
        let at = (done * dt.extent()) as isize;
        (callbacks.op)(func, inbuf.offset(at), inout.offset(at), n, dt_id);
        done += n;
    }
    Ok(())
}

/// The loops. `false`: the operation is not defined for such elements.
pub fn apply_basic(which: Which, basic: Basic, inbuf: UserBuf, inout: UserBuf, n: usize) -> bool {
    match (which, basic.form) {
        (Which::NoOp, _) => {}
        (Which::Replace, Form::Pair(v, i)) => inbuf.copy_to(inout, n * Basic::pair_layout(v, i).1),
        (Which::Replace, _) => inbuf.copy_to(inout, n * basic.size()),
        (Which::Minloc, Form::Pair(v, i)) => pair::locate(true, v, i, inbuf, inout, n),
        (Which::Maxloc, Form::Pair(v, i)) => pair::locate(false, v, i, inbuf, inout, n),
        (_, Form::One(num)) => return number::reduce(which, num, inbuf, inout, n),
        (_, Form::Complex(part)) => return number::reduce_complex(which, part, inbuf, inout, n),
        _ => return false,
    }
    true
}
