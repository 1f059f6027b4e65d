//! Beginning and end (MPI-5.0 §11.2).

use super::{end_job, whoami};
use crate::attr::Owner;
use crate::constants::*;
use crate::engine::{self, Phase};
use crate::error::Result;
use crate::info::Info;
use crate::{AttrOn, CommId, Eng, Engine, Handle, coll, comm, fail};
use std::collections::HashMap;
use vmi::job::Job;

pub fn init(e: Eng) -> Result {
    init_thread(e, THREAD_SINGLE).map(|_| ())
}

/// Returns the thread level provided, which is the one asked for.
pub fn init_thread(e: Eng, required: i32) -> Result<i32> {
    if !(THREAD_SINGLE..=THREAD_MULTIPLE).contains(&required) {
        fail!(ARG, "required is {required}, expected MPI_THREAD_SINGLE to MPI_THREAD_MULTIPLE");
    }
    match e.env.world.get() {
        Phase::Before => {}
        Phase::Running => fail!(OTHER, "MPI is initialized already"),
        Phase::Finalized => fail!(OTHER, "MPI is finalized, it cannot be initialized again"),
    }
    begin(e, required)?;
    e.env.world.set(Phase::Running);
    Ok(e.env.thread_level.get())
}

/// Starts the engine, if it is not running: for MPI_Init or for a session.
pub(crate) fn begin(e: Eng, thread_level: i32) -> Result {
    if e.phase.get() == Phase::Running {
        return Ok(());
    }
    let job = match Job::discover() {
        Ok(job) => job,
        Err(error) => end_job(e, 1, &format!("MPI cannot start: {error}")),
    };
    comm::set_up(e, job.rank(), job.size())?;
    *e.env.host_of.borrow_mut() = number_hosts(&job);
    publish_attributes(e, &job);
    e.env.thread_level.set(thread_level);
    e.env.main_thread.set(Some(std::thread::current().id()));
    let job = e.job.get_or_init(|| job);
    e.infos.set_predefined(predefined::INFO_ENV, Info::of(super::info_pairs()));
    e.start(job)?;
    if thread_level == THREAD_MULTIPLE {
        engine::share();
    }
    e.phase.set(Phase::Running);
    Ok(())
}

fn number_hosts(job: &Job) -> Vec<u32> {
    let mut numbers = HashMap::new();
    let mut number = |proc| {
        let next = numbers.len() as u32;
        *numbers.entry(job.host_of(proc)).or_insert(next)
    };
    (0..job.size()).map(&mut number).collect()
}

fn publish_attributes(e: Eng, job: &Job) {
    e.predefined.set(keyval::APPNUM, job.appnum() as i32);
    e.predefined.set(keyval::UNIVERSE_SIZE, job.universe_size().max(job.size()) as i32);
    e.predefined.set(keyval::IO, job.rank() as i32);
    e.predefined.set(keyval::WTIME_IS_GLOBAL, job.all_local() as i32);
}

/// MPI-5.0 §11.2.4: first the attributes of MPI_COMM_SELF go, while MPI still works; then everybody waits for
/// everybody, so that no message is lost; then the core stops. A delete callback that fails does not keep the
/// library from ending; its error is returned.
pub fn finalize(e: Eng) -> Result {
    if e.env.world.get() != Phase::Running {
        fail!(OTHER, "MPI_Init was not called by {}", whoami(e));
    }
    let attributes = delete_attributes(e, predefined::COMM_SELF);
    let attributes = attributes.and(delete_attributes(e, predefined::COMM_WORLD));
    coll::barrier_on(e, &e.comms.get(predefined::COMM_WORLD)?)?;
    e.env.world.set(Phase::Finalized);
    if e.env.sessions.get() == 0 {
        end(e)?;
    }
    attributes
}

/// Stops the engine: after MPI_Finalize, when no session is open.
fn end(e: Eng) -> Result {
    e.stop()?;
    e.phase.set(Phase::Finalized);
    leave_job(e)
}

/// Tells the launcher, once, that this process may exit.
fn leave_job(e: Eng) -> Result {
    if e.env.left_job.replace(true) {
        return Ok(());
    }
    match e.job.get().map(Job::finalize) {
        Some(Err(error)) => fail!(OTHER, "cannot leave the job: {error}"),
        _ => Ok(()),
    }
}

fn delete_attributes(e: Eng, id: CommId) -> Result {
    e.comms.get(id)?.attrs.delete_all(Owner::new(AttrOn::Comm, id))
}

/// A session opens.
pub(crate) fn session_opens(e: Eng, thread_level: i32) -> Result {
    begin(e, thread_level)?;
    e.env.sessions.set(e.env.sessions.get() + 1);
    Ok(())
}

/// A session closes. The engine goes on when it was the last one of a program without MPI_Init, because that may
/// open another; the launcher is told that the process may exit.
pub(crate) fn session_closes(e: Eng) -> Result {
    e.env.sessions.set(e.env.sessions.get() - 1);
    match (e.env.sessions.get(), e.env.world.get()) {
        (0, Phase::Finalized) => end(e),
        (0, Phase::Before) => {
            e.stop()?;
            leave_job(e)
        }
        _ => Ok(()),
    }
}

pub fn initialized(e: Eng) -> Result<bool> {
    Ok(e.env.world.get() != Phase::Before)
}

pub fn finalized(e: Eng) -> Result<bool> {
    Ok(e.env.world.get() == Phase::Finalized)
}

pub fn query_thread(e: Eng) -> Result<i32> {
    Ok(e.env.thread_level.get())
}

pub fn is_thread_main(e: Eng) -> Result<bool> {
    Ok(e.env.main_thread.get() == Some(std::thread::current().id()))
}

/// Ends the processes of the job: all of them, whatever `comm` is (MPI-5.0 §9.7 allows it).
pub fn abort(e: Eng, comm: CommId, errorcode: i32) -> Result {
    let name = e.comms.find(comm).map(|c| c.name.borrow().clone()).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| format!("communicator {:#x}", comm.to_u32()));
    end_job(e, errorcode, &format!("MPI_Abort({name}, {errorcode}) was called by {}", whoami(e)))
}

impl Engine {
    /// The thread level in effect.
    pub fn thread_level(&self) -> i32 {
        self.env.thread_level.get()
    }
}
