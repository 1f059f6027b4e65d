//! The functions of MPI about error handlers and error codes (MPI-5.0 §9.3 to §9.5).

use super::{Action, Errhandler, Slot, call};
use crate::constants::MAX_ERROR_STRING;
use crate::error::{On, Result};
use crate::{CommId, Eng, ErrOn, ErrhandlerId, FileId, Handle, SessionId, StrOut, UserFn, WinId, attr, fail};
use std::rc::Rc;

fn create(e: Eng, function: UserFn, on: ErrOn) -> Result<ErrhandlerId> {
    if function.func == 0 {
        fail!(ARG, "the error handler function is NULL");
    }
    Ok(publish(e, Rc::new(Errhandler::new(Action::User(function, on), ErrhandlerId::NULL))))
}

/// Gives the program one more handle of `handler`: the one that exists, or a new one.
fn publish(e: Eng, handler: Rc<Errhandler>) -> ErrhandlerId {
    if handler.handles.get() == 0 && is_user(&handler) {
        handler.id.set(e.errors.table.insert_rc(handler.clone()));
    }
    handler.handles.set(handler.handles.get() + 1);
    handler.id.get()
}

fn is_user(handler: &Errhandler) -> bool {
    matches!(handler.action, Action::User(..))
}

/// The handler named by `id`, if it may be attached to objects of kind `on`.
fn usable(e: Eng, id: ErrhandlerId, on: ErrOn) -> Result<Rc<Errhandler>> {
    let handler = e.errors.table.get(id)?;
    match handler.action {
        Action::User(_, kind) if kind != on => {
            fail!(ERRHANDLER, "errhandler was created for {kind:?} objects, expected one for {on:?} objects")
        }
        _ => Ok(handler),
    }
}

pub fn errhandler_free(e: Eng, errhandler: &mut ErrhandlerId) -> Result {
    let handler = e.errors.table.get(*errhandler)?;
    if is_user(&handler) {
        handler.handles.set(handler.handles.get().saturating_sub(1));
        if handler.handles.get() == 0 {
            e.errors.table.remove(*errhandler)?;
        }
    }
    *errhandler = ErrhandlerId::NULL;
    Ok(())
}

pub fn comm_create_errhandler(e: Eng, function: UserFn) -> Result<ErrhandlerId> {
    create(e, function, ErrOn::Comm)
}

pub fn comm_set_errhandler(e: Eng, comm: CommId, errhandler: ErrhandlerId) -> Result {
    let comm = e.comms.get(comm)?;
    comm.errhandler.set(usable(e, errhandler, ErrOn::Comm)?);
    Ok(())
}

pub fn comm_get_errhandler(e: Eng, comm: CommId) -> Result<ErrhandlerId> {
    Ok(publish(e, e.comms.get(comm)?.errhandler.get()))
}

pub fn comm_call_errhandler(e: Eng, comm: CommId, errorcode: i32) -> Result {
    e.comms.get(comm)?;
    e.errors.codes.class_of(errorcode)?;
    call(e, Some(On::Comm(comm)), errorcode);
    Ok(())
}

pub fn win_create_errhandler(e: Eng, function: UserFn) -> Result<ErrhandlerId> {
    create(e, function, ErrOn::Win)
}

pub fn win_set_errhandler(e: Eng, win: WinId, errhandler: ErrhandlerId) -> Result {
    e.windows.table.get(win)?.errhandler().set(usable(e, errhandler, ErrOn::Win)?);
    Ok(())
}

pub fn win_get_errhandler(e: Eng, win: WinId) -> Result<ErrhandlerId> {
    Ok(publish(e, e.windows.table.get(win)?.errhandler().get()))
}

pub fn win_call_errhandler(e: Eng, win: WinId, errorcode: i32) -> Result {
    e.windows.table.get(win)?;
    e.errors.codes.class_of(errorcode)?;
    call(e, Some(On::Win(win)), errorcode);
    Ok(())
}

pub fn file_create_errhandler(e: Eng, function: UserFn) -> Result<ErrhandlerId> {
    create(e, function, ErrOn::File)
}

