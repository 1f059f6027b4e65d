//! The tool interface (MPI_T).

#[macro_export]
#[rustfmt::skip]
macro_rules! tool_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        tool "MPI_T_category_changed" (> update_number: Int);
        tool "MPI_T_category_get_categories" (cat_index: Int, len: Int, indices: Ints);
        tool "MPI_T_category_get_cvars" (cat_index: Int, len: Int, indices: Ints);
        tool "MPI_T_category_get_events" (cat_index: Int, len: Int, indices: Ints);
        tool "MPI_T_category_get_index" (name: Str, > cat_index: Int);
        tool "MPI_T_category_get_info" (cat_index: Int, name: StrOut, name_len: IoInt, desc: StrOut, desc_len: IoInt, > num_cvars: Int, > num_pvars: Int, > num_categories: Int);
        tool "MPI_T_category_get_num" (> num_cat: Int);
        tool "MPI_T_category_get_num_events" (cat_index: Int, > num_events: Int);
        tool "MPI_T_category_get_pvars" (cat_index: Int, len: Int, indices: Ints);
        tool "MPI_T_cvar_get_index" (name: Str, > cvar_index: Int);
        tool "MPI_T_cvar_get_info" (cvar_index: Int, name: StrOut, name_len: IoInt, > verbosity: Int, > datatype: Type, enumtype: Raw, desc: StrOut, desc_len: IoInt, > bind: Int, > scope: Int);
        tool "MPI_T_cvar_get_num" (> num_cvar: Int);
        tool "MPI_T_cvar_handle_alloc" (cvar_index: Int, obj_handle: Raw, handle: Raw, > count: Int);
        tool "MPI_T_cvar_handle_free" (handle: Raw);
        tool "MPI_T_cvar_read" (handle: Raw, buf: Buf);
        tool "MPI_T_cvar_write" (handle: Raw, buf: Buf);
        tool "MPI_T_enum_get_info" (enumtype: Raw, > num: Int, name: StrOut, name_len: IoInt);
        tool "MPI_T_enum_get_item" (enumtype: Raw, index: Int, > value: Int, name: StrOut, name_len: IoInt);
        tool "MPI_T_event_callback_get_info" (event_registration: Raw, cb_safety: Int, > info_used: Info);
        tool "MPI_T_event_callback_set_info" (event_registration: Raw, cb_safety: Int, info: Info);
        tool "MPI_T_event_copy" (event_instance: Raw, > buffer: Addr);
        tool "MPI_T_event_get_index" (name: Str, > event_index: Int);
        tool "MPI_T_event_get_info" (event_index: Int, name: StrOut, name_len: IoInt, > verbosity: Int, array_of_datatypes: Types, array_of_displacements: Aints, num_elements: IoInt, enumtype: Raw, > info: Info, desc: StrOut, desc_len: IoInt, > bind: Int);
        tool "MPI_T_event_get_num" (> num_events: Int);
        tool "MPI_T_event_get_source" (event_instance: Raw, > source_index: Int);
        tool "MPI_T_event_get_timestamp" (event_instance: Raw, > event_timestamp: Aint);
        tool "MPI_T_event_handle_alloc" (event_index: Int, obj_handle: Raw, info: Info, event_registration: Raw);
        tool "MPI_T_event_handle_free" (event_registration: Raw, user_data: Addr, free_cb_function: Raw);
        tool "MPI_T_event_handle_get_info" (event_registration: Raw, > info_used: Info);
        tool "MPI_T_event_handle_set_info" (event_registration: Raw, info: Info);
        tool "MPI_T_event_read" (event_instance: Raw, element_index: Int, > buffer: Addr);
        tool "MPI_T_event_register_callback" (event_registration: Raw, cb_safety: Int, info: Info, user_data: Addr, event_cb_function: Raw);
        tool "MPI_T_event_set_dropped_handler" (event_registration: Raw, dropped_cb_function: Raw);
        tool "MPI_T_finalize" ();
        tool "MPI_T_init_thread" (required: Thread, > provided: Thread);
        tool "MPI_T_pvar_get_index" (name: Str, var_class: Int, > pvar_index: Int);
        tool "MPI_T_pvar_get_info" (pvar_index: Int, name: StrOut, name_len: IoInt, > verbosity: Int, > var_class: Int, > datatype: Type, enumtype: Raw, desc: StrOut, desc_len: IoInt, > bind: Int, > readonly: Int, > continuous: Int, > atomic: Int);
        tool "MPI_T_pvar_get_num" (> num_pvar: Int);
        tool "MPI_T_pvar_handle_alloc" (session: Raw, pvar_index: Int, obj_handle: Raw, handle: Raw, > count: Int);
        tool "MPI_T_pvar_handle_free" (session: Raw, handle: Raw);
        tool "MPI_T_pvar_read" (session: Raw, handle: Raw, buf: Buf);
        tool "MPI_T_pvar_readreset" (session: Raw, handle: Raw, buf: Buf);
        tool "MPI_T_pvar_reset" (session: Raw, handle: Raw);
        tool "MPI_T_pvar_session_create" (session: Raw);
        tool "MPI_T_pvar_session_free" (session: Raw);
        tool "MPI_T_pvar_start" (session: Raw, handle: Raw);
        tool "MPI_T_pvar_stop" (session: Raw, handle: Raw);
        tool "MPI_T_pvar_write" (session: Raw, handle: Raw, buf: Buf);
        tool "MPI_T_source_get_info" (source_index: Int, name: StrOut, name_len: IoInt, desc: StrOut, desc_len: IoInt, > ordering: Int, > ticks_per_second: Aint, > max_ticks: Aint, > info: Info);
        tool "MPI_T_source_get_num" (> num_sources: Int);
        tool "MPI_T_source_get_timestamp" (source_index: Int, > timestamp: Aint);
    } };
}
