//! Process creation and ports.

#[macro_export]
#[rustfmt::skip]
macro_rules! dynamic_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Close_port" (port_name: Str);
        stub "MPI_Comm_accept" (port_name: Str, info: Info, root: Rank, comm: Comm, > newcomm: Comm);
        stub "MPI_Comm_connect" (port_name: Str, info: Info, root: Rank, comm: Comm, > newcomm: Comm);
        done comm::comm_disconnect "MPI_Comm_disconnect" (comm: IoComm);
        done comm::comm_get_parent "MPI_Comm_get_parent" (> parent: Comm);
        stub "MPI_Comm_join" (fd: Int, > intercomm: Comm);
        stub "MPI_Comm_spawn" (command: Str, argv: Raw, maxprocs: Int, info: Info, root: Rank, comm: Comm, > intercomm: Comm, array_of_errcodes: Ints);
        stub "MPI_Comm_spawn_multiple" (count: Int, array_of_commands: Raw, array_of_argv: Raw, array_of_maxprocs: Ints, array_of_info: Infos, root: Rank, comm: Comm, > intercomm: Comm, array_of_errcodes: Ints);
        stub "MPI_Lookup_name" (service_name: Str, info: Info, port_name: PortOut);
        stub "MPI_Open_port" (info: Info, port_name: PortOut);
        stub "MPI_Publish_name" (service_name: Str, info: Info, port_name: Str);
        stub "MPI_Unpublish_name" (service_name: Str, info: Info, port_name: Str);
    } };
}
