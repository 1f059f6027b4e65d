//! Info objects.

#[macro_export]
#[rustfmt::skip]
macro_rules! info_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        any info::info_create "MPI_Info_create" (> info: Info);
        any info::info_create_env "MPI_Info_create_env" (argc: Int, argv: Raw, > info: Info);
        any info::info_delete "MPI_Info_delete" (info: Info, key: Str);
        any info::info_dup "MPI_Info_dup" (info: Info, > newinfo: Info);
        any info::info_free "MPI_Info_free" (info: IoInfo);
        any info::info_get "MPI_Info_get" (info: Info, key: Str, valuelen: Int, value: StrOut, > flag: Flag);
        any info::info_get_nkeys "MPI_Info_get_nkeys" (info: Info, > nkeys: Int);
        any info::info_get_nthkey "MPI_Info_get_nthkey" (info: Info, n: Int, key: KeyOut);
        any info::info_get_string "MPI_Info_get_string" (info: Info, key: Str, buflen: IoInt, value: StrOut, > flag: Flag);
        any info::info_get_valuelen "MPI_Info_get_valuelen" (info: Info, key: Str, > valuelen: Int, > flag: Flag);
        any info::info_set "MPI_Info_set" (info: Info, key: Str, value: Str);
    } };
}
