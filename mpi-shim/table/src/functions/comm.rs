//! Communicators.

#[macro_export]
#[rustfmt::skip]
macro_rules! comm_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done comm::comm_compare "MPI_Comm_compare" (comm1: Comm, comm2: Comm, > result: Compare);
        done comm::comm_create "MPI_Comm_create" (comm: Comm, group: Group, > newcomm: Comm);
        done comm::comm_create_from_group "MPI_Comm_create_from_group" (group: Group, stringtag: Str, info: Info, errhandler: Errh, > newcomm: Comm);
        done comm::comm_create_group "MPI_Comm_create_group" (comm: Comm, group: Group, tag: Tag, > newcomm: Comm);
        done comm::comm_dup "MPI_Comm_dup" (comm: Comm, > newcomm: Comm);
        done comm::comm_dup_with_info "MPI_Comm_dup_with_info" (comm: Comm, info: Info, > newcomm: Comm);
        done comm::comm_free "MPI_Comm_free" (comm: IoComm);
        done comm::comm_get_info "MPI_Comm_get_info" (comm: Comm, > info_used: Info);
        done comm::comm_get_name "MPI_Comm_get_name" (comm: Comm, comm_name: NameOut, > resultlen: Int);
        done comm::comm_group "MPI_Comm_group" (comm: Comm, > group: Group);
        done comm::comm_idup "MPI_Comm_idup" (comm: Comm, > newcomm: Comm, > request: Req);
        done comm::comm_idup_with_info "MPI_Comm_idup_with_info" (comm: Comm, info: Info, > newcomm: Comm, > request: Req);
        done comm::comm_rank "MPI_Comm_rank" (comm: Comm, > rank: Int);
        done comm::comm_remote_group "MPI_Comm_remote_group" (comm: Comm, > group: Group);
        done comm::comm_remote_size "MPI_Comm_remote_size" (comm: Comm, > size: Int);
        done comm::comm_set_info "MPI_Comm_set_info" (comm: Comm, info: Info);
        done comm::comm_set_name "MPI_Comm_set_name" (comm: Comm, comm_name: Str);
        done comm::comm_size "MPI_Comm_size" (comm: Comm, > size: Int);
        done comm::comm_split "MPI_Comm_split" (comm: Comm, color: Int, key: Int, > newcomm: Comm);
        done comm::comm_split_type "MPI_Comm_split_type" (comm: Comm, split_type: SplitType, key: Int, info: Info, > newcomm: Comm);
        done comm::comm_test_inter "MPI_Comm_test_inter" (comm: Comm, > flag: Flag);
        done comm::intercomm_create "MPI_Intercomm_create" (local_comm: Comm, local_leader: Rank, peer_comm: Comm, remote_leader: Rank, tag: Tag, > newintercomm: Comm);
        done comm::intercomm_create_from_groups "MPI_Intercomm_create_from_groups" (local_group: Group, local_leader: Rank, remote_group: Group, remote_leader: Rank, stringtag: Str, info: Info, errhandler: Errh, > newintercomm: Comm);
        done comm::intercomm_merge "MPI_Intercomm_merge" (intercomm: Comm, high: Flag, > newintracomm: Comm);
    } };
}
