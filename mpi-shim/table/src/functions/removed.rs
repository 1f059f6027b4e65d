//! Functions deprecated in MPI-1 and MPI-2 or removed since, which old programs still call.

#[macro_export]
#[rustfmt::skip]
macro_rules! removed_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Address" (location: Buf, > address: Aint);
        stub "MPI_Attr_delete" (comm: Comm, keyval: Keyval);
        stub "MPI_Attr_get" (comm: Comm, keyval: Keyval, > attribute_val: AttrVal, > flag: Flag);
        stub "MPI_Attr_put" (comm: Comm, keyval: Keyval, attribute_val: Addr);
        stub "MPI_Errhandler_create" (function: Fn, > errhandler: Errh);
        stub "MPI_Errhandler_get" (comm: Comm, > errhandler: Errh);
        stub "MPI_Errhandler_set" (comm: Comm, errhandler: Errh);
        stub "MPI_Keyval_create" (copy_fn: CopyFn, delete_fn: DeleteFn, > keyval: Keyval, extra_state: Addr);
        stub "MPI_Keyval_free" (keyval: IoKeyval);
        stub "MPI_Type_extent" (datatype: Type, > extent: Aint);
        stub "MPI_Type_hindexed" (count: Count, array_of_blocklengths: Counts, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        stub "MPI_Type_hvector" (count: Count, blocklength: Count, stride: Aint, oldtype: Type, > newtype: Type);
        stub "MPI_Type_lb" (datatype: Type, > displacement: Aint);
        stub "MPI_Type_struct" (count: Count, array_of_blocklengths: Counts, array_of_displacements: Aints, array_of_types: Types, > newtype: Type);
        stub "MPI_Type_ub" (datatype: Type, > displacement: Aint);
    } };
}
