//! Datatypes, packing and addresses.

#[macro_export]
#[rustfmt::skip]
macro_rules! datatype_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        kitvalue aint_add "MPI_Aint_add" (base: Aint, disp: Aint) -> Aint;
        kitvalue aint_diff "MPI_Aint_diff" (addr1: Aint, addr2: Aint) -> Aint;
        done datatype::get_address "MPI_Get_address" (location: Raw, > address: Aint);
        done datatype::get_count "MPI_Get_count" large (status: Status, datatype: Type, > count: Count);
        done datatype::get_elements "MPI_Get_elements" large (status: Status, datatype: Type, > count: Count);
        done datatype::get_elements_x "MPI_Get_elements_x" (status: Status, datatype: Type, > count: Aint);
        done datatype::pack "MPI_Pack" large (inbuf: Buf, incount: Count, datatype: Type, outbuf: Buf, outsize: Count, position: IoCount, comm: Comm);
        done datatype::pack_external "MPI_Pack_external" large (datarep: Str, inbuf: Buf, incount: Count, datatype: Type, outbuf: Buf, outsize: Aint, position: IoAint);
        done datatype::pack_external_size "MPI_Pack_external_size" large (datarep: Str, incount: Count, datatype: Type, > size: Aint);
        done datatype::pack_size "MPI_Pack_size" large (incount: Count, datatype: Type, comm: Comm, > size: Count);
        done datatype::type_commit "MPI_Type_commit" (datatype: IoType);
        done datatype::type_contiguous "MPI_Type_contiguous" (count: Count, oldtype: Type, > newtype: Type);
        done datatype::type_contiguous_c "MPI_Type_contiguous_c" (count: Aint, oldtype: Type, > newtype: Type);
        done datatype::type_create_darray "MPI_Type_create_darray" (size: Int, rank: Int, ndims: Int, array_of_gsizes: Counts, array_of_distribs: Distribs, array_of_dargs: Dargs, array_of_psizes: Ints, order: Order, oldtype: Type, > newtype: Type);
        done datatype::type_create_darray_c "MPI_Type_create_darray_c" (size: Int, rank: Int, ndims: Int, array_of_gsizes: Aints, array_of_distribs: Distribs, array_of_dargs: Dargs, array_of_psizes: Ints, order: Order, oldtype: Type, > newtype: Type);
        done datatype::type_create_f90_complex "MPI_Type_create_f90_complex" (p: Int, r: Int, > newtype: Type);
        done datatype::type_create_f90_integer "MPI_Type_create_f90_integer" (r: Int, > newtype: Type);
        done datatype::type_create_f90_real "MPI_Type_create_f90_real" (p: Int, r: Int, > newtype: Type);
        done datatype::type_create_hindexed "MPI_Type_create_hindexed" (count: Count, array_of_blocklengths: Counts, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        done datatype::type_create_hindexed_block "MPI_Type_create_hindexed_block" (count: Count, blocklength: Count, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        done datatype::type_create_hindexed_block_c "MPI_Type_create_hindexed_block_c" (count: Aint, blocklength: Aint, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        done datatype::type_create_hindexed_c "MPI_Type_create_hindexed_c" (count: Aint, array_of_blocklengths: Aints, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        done datatype::type_create_hvector "MPI_Type_create_hvector" (count: Count, blocklength: Count, stride: Aint, oldtype: Type, > newtype: Type);
        done datatype::type_create_hvector_c "MPI_Type_create_hvector_c" (count: Aint, blocklength: Aint, stride: Aint, oldtype: Type, > newtype: Type);
        done datatype::type_create_indexed_block "MPI_Type_create_indexed_block" (count: Count, blocklength: Count, array_of_displacements: Counts, oldtype: Type, > newtype: Type);
        done datatype::type_create_indexed_block_c "MPI_Type_create_indexed_block_c" (count: Aint, blocklength: Aint, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        done datatype::type_create_resized "MPI_Type_create_resized" (oldtype: Type, lb: Aint, extent: Aint, > newtype: Type);
        done datatype::type_create_resized_c "MPI_Type_create_resized_c" (oldtype: Type, lb: Aint, extent: Aint, > newtype: Type);
        done datatype::type_create_struct "MPI_Type_create_struct" (count: Count, array_of_blocklengths: Counts, array_of_displacements: Aints, array_of_types: Types, > newtype: Type);
        done datatype::type_create_struct_c "MPI_Type_create_struct_c" (count: Aint, array_of_blocklengths: Aints, array_of_displacements: Aints, array_of_types: Types, > newtype: Type);
        done datatype::type_create_subarray "MPI_Type_create_subarray" (ndims: Int, array_of_sizes: Counts, array_of_subsizes: Counts, array_of_starts: Counts, order: Order, oldtype: Type, > newtype: Type);
        done datatype::type_create_subarray_c "MPI_Type_create_subarray_c" (ndims: Int, array_of_sizes: Aints, array_of_subsizes: Aints, array_of_starts: Aints, order: Order, oldtype: Type, > newtype: Type);
        done datatype::type_dup "MPI_Type_dup" (oldtype: Type, > newtype: Type);
        done datatype::type_free "MPI_Type_free" (datatype: IoType);
        done datatype::type_get_contents "MPI_Type_get_contents" (datatype: Type, max_integers: Int, max_addresses: Int, max_datatypes: Int, array_of_integers: ContentInts, array_of_addresses: Aints, array_of_datatypes: Types);
        done datatype::type_get_contents_c "MPI_Type_get_contents_c" (datatype: Type, max_integers: Aint, max_addresses: Aint, max_large_counts: Aint, max_datatypes: Aint, array_of_integers: ContentInts, array_of_addresses: Aints, array_of_large_counts: Aints, array_of_datatypes: Types);
        done datatype::type_get_envelope "MPI_Type_get_envelope" (datatype: Type, > num_integers: Int, > num_addresses: Int, > num_datatypes: Int, > combiner: Combiner);
        done datatype::type_get_envelope_c "MPI_Type_get_envelope_c" (datatype: Type, > num_integers: Aint, > num_addresses: Aint, > num_large_counts: Aint, > num_datatypes: Aint, > combiner: Combiner);
        done datatype::type_get_extent "MPI_Type_get_extent" large (datatype: Type, > lb: Aint, > extent: Aint);
        done datatype::type_get_extent_x "MPI_Type_get_extent_x" (datatype: Type, > lb: Aint, > extent: Aint);
        done datatype::type_get_name "MPI_Type_get_name" (datatype: Type, type_name: NameOut, > resultlen: Int);
        done datatype::type_get_true_extent "MPI_Type_get_true_extent" large (datatype: Type, > true_lb: Aint, > true_extent: Aint);
        done datatype::type_get_true_extent_x "MPI_Type_get_true_extent_x" (datatype: Type, > true_lb: Aint, > true_extent: Aint);
        done datatype::type_get_value_index "MPI_Type_get_value_index" (value_type: Type, index_type: Type, > pair_type: Type);
        done datatype::type_indexed "MPI_Type_indexed" (count: Count, array_of_blocklengths: Counts, array_of_displacements: Counts, oldtype: Type, > newtype: Type);
        done datatype::type_indexed_c "MPI_Type_indexed_c" (count: Aint, array_of_blocklengths: Aints, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        done datatype::type_match_size "MPI_Type_match_size" (typeclass: Typeclass, size: Int, > datatype: Type);
        done datatype::type_set_name "MPI_Type_set_name" (datatype: Type, type_name: Str);
        done datatype::type_size "MPI_Type_size" large (datatype: Type, > size: Count);
        done datatype::type_size_x "MPI_Type_size_x" (datatype: Type, > size: Aint);
        done datatype::type_vector "MPI_Type_vector" (count: Count, blocklength: Count, stride: Count, oldtype: Type, > newtype: Type);
        done datatype::type_vector_c "MPI_Type_vector_c" (count: Aint, blocklength: Aint, stride: Aint, oldtype: Type, > newtype: Type);
        done datatype::unpack "MPI_Unpack" large (inbuf: Buf, insize: Count, position: IoCount, outbuf: Buf, outcount: Count, datatype: Type, comm: Comm);
        done datatype::unpack_external "MPI_Unpack_external" large (datarep: Str, inbuf: Buf, insize: Aint, position: IoAint, outbuf: Buf, outcount: Count, datatype: Type);
    } };
}
