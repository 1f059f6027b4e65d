//! Functions deprecated in MPI-1 and MPI-2 or removed since, which old programs still call.

#[macro_export]
#[rustfmt::skip]
macro_rules! removed_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done datatype::address "MPI_Address" (location: Raw, > address: Aint);
        done attr::attr_delete "MPI_Attr_delete" (comm: Comm, keyval: Keyval);
        done attr::attr_get "MPI_Attr_get" (comm: Comm, keyval: Keyval, > attribute_val: AttrVal, > flag: Flag);
        done attr::attr_put "MPI_Attr_put" (comm: Comm, keyval: Keyval, attribute_val: Addr);
        done errhandler::errhandler_create "MPI_Errhandler_create" (function: Fn, > errhandler: Errh);
        done errhandler::errhandler_get "MPI_Errhandler_get" (comm: Comm, > errhandler: Errh);
        done errhandler::errhandler_set "MPI_Errhandler_set" (comm: Comm, errhandler: Errh);
        done attr::keyval_create "MPI_Keyval_create" (copy_fn: CopyFn, delete_fn: DeleteFn, > keyval: Keyval, extra_state: Addr);
        done attr::keyval_free "MPI_Keyval_free" (keyval: IoKeyval);
        done datatype::type_extent "MPI_Type_extent" (datatype: Type, > extent: Aint);
        done datatype::type_hindexed "MPI_Type_hindexed" (count: Count, array_of_blocklengths: Counts, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        done datatype::type_hvector "MPI_Type_hvector" (count: Count, blocklength: Count, stride: Aint, oldtype: Type, > newtype: Type);
        done datatype::type_lb "MPI_Type_lb" (datatype: Type, > displacement: Aint);
        done datatype::type_struct "MPI_Type_struct" (count: Count, array_of_blocklengths: Counts, array_of_displacements: Aints, array_of_types: Types, > newtype: Type);
        done datatype::type_ub "MPI_Type_ub" (datatype: Type, > displacement: Aint);
    } };
}
