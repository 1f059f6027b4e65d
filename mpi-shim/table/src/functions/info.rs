//! Info objects.

#[macro_export]
#[rustfmt::skip]
macro_rules! info_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Info_create" (> info: Info);
        stub "MPI_Info_create_env" (argc: IoInt, argv: Raw, > info: Info);
        stub "MPI_Info_delete" (info: Info, key: Str);
        stub "MPI_Info_dup" (info: Info, > newinfo: Info);
        stub "MPI_Info_free" (info: IoInfo);
        stub "MPI_Info_get" (info: Info, key: Str, valuelen: Int, value: StrOut, > flag: Flag);
        stub "MPI_Info_get_nkeys" (info: Info, > nkeys: Int);
        stub "MPI_Info_get_nthkey" (info: Info, n: Int, key: KeyOut);
        stub "MPI_Info_get_string" (info: Info, key: Str, buflen: IoInt, value: StrOut, > flag: Flag);
        stub "MPI_Info_get_valuelen" (info: Info, key: Str, > valuelen: Int, > flag: Flag);
        stub "MPI_Info_set" (info: Info, key: Str, value: Str);
    } };
}