/// For MPI_FILE_NULL: the handler that newly opened files get.
pub fn file_set_errhandler(e: Eng, file: FileId, errhandler: ErrhandlerId) -> Result {
    file_slot(e, file)?.set(usable(e, errhandler, ErrOn::File)?);
    Ok(())
}

pub fn file_get_errhandler(e: Eng, file: FileId) -> Result<ErrhandlerId> {
    Ok(publish(e, file_slot(e, file)?.get()))
}

pub fn file_call_errhandler(e: Eng, file: FileId, errorcode: i32) -> Result {
    file_slot(e, file)?;
    e.errors.codes.class_of(errorcode)?;
    call(e, Some(On::File(file)), errorcode);
    Ok(())
}

fn file_slot(e: Eng, file: FileId) -> Result<&'static Slot> {
    if file != FileId::NULL {
        fail!(FILE, "file handle {:#x} names no open file", file.to_u32());
    }
    Ok(&e.errors.file_default)
}

pub fn session_create_errhandler(e: Eng, function: UserFn) -> Result<ErrhandlerId> {
    create(e, function, ErrOn::Session)
}

pub fn session_set_errhandler(e: Eng, session: SessionId, errhandler: ErrhandlerId) -> Result {
    e.sessions.get(session)?.errhandler.set(usable(e, errhandler, ErrOn::Session)?);
    Ok(())
}

pub fn session_get_errhandler(e: Eng, session: SessionId) -> Result<ErrhandlerId> {
    Ok(publish(e, e.sessions.get(session)?.errhandler.get()))
}

pub fn session_call_errhandler(e: Eng, session: SessionId, errorcode: i32) -> Result {
    e.sessions.get(session)?;
    e.errors.codes.class_of(errorcode)?;
    call(e, Some(On::Session(session)), errorcode);
    Ok(())
}

/// MPI-1 name of [`comm_create_errhandler`].
pub fn errhandler_create(e: Eng, function: UserFn) -> Result<ErrhandlerId> {
    comm_create_errhandler(e, function)
}

/// MPI-1 name of [`comm_set_errhandler`].
pub fn errhandler_set(e: Eng, comm: CommId, errhandler: ErrhandlerId) -> Result {
    comm_set_errhandler(e, comm, errhandler)
}

/// MPI-1 name of [`comm_get_errhandler`].
pub fn errhandler_get(e: Eng, comm: CommId) -> Result<ErrhandlerId> {
    comm_get_errhandler(e, comm)
}

pub fn error_class(e: Eng, errorcode: i32) -> Result<i32> {
    e.errors.codes.class_of(errorcode)
}

/// Returns the length of the text.
pub fn error_string(e: Eng, errorcode: i32, string: StrOut) -> Result<i32> {
    match e.errors.codes.text(errorcode) {
        Some(text) => Ok(string.set_limited(&text, MAX_ERROR_STRING) as i32),
        None => fail!(ARG, "{errorcode} is no error code or class"),
    }
}

pub fn add_error_class(e: Eng) -> Result<i32> {
    let class = e.errors.codes.add_class()?;
    attr::update_last_used(e);
    Ok(class)
}

pub fn add_error_code(e: Eng, errorclass: i32) -> Result<i32> {
    let code = e.errors.codes.add_code(errorclass)?;
    attr::update_last_used(e);
    Ok(code)
}

pub fn add_error_string(e: Eng, errorcode: i32, string: &str) -> Result {
    if string.len() >= MAX_ERROR_STRING {
        fail!(ARG, "string has {} characters, expected fewer than {MAX_ERROR_STRING}", string.len());
    }
    e.errors.codes.set_text(errorcode, Some(string))
}

pub fn remove_error_class(e: Eng, errorclass: i32) -> Result {
    e.errors.codes.remove_class(errorclass)?;
    attr::update_last_used(e);
    Ok(())
}

pub fn remove_error_code(e: Eng, errorcode: i32) -> Result {
    e.errors.codes.remove_code(errorcode)?;
    attr::update_last_used(e);
    Ok(())
}

pub fn remove_error_string(e: Eng, errorcode: i32) -> Result {
    e.errors.codes.set_text(errorcode, None)
}
