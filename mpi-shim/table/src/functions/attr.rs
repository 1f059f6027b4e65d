//! Attributes (caching).

#[macro_export]
#[rustfmt::skip]
macro_rules! attr_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Comm_create_keyval" (comm_copy_attr_fn: CopyFn, comm_delete_attr_fn: DeleteFn, > comm_keyval: Keyval, extra_state: Addr);
        stub "MPI_Comm_delete_attr" (comm: Comm, comm_keyval: Keyval);
        stub "MPI_Comm_free_keyval" (comm_keyval: IoKeyval);
        stub "MPI_Comm_get_attr" (comm: Comm, comm_keyval: Keyval, > attribute_val: AttrVal, > flag: Flag);
        stub "MPI_Comm_set_attr" (comm: Comm, comm_keyval: Keyval, attribute_val: Addr);
        stub "MPI_Type_create_keyval" (type_copy_attr_fn: CopyFn, type_delete_attr_fn: DeleteFn, > type_keyval: Keyval, extra_state: Addr);
        stub "MPI_Type_delete_attr" (datatype: Type, type_keyval: Keyval);
        stub "MPI_Type_free_keyval" (type_keyval: IoKeyval);
        stub "MPI_Type_get_attr" (datatype: Type, type_keyval: Keyval, > attribute_val: AttrVal, > flag: Flag);
        stub "MPI_Type_set_attr" (datatype: Type, type_keyval: Keyval, attribute_val: Addr);
        stub "MPI_Win_create_keyval" (win_copy_attr_fn: CopyFn, win_delete_attr_fn: DeleteFn, > win_keyval: Keyval, extra_state: Addr);
        stub "MPI_Win_delete_attr" (win: Win, win_keyval: Keyval);
        stub "MPI_Win_free_keyval" (win_keyval: IoKeyval);
        stub "MPI_Win_get_attr" (win: Win, win_keyval: Keyval, > attribute_val: AttrVal, > flag: Flag);
        stub "MPI_Win_set_attr" (win: Win, win_keyval: Keyval, attribute_val: Addr);
    } };
}
