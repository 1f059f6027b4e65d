//! The operation of a reduction together with the type of its elements.

use super::needs::*;
use super::part::Part;
use crate::error::Result;
use crate::{Eng, TypeId, UserBuf};
use std::rc::Rc;

pub enum Fold {
    Mpi {
        op: Rc<Op>,
        dt: Rc<Datatype>,
        id: TypeId,
    },
    /// On 64-bit integers, for the engine's own agreements.
    Agree(Agree, Rc<Datatype>),
    #[cfg(test)]
    Test {
        commutes: bool,
        apply: TestFn,
        dt: Rc<Datatype>,
    },
}

#[cfg(test)]
type TestFn = Box<dyn Fn(UserBuf, UserBuf, i64)>;

/// Operations of the engine's own agreements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agree {
    Min,
    Max,
    Sum,
    Band,
}

impl Fold {
    /// The type of the elements.
    pub fn dt(&self) -> &Rc<Datatype> {
        match self {
            Fold::Mpi { dt, .. } | Fold::Agree(_, dt) => dt,
            #[cfg(test)]
            Fold::Test { dt, .. } => dt,
        }
    }

    /// Stands for the operation where this rank takes no part.
    pub fn none(e: Eng) -> Fold {
        Fold::Agree(Agree::Sum, byte(e))
    }

    /// Bytes of `count` elements.
    pub fn bytes(&self, count: i64) -> usize {
        Part::new(UserBuf::BOTTOM, count, self.dt()).len()
    }

    /// Whether operands may be exchanged; if not they are combined in the order of ranks.
    pub fn commutes(&self) -> bool {
        match self {
            Fold::Mpi { op, .. } => op.commutative(),
            Fold::Agree(..) => true,
            #[cfg(test)]
            Fold::Test { commutes, .. } => *commutes,
        }
    }

    /// `inout = input op inout` on `count` elements.
    pub fn apply(&self, e: Eng, input: UserBuf, inout: UserBuf, count: i64) -> Result {
        match self {
            Fold::Mpi { op, dt, id } => op::apply(e, op, dt, *id, input, inout, count),
            Fold::Agree(agree, _) => {
                agree.apply(input, inout, count);
                Ok(())
            }
            #[cfg(test)]
            Fold::Test { .. } => unreachable!("test operations run in the simulator"),
        }
    }
}

impl Agree {
    pub fn apply(self, input: UserBuf, inout: UserBuf, count: i64) {
        for i in 0..count as isize {
            let (mut a, mut b) = ([0; 8], [0; 8]);
            input.read(8 * i, &mut a);
            inout.read(8 * i, &mut b);
            let result = self.of(i64::from_ne_bytes(a), i64::from_ne_bytes(b));
            inout.write(8 * i, &result.to_ne_bytes());
        }
    }

    fn of(self, a: i64, b: i64) -> i64 {
        match self {
            Agree::Min => a.min(b),
            Agree::Max => a.max(b),
            Agree::Sum => a.wrapping_add(b),
            Agree::Band => a & b,
        }
    }
}
