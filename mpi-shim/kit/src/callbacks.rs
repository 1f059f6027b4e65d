//! Calls from the engine into functions of the program, with handles in the ABI's form.
//!
//! Invariant: the address of a function comes from the program, which gave it to an MPI function whose parameter has the
//! type it is called with here.

use crate::abi::{Abi, AnyAbi, Codec};
use crate::{errors, translate};
use std::ffi::{c_int, c_void};
use vmi_mpi::{
    AttrOn, Callbacks, CommId, ErrOn, FileId, Handle, SessionId, Status, TypeId, UserBuf, UserFn, WinId,
};
use vmi_mpi_table::constants::{KEYVALS, WINDOW_KINDS};

/// Tells the engine how to call the program's functions, and how a panic ends the process.
pub fn register<A: AnyAbi>() {
    report_panics();
    vmi_mpi_args::register_callbacks(Callbacks {
        op: op::<A>,
        attr_copy: attr_copy::<A>,
        attr_delete: attr_delete::<A>,
        errhandler: errhandler::<A>,
        greq_query: greq_query::<A>,
        greq_free: greq_free::<A>,
        greq_cancel: greq_cancel::<A>,
    });
    let engine = crate::host::engine();
    vmi_mpi::win::set_kinds(engine, |kind| translate::to_abi::<A>(WINDOW_KINDS, kind));
    vmi_mpi::attr::set_numbers(engine, A::rank_out(vmi_mpi::constants::PROC_NULL), errors::code_out::<A>);
}

/// A panic is a mistake of ours and must not reach C: one line that says where, then the process aborts and its launcher ends
/// the job.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let what = panic.payload_as_str().unwrap_or("no reason given");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let process = std::process::id();
        eprintln!("VMI: internal error in process {process} at {place}: {what} (please report it)");
        std::process::abort();
    }));
}

/// Turns an address of the program into a function.
macro_rules! function {
    ($f:expr, $type:ty) => {
        // SAFETY: the program gave this address for a function of this type (module invariant).
        unsafe { std::mem::transmute::<*const c_void, $type>($f.func as *const c_void) }
    };
}

fn op<A: AnyAbi>(f: UserFn, input: UserBuf, inout: UserBuf, count: i64, datatype: TypeId) {
    let (input, inout) = (input.as_ptr(), inout.as_ptr());
    if f.fortran {
        let mut datatype = <A as Codec<TypeId>>::to_fint(datatype.to_u32());
        let mut count = count as c_int;
        let call = function!(f, unsafe extern "C" fn(*mut u8, *mut u8, *mut c_int, *mut c_int));
        // SAFETY: buffers of `count` elements, by the engine.
        return unsafe { call(input, inout, &mut count, &mut datatype) };
    }
    let mut datatype = <A as Codec<TypeId>>::encode(datatype.to_u32());
    let datatype: *mut <A as Codec<TypeId>>::C = &mut datatype;
    if f.large {
        let mut count = count;
        let call = function!(f, unsafe extern "C" fn(*mut u8, *mut u8, *mut i64, *mut c_void));
        // SAFETY: as above.
        unsafe { call(input, inout, &mut count, datatype.cast()) }
    } else {
        let mut count = count as c_int;
        let call = function!(f, unsafe extern "C" fn(*mut u8, *mut u8, *mut c_int, *mut c_void));
        // SAFETY: as above.
        unsafe { call(input, inout, &mut count, datatype.cast()) }
    }
}

/// Runs `$body` with `$c` bound to handle `$id` in the ABI's form, by the kind of object.
macro_rules! with_handle {
    ($on:expr, $id:expr, $c:ident => $body:expr, $($kind:path: $handle:ty),+) => {
        match $on {
            $($kind => {
                type C<A> = <A as Codec<$handle>>::C;
                #[allow(unused_mut, reason = "only error handlers get its address")]
                let mut $c: C<A> = <A as Codec<$handle>>::encode($id);
                $body
            })+
        }
    };
}

fn attr_copy<A: AnyAbi>(
    f: UserFn,
    on: AttrOn,
    id: u32,
    keyval: i32,
    extra: usize,
    value: usize,
) -> (i32, bool, usize) {
    let keyval = translate::to_abi::<A>(KEYVALS, keyval);
    let (mut out, mut flag) = (0usize, 0);
    let code = with_handle!(on, id, c => {
        let call = function!(f, unsafe extern "C" fn(C<A>, c_int, usize, usize, *mut usize, *mut c_int) -> c_int);
        // SAFETY: an attribute copy function of the program.
        unsafe { call(c, keyval, extra, value, &mut out, &mut flag) }
    }, AttrOn::Comm: CommId, AttrOn::Type: TypeId, AttrOn::Win: WinId);
    (errors::code_in::<A>(code), flag != 0, out)
}

fn attr_delete<A: AnyAbi>(f: UserFn, on: AttrOn, id: u32, keyval: i32, value: usize, extra: usize) -> i32 {
    let keyval = translate::to_abi::<A>(KEYVALS, keyval);
    let code = with_handle!(on, id, c => {
        let call = function!(f, unsafe extern "C" fn(C<A>, c_int, usize, usize) -> c_int);
        // SAFETY: an attribute delete function of the program.
        unsafe { call(c, keyval, value, extra) }
    }, AttrOn::Comm: CommId, AttrOn::Type: TypeId, AttrOn::Win: WinId);
    errors::code_in::<A>(code)
}

fn errhandler<A: AnyAbi>(f: UserFn, on: ErrOn, id: u32, code: i32) {
    let mut code = errors::code_out::<A>(code);
    with_handle!(on, id, c => {
        let call = function!(f, unsafe extern "C" fn(*mut C<A>, *mut c_int, ...));
        // SAFETY: an error handler of the program; it takes the two addresses and, by its type, more.
        unsafe { call(&mut c, &mut code) }
    }, ErrOn::Comm: CommId, ErrOn::Win: WinId, ErrOn::File: FileId, ErrOn::Session: SessionId);
}

fn greq_query<A: Abi>(f: UserFn, extra: usize) -> (i32, Status) {
    // Large enough and aligned for a status of every ABI.
    let mut status = [0u64; 8];
    let place = status.as_mut_ptr().cast::<u8>();
    // SAFETY: `place` is large enough for a status.
    unsafe { (A::STATUS.store)(place, 0, &Status::EMPTY, true) };
    let call = function!(f, unsafe extern "C" fn(usize, *mut u8) -> c_int);
    // SAFETY: a query function of the program.
    let code = unsafe { call(extra, place) };
    // SAFETY: a status, filled in by the program.
    (errors::code_in::<A>(code), unsafe { (A::STATUS.load)(place, 0) })
}

fn greq_free<A: Abi>(f: UserFn, extra: usize) -> i32 {
    let call = function!(f, unsafe extern "C" fn(usize) -> c_int);
    // SAFETY: a free function of the program.
    errors::code_in::<A>(unsafe { call(extra) })
}

fn greq_cancel<A: Abi>(f: UserFn, extra: usize, complete: bool) -> i32 {
    let call = function!(f, unsafe extern "C" fn(usize, c_int) -> c_int);
    // SAFETY: a cancel function of the program.
    errors::code_in::<A>(unsafe { call(extra, complete as c_int) })
}
