//! Reduction operations.

#[macro_export]
#[rustfmt::skip]
macro_rules! op_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Op_commutative" (op: Op, > commute: Flag);
        stub "MPI_Op_create" large (user_fn: PolyFn, commute: Flag, > op: Op);
        stub "MPI_Op_free" (op: IoOp);
        stub "MPI_Reduce_local" large (inbuf: Buf, inoutbuf: Buf, count: Count, datatype: Type, op: Op);
    } };
}
