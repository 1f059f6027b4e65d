//! Partitioned communication.

#[macro_export]
#[rustfmt::skip]
macro_rules! part_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Parrived" (request: Req, partition: Int, > flag: Flag);
        stub "MPI_Pready" (partition: Int, request: Req);
        stub "MPI_Pready_list" (length: Int, array_of_partitions: Ints, request: Req);
        stub "MPI_Pready_range" (partition_low: Int, partition_high: Int, request: Req);
        stub "MPI_Precv_init" (buf: Buf, partitions: Int, count: Aint, datatype: Type, dest: Rank, tag: Tag, comm: Comm, info: Info, > request: Req);
        stub "MPI_Psend_init" (buf: Buf, partitions: Int, count: Aint, datatype: Type, dest: Rank, tag: Tag, comm: Comm, info: Info, > request: Req);
    } };
}
