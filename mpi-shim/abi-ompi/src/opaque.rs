//! Data symbols that Open MPI exports besides its objects, with their sizes. Programs do not look into them; they exist so that
//! everything that was linked against the real library loads.
#![allow(non_upper_case_globals, reason = "names of the ABI")]

use std::cell::UnsafeCell;

/// Bytes that nobody here reads; another library may write them.
#[repr(transparent)]
pub struct Opaque<const BYTES: usize>(UnsafeCell<[u8; BYTES]>);

// SAFETY: never accessed from Rust.
unsafe impl<const BYTES: usize> Sync for Opaque<BYTES> {}

macro_rules! opaque {
    ($($name:ident $bytes:literal;)*) => {$(
        #[unsafe(no_mangle)]
        pub static $name: Opaque<$bytes> = Opaque(UnsafeCell::new([0; $bytes]));
    )*};
}

#[rustfmt::skip]
opaque! {
    MPI_F08_STATUSES_IGNORE 8;
    MPI_F08_STATUS_IGNORE 8;
    MPI_F_STATUSES_IGNORE 8;
    MPI_F_STATUS_IGNORE 8;
    mpi_fortran_argv_null_ 1;
    mpi_fortran_argvs_null_ 1;
    mpi_fortran_bottom_ 4;
    mpi_fortran_errcodes_ignore_ 4;
    mpi_fortran_in_place_ 4;
    mpi_fortran_status_ignore_ 8;
    mpi_fortran_statuses_ignore_ 8;
    mpi_fortran_unweighted_ 4;
    mpi_fortran_weights_empty_ 4;
    ompi_message_f_to_c_table 120;
    ompi_message_free_list 352;
    ompi_message_t_class 64;
    ompi_mpi_2dblprec_addr 8;
    ompi_mpi_2integer_addr 8;
    ompi_mpi_2real_addr 8;
    ompi_mpi_c_short_float_complex 512;
    ompi_mpi_character_addr 8;
    ompi_mpi_comm_null_addr 8;
    ompi_mpi_comm_parent 8;
    ompi_mpi_comm_self_addr 8;
    ompi_mpi_comm_world_addr 8;
    ompi_mpi_communicators 120;
    ompi_mpi_compat_mpi3 1;
    ompi_mpi_complex16_addr 8;
    ompi_mpi_complex32_addr 8;
    ompi_mpi_complex4 512;
    ompi_mpi_complex4_addr 8;
    ompi_mpi_complex8_addr 8;
    ompi_mpi_cplex_addr 8;
    ompi_mpi_cxx_sfltcplex 512;
    ompi_mpi_dblcplex_addr 8;
    ompi_mpi_dblprec_addr 8;
    ompi_mpi_dynamics_enabled 1;
    ompi_mpi_errcode_lastpredefined 4;
    ompi_mpi_errcode_lastused 4;
    ompi_mpi_errcode_t_class 64;
    ompi_mpi_errcodes 120;
    ompi_mpi_errhandler_null_addr 8;
    ompi_mpi_errors_abort_addr 8;
    ompi_mpi_errors_are_fatal_addr 8;
    ompi_mpi_errors_return_addr 8;
    ompi_mpi_errors_throw_exceptions_addr 8;
    ompi_mpi_event_tick_rate 4;
    ompi_mpi_external32_convertor 8;
    ompi_mpi_f90_complex_hashtable 72;
    ompi_mpi_f90_integer_hashtable 72;
    ompi_mpi_f90_real_hashtable 72;
    ompi_mpi_file_bootstrap_mutex 64;
    ompi_mpi_file_null_addr 8;
    ompi_mpi_group_empty_addr 8;
    ompi_mpi_group_null_addr 8;
    ompi_mpi_have_sparse_group_storage 1;
    ompi_mpi_info_null_addr 8;
    ompi_mpi_instance_default 8;
    ompi_mpi_integer16 512;
    ompi_mpi_integer16_addr 8;
    ompi_mpi_integer1_addr 8;
    ompi_mpi_integer2_addr 8;
    ompi_mpi_integer4_addr 8;
    ompi_mpi_integer8_addr 8;
    ompi_mpi_integer_addr 8;
    ompi_mpi_keep_fqdn_hostnames 1;
    ompi_mpi_ldblcplex 512;
    ompi_mpi_local_convertor 8;
    ompi_mpi_logical1_addr 8;
    ompi_mpi_logical2_addr 8;
    ompi_mpi_logical4_addr 8;
    ompi_mpi_logical8_addr 8;
    ompi_mpi_logical_addr 8;
    ompi_mpi_main_thread 8;
    ompi_mpi_ompio_bootstrap_mutex 64;
    ompi_mpi_op_band_addr 8;
    ompi_mpi_op_bor_addr 8;
    ompi_mpi_op_bxor_addr 8;
    ompi_mpi_op_land_addr 8;
    ompi_mpi_op_lor_addr 8;
    ompi_mpi_op_lxor_addr 8;
    ompi_mpi_op_max_addr 8;
    ompi_mpi_op_maxloc_addr 8;
    ompi_mpi_op_min_addr 8;
    ompi_mpi_op_minloc_addr 8;
    ompi_mpi_op_no_op_addr 8;
    ompi_mpi_op_null_addr 8;
    ompi_mpi_op_prod_addr 8;
    ompi_mpi_op_replace_addr 8;
    ompi_mpi_op_sum_addr 8;
    ompi_mpi_oversubscribed 1;
    ompi_mpi_param_check 1;
    ompi_mpi_preconnect_mpi 1;
    ompi_mpi_real16_addr 8;
    ompi_mpi_real2 512;
    ompi_mpi_real2_addr 8;
    ompi_mpi_real4_addr 8;
    ompi_mpi_real8_addr 8;
    ompi_mpi_real_addr 8;
    ompi_mpi_short_float 512;
    ompi_mpi_show_mca_params 1;
    ompi_mpi_show_mca_params_file 8;
    ompi_mpi_show_mca_params_string 8;
    ompi_mpi_spc_attach_string 8;
    ompi_mpi_spc_dump_enabled 1;
    ompi_mpi_state 4;
    ompi_mpi_status_ignore_addr 8;
    ompi_mpi_statuses_ignore_addr 8;
    ompi_mpi_thread_multiple 1;
    ompi_mpi_thread_provided 4;
    ompi_mpi_thread_requested 4;
    ompi_mpi_unavailable 512;
    ompi_mpi_win_null_addr 8;
    ompi_mpi_windows 120;
    ompi_mpi_yield_when_idle 1;
    ompi_request_null_addr 8;
    ompi_errcode_intern_lastused 4;
    ompi_errcodes_intern 120;
    ompi_registered_datareps 64;
}
