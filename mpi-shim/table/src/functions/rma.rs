//! One-sided communication.

#[macro_export]
#[rustfmt::skip]
macro_rules! rma_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done win::accumulate "MPI_Accumulate" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, op: Op, win: Win);
        done win::compare_and_swap "MPI_Compare_and_swap" (origin_addr: Buf, compare_addr: Buf, result_addr: Buf, datatype: Type, target_rank: Rank, target_disp: Aint, win: Win);
        done win::fetch_and_op "MPI_Fetch_and_op" (origin_addr: Buf, result_addr: Buf, datatype: Type, target_rank: Rank, target_disp: Aint, op: Op, win: Win);
        done win::get "MPI_Get" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, win: Win);
        done win::get_accumulate "MPI_Get_accumulate" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, result_addr: Buf, result_count: Count, result_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, op: Op, win: Win);
        done win::put "MPI_Put" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, win: Win);
        done win::raccumulate "MPI_Raccumulate" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, op: Op, win: Win, > request: Req);
        done win::rget "MPI_Rget" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, win: Win, > request: Req);
        done win::rget_accumulate "MPI_Rget_accumulate" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, result_addr: Buf, result_count: Count, result_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, op: Op, win: Win, > request: Req);
        done win::rput "MPI_Rput" large (origin_addr: Buf, origin_count: Count, origin_datatype: Type, target_rank: Rank, target_disp: Aint, target_count: Count, target_datatype: Type, win: Win, > request: Req);
        done win::win_allocate "MPI_Win_allocate" large (size: Aint, disp_unit: Count, info: Info, comm: Comm, > baseptr: Addr, > win: Win);
        done win::win_allocate_shared "MPI_Win_allocate_shared" large (size: Aint, disp_unit: Count, info: Info, comm: Comm, > baseptr: Addr, > win: Win);
        done win::win_attach "MPI_Win_attach" (win: Win, base: Buf, size: Aint);
        done win::win_complete "MPI_Win_complete" (win: Win);
        done win::win_create "MPI_Win_create" large (base: Buf, size: Aint, disp_unit: Count, info: Info, comm: Comm, > win: Win);
        done win::win_create_dynamic "MPI_Win_create_dynamic" (info: Info, comm: Comm, > win: Win);
        done win::win_detach "MPI_Win_detach" (win: Win, base: Buf);
        done win::win_fence "MPI_Win_fence" (assert: Assert, win: Win);
        done win::win_flush "MPI_Win_flush" (rank: Rank, win: Win);
        done win::win_flush_all "MPI_Win_flush_all" (win: Win);
        done win::win_flush_local "MPI_Win_flush_local" (rank: Rank, win: Win);
        done win::win_flush_local_all "MPI_Win_flush_local_all" (win: Win);
        done win::win_free "MPI_Win_free" (win: IoWin);
        done win::win_get_group "MPI_Win_get_group" (win: Win, > group: Group);
        done win::win_get_info "MPI_Win_get_info" (win: Win, > info_used: Info);
        done win::win_get_name "MPI_Win_get_name" (win: Win, win_name: NameOut, > resultlen: Int);
        done win::win_lock "MPI_Win_lock" (lock_type: Lock, rank: Rank, assert: Assert, win: Win);
        done win::win_lock_all "MPI_Win_lock_all" (assert: Assert, win: Win);
        done win::win_post "MPI_Win_post" (group: Group, assert: Assert, win: Win);
        done win::win_set_info "MPI_Win_set_info" (win: Win, info: Info);
        done win::win_set_name "MPI_Win_set_name" (win: Win, win_name: Str);
        done win::win_shared_query "MPI_Win_shared_query" large (win: Win, rank: Rank, > size: Aint, > disp_unit: Count, > baseptr: Addr);
        done win::win_start "MPI_Win_start" (group: Group, assert: Assert, win: Win);
        done win::win_sync "MPI_Win_sync" (win: Win);
        done win::win_test "MPI_Win_test" (win: Win, > flag: Flag);
        done win::win_unlock "MPI_Win_unlock" (rank: Rank, win: Win);
        done win::win_unlock_all "MPI_Win_unlock_all" (win: Win);
        done win::win_wait "MPI_Win_wait" (win: Win);
    } };
}
