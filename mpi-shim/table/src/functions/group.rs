//! Groups.

#[macro_export]
#[rustfmt::skip]
macro_rules! group_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done group::group_compare "MPI_Group_compare" (group1: Group, group2: Group, > result: Compare);
        done group::group_difference "MPI_Group_difference" (group1: Group, group2: Group, > newgroup: Group);
        done group::group_excl "MPI_Group_excl" (group: Group, n: Int, ranks: Ints, > newgroup: Group);
        done group::group_free "MPI_Group_free" (group: IoGroup);
        done session::group_from_session_pset "MPI_Group_from_session_pset" (session: Session, pset_name: Str, > newgroup: Group);
        done group::group_incl "MPI_Group_incl" (group: Group, n: Int, ranks: Ints, > newgroup: Group);
        done group::group_intersection "MPI_Group_intersection" (group1: Group, group2: Group, > newgroup: Group);
        done group::group_range_excl "MPI_Group_range_excl" (group: Group, n: Int, ranges: Ints, > newgroup: Group);
        done group::group_range_incl "MPI_Group_range_incl" (group: Group, n: Int, ranges: Ints, > newgroup: Group);
        done group::group_rank "MPI_Group_rank" (group: Group, > rank: Int);
        done group::group_size "MPI_Group_size" (group: Group, > size: Int);
        done group::group_translate_ranks "MPI_Group_translate_ranks" (group1: Group, n: Int, ranks1: Ranks, group2: Group, ranks2: Ranks);
        done group::group_union "MPI_Group_union" (group1: Group, group2: Group, > newgroup: Group);
    } };
}
