//! Handles by value, by address, and in arrays.

use super::{In, Out, Size};
use crate::abi::Codec;
use std::marker::PhantomData;
use vmi_mpi::error::On;
use vmi_mpi::{
    CommId, ErrhandlerId, FileId, GroupId, Handle, Handles, InfoId, MessageId, OpId, RequestId, Result,
    SessionId, TypeId, WinId, fail,
};
use vmi_mpi_args::HandleCodec;

/// A handle that may decide which error handler is asked.
pub trait Owner: Handle + 'static {
    #[inline(always)]
    fn on(self) -> Option<On> {
        None
    }
}

impl Owner for CommId {
    fn on(self) -> Option<On> {
        Some(On::Comm(self))
    }
}
impl Owner for WinId {
    fn on(self) -> Option<On> {
        Some(On::Win(self))
    }
}
impl Owner for FileId {
    fn on(self) -> Option<On> {
        Some(On::File(self))
    }
}
impl Owner for SessionId {
    fn on(self) -> Option<On> {
        Some(On::Session(self))
    }
}
impl Owner for ErrhandlerId {}
impl Owner for GroupId {}
impl Owner for InfoId {}
impl Owner for MessageId {}
impl Owner for OpId {}
impl Owner for RequestId {}
impl Owner for TypeId {}

/// A handle by value.
pub struct ByValue<H>(PhantomData<H>);

impl<A: Codec<H>, S: Size, H: Owner> In<A, S> for ByValue<H> {
    type C = <A as Codec<H>>::C;
    type Held = H;
    type Arg<'a> = H;
    #[inline(always)]
    unsafe fn take(c: Self::C, _: &'static str) -> Result<H> {
        // SAFETY: a handle argument (caller).
        Ok(H::from_u32(unsafe { A::decode(c) }))
    }
    #[inline(always)]
    fn arg(held: &mut H) -> H {
        *held
    }
    #[inline(always)]
    unsafe fn on(c: Self::C) -> Option<On> {
        // SAFETY: as in `take`.
        H::from_u32(unsafe { A::decode(c) }).on()
    }
}

impl<A: Codec<H>, S: Size, H: Owner> Out<A, S> for ByValue<H> {
    type C = <A as Codec<H>>::C;
    type Value = H;
    #[inline(always)]
    fn encode(value: H) -> Self::C {
        A::encode(value.to_u32())
    }
    #[inline(always)]
    fn failed() -> Option<Self::C> {
        Some(A::encode(H::NULL_ID))
    }
}

/// The address of a handle that the call may change (free, wait, commit).
pub struct ByAddress<H>(PhantomData<H>);

/// A handle read from the program, with the place it came from.
pub struct Borrowed<H, C> {
    handle: H,
    before: u32,
    place: *mut C,
}

impl<A: Codec<H>, S: Size, H: Owner> In<A, S> for ByAddress<H> {
    type C = *mut <A as Codec<H>>::C;
    type Held = Borrowed<H, <A as Codec<H>>::C>;
    type Arg<'a> = &'a mut H;
    #[inline(always)]
    unsafe fn take(c: Self::C, name: &'static str) -> Result<Self::Held> {
        if c.is_null() {
            fail!(ARG, "{name} is NULL, expected the address of a handle");
        }
        // SAFETY: the address of a handle argument (caller).
        let id = unsafe { A::decode(c.read()) };
        Ok(Borrowed { handle: H::from_u32(id), before: id, place: c })
    }
    #[inline(always)]
    fn arg(held: &mut Self::Held) -> &mut H {
        &mut held.handle
    }
    #[inline(always)]
    unsafe fn finish(held: Self::Held) {
        let id = held.handle.to_u32();
        if id != held.before {
            // SAFETY: as in `take`.
            unsafe { held.place.write(A::encode(id)) }
        }
    }
    #[inline(always)]
    unsafe fn on(c: Self::C) -> Option<On> {
        if c.is_null() {
            return None;
        }
        // SAFETY: as in `take`.
        H::from_u32(unsafe { A::decode(c.read()) }).on()
    }
}

/// An array of handles, input or output.
pub struct Array<H>(PhantomData<H>);

/// # Safety
/// `ptr` is an array of handles of kind `H` with an element `i`.
unsafe fn load<A: Codec<H>, H: Handle>(ptr: *const u8, i: usize) -> u32 {
    // SAFETY: element `i` exists (caller).
    let c = unsafe { ptr.cast::<<A as Codec<H>>::C>().add(i).read_unaligned() };
    // SAFETY: it is a handle of the program.
    unsafe { A::decode(c) }
}

/// # Safety
/// As [`load`].
unsafe fn store<A: Codec<H>, H: Handle>(ptr: *mut u8, i: usize, id: u32) {
    // SAFETY: element `i` exists (caller).
    unsafe { ptr.cast::<<A as Codec<H>>::C>().add(i).write_unaligned(A::encode(id)) }
}

/// The codec of handles of kind `H` in arrays of ABI `A`.
pub const fn codec<A: Codec<H>, H: Handle>() -> HandleCodec {
    HandleCodec { load: load::<A, H>, store: store::<A, H> }
}

impl<A: Codec<H>, S: Size, H: Owner> In<A, S> for Array<H> {
    type C = *mut <A as Codec<H>>::C;
    type Held = Handles<H>;
    type Arg<'a> = Handles<H>;
    #[inline(always)]
    unsafe fn take(c: Self::C, _: &'static str) -> Result<Handles<H>> {
        // SAFETY: a handle array argument (caller), in the ABI's layout.
        Ok(unsafe { Handles::new(c.cast(), codec::<A, H>()) })
    }
    #[inline(always)]
    fn arg(held: &mut Handles<H>) -> Handles<H> {
        *held
    }
}

macro_rules! handle_kinds {
    ($($value:ident $address:ident $array:ident $id:ident;)*) => {$(
        pub type $value = ByValue<$id>;
        pub type $address = ByAddress<$id>;
        pub type $array = Array<$id>;
    )*};
}

handle_kinds! {
    Comm IoComm Comms CommId;
    Group IoGroup Groups GroupId;
    Win IoWin Wins WinId;
    File IoFile Files FileId;
    Session IoSession Sessions SessionId;
    Message IoMessage Messages MessageId;
    Info IoInfo Infos InfoId;
    Errh IoErrh Errhs ErrhandlerId;
    Req IoReq Reqs RequestId;
    Op IoOp Ops OpId;
    Type IoType Types TypeId;
}
