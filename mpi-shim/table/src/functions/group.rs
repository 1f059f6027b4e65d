//! Groups.

#[macro_export]
#[rustfmt::skip]
macro_rules! group_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        stub "MPI_Group_compare" (group1: Group, group2: Group, > result: Compare);
        stub "MPI_Group_difference" (group1: Group, group2: Group, > newgroup: Group);
        stub "MPI_Group_excl" (group: Group, n: Int, ranks: Ints, > newgroup: Group);
        stub "MPI_Group_free" (group: IoGroup);
        stub "MPI_Group_from_session_pset" (session: Session, pset_name: Str, > newgroup: Group);
        stub "MPI_Group_incl" (group: Group, n: Int, ranks: Ints, > newgroup: Group);
        stub "MPI_Group_intersection" (group1: Group, group2: Group, > newgroup: Group);
        stub "MPI_Group_range_excl" (group: Group, n: Int, ranges: Ints, > newgroup: Group);
        stub "MPI_Group_range_incl" (group: Group, n: Int, ranges: Ints, > newgroup: Group);
        stub "MPI_Group_rank" (group: Group, > rank: Int);
        stub "MPI_Group_size" (group: Group, > size: Int);
        stub "MPI_Group_translate_ranks" (group1: Group, n: Int, ranks1: Ranks, group2: Group, ranks2: Ranks);
        stub "MPI_Group_union" (group1: Group, group2: Group, > newgroup: Group);
    } };
}
