//! Fields of a status.

#[macro_export]
#[rustfmt::skip]
macro_rules! status_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        done request::status_get_error "MPI_Status_get_error" (status: Status, > error: ErrCode);
        done request::status_get_source "MPI_Status_get_source" (status: Status, > source: Rank);
        done request::status_get_tag "MPI_Status_get_tag" (status: Status, > tag: Tag);
        done request::status_set_cancelled "MPI_Status_set_cancelled" (status: Status, flag: Flag);
        done datatype::status_set_elements "MPI_Status_set_elements" large (status: Status, datatype: Type, count: Count);
        done datatype::status_set_elements_x "MPI_Status_set_elements_x" (status: Status, datatype: Type, count: Aint);
        done request::status_set_error "MPI_Status_set_error" (status: Status, error: ErrCode);
        done request::status_set_source "MPI_Status_set_source" (status: Status, source: Rank);
        done request::status_set_tag "MPI_Status_set_tag" (status: Status, tag: Tag);
    } };
}
