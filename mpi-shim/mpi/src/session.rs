//! Sessions (MPI-5.0 §11.3): MPI without MPI_COMM_WORLD.
//!
//! The process sets are `mpi://WORLD` and `mpi://SELF`.

use crate::constants::{class, predefined};
use crate::env;
use crate::errhandler::Slot;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::info::Info;
use crate::{Eng, ErrhandlerId, GroupId, InfoId, SessionId, StrOut, fail, info};

/// A session the program has begun.
pub struct Session {
    pub errhandler: Slot,
    pub info: Info,
}

/// Names of the process sets, with the communicators that have their processes.
const PSETS: [(&str, crate::CommId); 2] =
    [("mpi://WORLD", predefined::COMM_WORLD), ("mpi://SELF", predefined::COMM_SELF)];

fn pset(name: &str) -> Result<crate::CommId> {
    match PSETS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, comm)) => Ok(*comm),
        None => {
            let text = format!("pset_name is {name}, expected mpi://WORLD or mpi://SELF");
            Err(Error::new(class::ARG, text))
        }
    }
}

pub fn session_init(e: Eng, info: InfoId, errhandler: ErrhandlerId) -> Result<SessionId> {
    let hints = info::pairs_of(e, info)?;
    let level = hints.iter().find(|(key, _)| key == "thread_level").map(|(_, v)| v.as_str());
    let errhandler = Slot::new(e.errors.table.get(errhandler)?);
    env::session_opens(e, env::thread_level_of(level.unwrap_or("MPI_THREAD_SINGLE")))?;
    let session = Session { errhandler, info: Info::default() };
    session.info.set("thread_level", env::thread_level_name(e.thread_level()));
    session.info.set("mpi_memory_alloc_kinds", "mpi,system");
    Ok(e.sessions.insert(session))
}

pub fn session_finalize(e: Eng, session: &mut SessionId) -> Result {
    e.sessions.get(*session)?;
    crate::p2p::session_flush_buffer(e, *session)?;
    e.sessions.remove(*session)?;
    *session = SessionId::NULL;
    env::session_closes(e)
}

pub fn session_get_info(e: Eng, session: SessionId) -> Result<InfoId> {
    let hints = e.sessions.get(session)?.info.clone();
    Ok(e.infos.insert(hints))
}

pub fn session_set_info(e: Eng, session: SessionId, info: InfoId) -> Result {
    let session = e.sessions.get(session)?;
    for (key, value) in info::pairs_of(e, info)? {
        session.info.set(&key, &value);
    }
    Ok(())
}

pub fn session_get_num_psets(e: Eng, session: SessionId, _info: InfoId) -> Result<i32> {
    e.sessions.get(session)?;
    Ok(PSETS.len() as i32)
}

/// `pset_len` is the size of `pset_name` with its final NUL, and becomes the size that the whole name needs.
pub fn session_get_nth_pset(
    e: Eng,
    session: SessionId,
    _info: InfoId,
    n: i32,
    pset_len: &mut i32,
    pset_name: StrOut,
) -> Result {
    e.sessions.get(session)?;
    let Some((name, _)) = usize::try_from(n).ok().and_then(|n| PSETS.get(n)) else {
        fail!(ARG, "n is {n}, expected 0 ≤ n < {}", PSETS.len());
    };
    if *pset_len < 0 {
        fail!(ARG, "pset_len is {pset_len}, expected 0 or more");
    }
    pset_name.set_limited(name, *pset_len as usize);
    *pset_len = name.len() as i32 + 1;
    Ok(())
}

pub fn session_get_pset_info(e: Eng, session: SessionId, pset_name: &str) -> Result<InfoId> {
    e.sessions.get(session)?;
    let size = e.comms.get(pset(pset_name)?)?.size().to_string();
    Ok(info::insert(e, &[("mpi_size", &size)]))
}

pub fn group_from_session_pset(e: Eng, session: SessionId, pset_name: &str) -> Result<GroupId> {
    e.sessions.get(session)?;
    let procs = e.comms.get(pset(pset_name)?)?.group.procs().to_vec();
    Ok(e.groups.insert(Group::new(procs, e.me.get()).of_session(session)))
}
