//! Reduction operations.

#[macro_export]
#[rustfmt::skip]
macro_rules! op_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done op::op_commutative "MPI_Op_commutative" (op: Op, > commute: Flag);
        done op::op_create "MPI_Op_create" large (user_fn: PolyFn, commute: Flag, > op: Op);
        done op::op_free "MPI_Op_free" (op: IoOp);
        done op::reduce_local "MPI_Reduce_local" large (inbuf: Buf, inoutbuf: Buf, count: Count, datatype: Type, op: Op);
    } };
}
