//! Datatypes, packing and addresses.

#[macro_export]
#[rustfmt::skip]
macro_rules! datatype_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        kitvalue aint_add "MPI_Aint_add" (base: Aint, disp: Aint) -> Aint;
        kitvalue aint_diff "MPI_Aint_diff" (addr1: Aint, addr2: Aint) -> Aint;
        stub "MPI_Get_address" (location: Buf, > address: Aint);
        stub "MPI_Get_count" large (status: Status, datatype: Type, > count: Count);
        stub "MPI_Get_elements" large (status: Status, datatype: Type, > count: Count);
        stub "MPI_Get_elements_x" (status: Status, datatype: Type, > count: Aint);
        stub "MPI_Pack" large (inbuf: Buf, incount: Count, datatype: Type, outbuf: Buf, outsize: Count, position: IoCount, comm: Comm);
        stub "MPI_Pack_external" large (datarep: Str, inbuf: Buf, incount: Count, datatype: Type, outbuf: Buf, outsize: Aint, position: IoAint);
        stub "MPI_Pack_external_size" large (datarep: Str, incount: Count, datatype: Type, > size: Aint);
        stub "MPI_Pack_size" large (incount: Count, datatype: Type, comm: Comm, > size: Count);
        stub "MPI_Type_commit" (datatype: IoType);
        stub "MPI_Type_contiguous" large (count: Count, oldtype: Type, > newtype: Type);
        stub "MPI_Type_create_darray" large (size: Int, rank: Int, ndims: Int, array_of_gsizes: Counts, array_of_distribs: Distribs, array_of_dargs: Ints, array_of_psizes: Ints, order: Order, oldtype: Type, > newtype: Type);
        stub "MPI_Type_create_f90_complex" (p: Int, r: Int, > newtype: Type);
        stub "MPI_Type_create_f90_integer" (r: Int, > newtype: Type);
        stub "MPI_Type_create_f90_real" (p: Int, r: Int, > newtype: Type);
        stub "MPI_Type_create_hindexed" large (count: Count, array_of_blocklengths: Counts, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        stub "MPI_Type_create_hindexed_block" large (count: Count, blocklength: Count, array_of_displacements: Aints, oldtype: Type, > newtype: Type);
        stub "MPI_Type_create_hvector" large (count: Count, blocklength: Count, stride: Aint, oldtype: Type, > newtype: Type);
        stub "MPI_Type_create_indexed_block" large (count: Count, blocklength: Count, array_of_displacements: Counts, oldtype: Type, > newtype: Type);
        stub "MPI_Type_create_resized" large (oldtype: Type, lb: Aint, extent: Aint, > newtype: Type);
        stub "MPI_Type_create_struct" large (count: Count, array_of_blocklengths: Counts, array_of_displacements: Aints, array_of_types: Types, > newtype: Type);
        stub "MPI_Type_create_subarray" large (ndims: Int, array_of_sizes: Counts, array_of_subsizes: Counts, array_of_starts: Counts, order: Order, oldtype: Type, > newtype: Type);
        stub "MPI_Type_dup" (oldtype: Type, > newtype: Type);
        stub "MPI_Type_free" (datatype: IoType);
        stub "MPI_Type_get_contents" (datatype: Type, max_integers: Int, max_addresses: Int, max_datatypes: Int, array_of_integers: Ints, array_of_addresses: Aints, array_of_datatypes: Types);
        stub "MPI_Type_get_contents_c" (datatype: Type, max_integers: Aint, max_addresses: Aint, max_large_counts: Aint, max_datatypes: Aint, array_of_integers: Ints, array_of_addresses: Aints, array_of_large_counts: Aints, array_of_datatypes: Types);
        stub "MPI_Type_get_envelope" (datatype: Type, > num_integers: Int, > num_addresses: Int, > num_datatypes: Int, > combiner: Combiner);
        stub "MPI_Type_get_envelope_c" (datatype: Type, > num_integers: Aint, > num_addresses: Aint, > num_large_counts: Aint, > num_datatypes: Aint, > combiner: Combiner);
        stub "MPI_Type_get_extent" large (datatype: Type, > lb: Aint, > extent: Aint);
        stub "MPI_Type_get_extent_x" (datatype: Type, > lb: Aint, > extent: Aint);
        stub "MPI_Type_get_name" (datatype: Type, type_name: NameOut, > resultlen: Int);
        stub "MPI_Type_get_true_extent" large (datatype: Type, > true_lb: Aint, > true_extent: Aint);
        stub "MPI_Type_get_true_extent_x" (datatype: Type, > true_lb: Aint, > true_extent: Aint);
        stub "MPI_Type_get_value_index" (value_type: Type, index_type: Type, > pair_type: Type);
        stub "MPI_Type_indexed" large (count: Count, array_of_blocklengths: Counts, array_of_displacements: Counts, oldtype: Type, > newtype: Type);
        stub "MPI_Type_match_size" (typeclass: Typeclass, size: Int, > datatype: Type);
        stub "MPI_Type_set_name" (datatype: Type, type_name: Str);
        stub "MPI_Type_size" large (datatype: Type, > size: Count);
        stub "MPI_Type_size_x" (datatype: Type, > size: Aint);
        stub "MPI_Type_vector" large (count: Count, blocklength: Count, stride: Count, oldtype: Type, > newtype: Type);
        stub "MPI_Unpack" large (inbuf: Buf, insize: Count, position: IoCount, outbuf: Buf, outcount: Count, datatype: Type, comm: Comm);
        stub "MPI_Unpack_external" large (datarep: Str, inbuf: Buf, insize: Aint, position: IoAint, outbuf: Buf, outcount: Count, datatype: Type);
    } };
}
