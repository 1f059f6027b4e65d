//! Functions on a status object (MPI-5.0 §3.2.5, §3.8.5).

use crate::error::Result;
use crate::{Eng, Statuses, fail};

fn given(status: Statuses) -> Result<Statuses> {
    if status.ignored() {
        fail!(ARG, "status is MPI_STATUS_IGNORE, expected a status");
    }
    Ok(status)
}

pub fn test_cancelled(_e: Eng, status: Statuses) -> Result<bool> {
    Ok(given(status)?.get(0).cancelled)
}

pub fn status_set_cancelled(_e: Eng, status: Statuses, flag: i32) -> Result {
    let mut s = given(status)?.get(0);
    s.cancelled = flag != 0;
    status.set_with_error(0, &s);
    Ok(())
}

macro_rules! fields {
    ($($get:ident $set:ident $field:ident;)*) => {$(
        pub fn $get(_e: Eng, status: Statuses) -> Result<i32> {
            Ok(given(status)?.get(0).$field)
        }
        pub fn $set(_e: Eng, status: Statuses, value: i32) -> Result {
            let mut s = given(status)?.get(0);
            s.$field = value;
            status.set_with_error(0, &s);
            Ok(())
        }
    )*};
}

fields! {
    status_get_source status_set_source source;
    status_get_tag status_set_tag tag;
    status_get_error status_set_error error;
}
