//! Attributes (caching).

#[macro_export]
#[rustfmt::skip]
macro_rules! attr_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        any attr::comm_create_keyval "MPI_Comm_create_keyval" (comm_copy_attr_fn: CopyFn, comm_delete_attr_fn: DeleteFn, > comm_keyval: Keyval, extra_state: Addr);
        done attr::comm_delete_attr "MPI_Comm_delete_attr" (comm: Comm, comm_keyval: Keyval);
        any attr::comm_free_keyval "MPI_Comm_free_keyval" (comm_keyval: IoKeyval);
        done attr::comm_get_attr "MPI_Comm_get_attr" (comm: Comm, comm_keyval: Keyval, > attribute_val: AttrVal, > flag: Flag);
        done attr::comm_set_attr "MPI_Comm_set_attr" (comm: Comm, comm_keyval: Keyval, attribute_val: Addr);
        any attr::type_create_keyval "MPI_Type_create_keyval" (type_copy_attr_fn: CopyFn, type_delete_attr_fn: DeleteFn, > type_keyval: Keyval, extra_state: Addr);
        done datatype::type_delete_attr "MPI_Type_delete_attr" (datatype: Type, type_keyval: Keyval);
        any attr::type_free_keyval "MPI_Type_free_keyval" (type_keyval: IoKeyval);
        done datatype::type_get_attr "MPI_Type_get_attr" (datatype: Type, type_keyval: Keyval, > attribute_val: AttrVal, > flag: Flag);
        done datatype::type_set_attr "MPI_Type_set_attr" (datatype: Type, type_keyval: Keyval, attribute_val: Addr);
        any attr::win_create_keyval "MPI_Win_create_keyval" (win_copy_attr_fn: CopyFn, win_delete_attr_fn: DeleteFn, > win_keyval: Keyval, extra_state: Addr);
        done win::win_delete_attr "MPI_Win_delete_attr" (win: Win, win_keyval: Keyval);
        any attr::win_free_keyval "MPI_Win_free_keyval" (win_keyval: IoKeyval);
        done win::win_get_attr "MPI_Win_get_attr" (win: Win, win_keyval: Keyval, > attribute_val: AttrVal, > flag: Flag);
        done win::win_set_attr "MPI_Win_set_attr" (win: Win, win_keyval: Keyval, attribute_val: Addr);
    } };
}
