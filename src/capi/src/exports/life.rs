//! Beginning, end, progress; statuses; alerts.

use super::{call, call_anytime, value};
use crate::args;
use crate::engine;
use crate::key::{self, MAX_KEY};
use crate::status::{self, fail};
use crate::traffic;
use crate::types::*;
use std::ffi::{c_char, c_int};
use vmi::core::alert::Severity;

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Init(_argc: c_int, _argv: *mut *mut c_char) -> VMI_STATUS {
    call_anytime("VMI_Init", |e| engine::begin(e, None))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Init_With_Key(key: *const c_char) -> VMI_STATUS {
    call_anytime("VMI_Init_With_Key", |e| {
        let key = args::text(key, "key")?;
        if key.is_empty() || key.len() > MAX_KEY {
            fail!(Argument, "key has {} bytes, expected 1 to {MAX_KEY}", key.len());
        }
        engine::begin(e, Some(key))
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Terminate(_status: VMI_STATUS) {
    engine::end(engine::enter().value());
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Poll() -> VMI_STATUS {
    call("VMI_Poll", |e| {
        traffic::poll(e);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_perror(message: *const c_char, status: VMI_STATUS) {
    let what = status::describe(status);
    match args::text(message, "message") {
        Ok(message) => eprintln!("{message}: {what}"),
        Err(_) => eprintln!("{what}"),
    }
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Job_Rank() -> UINT32 {
    value("VMI_Job_Rank", 0, |e| Ok(e.job.get().map_or(0, |job| job.rank())))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Job_Size() -> UINT32 {
    value("VMI_Job_Size", 1, |e| Ok(e.job.get().map_or(1, |job| job.size())))
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Job_Key(rank: UINT32, key: *mut c_char, room: ULONG) -> VMI_STATUS {
    call("VMI_Job_Key", |e| {
        let text = key::of_rank(&e.settings.borrow().key, rank)?;
        args::write_text(key, room as usize, &text, "key")
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Alert_Fn(function: VMIAlert) -> VMI_STATUS {
    call_anytime("VMI_Alert_Fn", |e| {
        e.alerts.function.set(function);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn VMI_Alert_Raise(severity: UINT32, text: *const c_char) -> VMI_STATUS {
    call("VMI_Alert_Raise", |e| {
        let severity = match severity {
            0 => Severity::Notice,
            1 => Severity::Fault,
            other => fail!(Argument, "severity is {other}, expected VMI_ALERT_NOTICE or VMI_ALERT_FAULT"),
        };
        e.alerts.raise(severity, args::text(text, "text")?);
        Ok(())
    })
}
