//! Remote memory of a network in C, as the core's [`Rdma`].
//!
//! Invariant: memory that the device may touch (registered, or one end of an operation under way) is held here, by its
//! buffer, until the device has said that it is done with it.

use super::Plugin;
use super::contract::{self, FULL, KEY, LOST, SENT, WHY};
use super::words::Why;
use crate::core::buffer::Buffer;
use crate::core::device::SendError;
use crate::core::rdma::{Counts, End, Limits, Move, Rdma, Region, Way};
use crate::core::slab::BufferOp;
use std::collections::{BTreeSet, HashMap};
use std::ffi::{c_char, c_int, c_void};
use std::rc::{Rc, Weak};

/// The shortest longest operation that makes sense, bytes.
const LEAST: usize = 4096;

pub struct Remote {
    functions: Functions,
    /// Open as long as this lives: the network closes it afterwards.
    state: *mut c_void,
    limits: Limits,
    /// This process's ends have to be registered.
    local: bool,
    /// Memory that peers may reach, by region.
    regions: HashMap<u64, BufferOp>,
    /// Buffers registered for our own ends, as long as somebody else knows them.
    own: Vec<(Weak<Buffer>, u64)>,
    /// What takes part in operations under way.
    moving: HashMap<u64, Moving>,
    counts: Counts,
    complaints: Vec<String>,
    /// Last: the functions lie in it.
    plugin: Rc<Plugin>,
}

struct Moving {
    peer: u32,
    way: Way,
    memory: BufferOp,
}

/// The device's functions, all present.
struct Functions {
    register: unsafe extern "C" fn(
        *mut c_void,
        *mut c_void,
        usize,
        c_int,
        *mut c_void,
        *mut usize,
        *mut c_char,
        usize,
    ) -> u64,
    deregister: unsafe extern "C" fn(*mut c_void, u64, c_int),
    put: unsafe extern "C" fn(*mut c_void, u32, *const contract::Move, *mut c_char, usize) -> c_int,
    get: unsafe extern "C" fn(*mut c_void, u32, *const contract::Move, *mut c_char, usize) -> c_int,
    ended: unsafe extern "C" fn(*mut c_void, *mut contract::Moved, *mut c_char, usize) -> c_int,
    cancel: unsafe extern "C" fn(*mut c_void, u32),
}

impl Remote {
    /// The remote memory of the network whose state this is. Ok(Err): there is none here, and why.
    ///
    /// # Errors
    /// One sentence: a function is missing, or the device says what cannot be.
    pub fn open(
        plugin: &Rc<Plugin>,
        all: &contract::Rdma,
        state: *mut c_void,
    ) -> Result<Result<Remote, String>, String> {
        let ask = plugin.need(all.limits, "rdma.limits")?;
        let functions = Functions {
            register: plugin.need(all.register_memory, "rdma.register_memory")?,
            deregister: plugin.need(all.deregister, "rdma.deregister")?,
            put: plugin.need(all.put, "rdma.put")?,
            get: plugin.need(all.get, "rdma.get")?,
            ended: plugin.need(all.ended, "rdma.ended")?,
            cancel: plugin.need(all.cancel, "rdma.cancel")?,
        };
        let (mut said, mut why) = (contract::Limits::default(), Why::new());
        // SAFETY: the state is open (the caller's), the rest is ours.
        if unsafe { ask(state, &raw mut said, why.as_ptr(), WHY) } == 0 {
            return Ok(Err(why.sentence()));
        }
        if said.max_len < LEAST || said.depth == 0 {
            let (len, depth) = (said.max_len, said.depth);
            return Err(format!(
                "{plugin} moves {len} bytes at once, {depth} times, expected at least {LEAST} and 1"
            ));
        }
        Ok(Ok(Remote {
            functions,
            state,
            limits: Limits { max_len: said.max_len, depth: said.depth, ordered: said.ordered != 0 },
            local: said.local != 0,
            regions: HashMap::new(),
            own: Vec::new(),
            moving: HashMap::new(),
            counts: Counts::default(),
            complaints: Vec::new(),
            plugin: plugin.clone(),
        }))
    }

    pub fn take_complaints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.complaints)
    }

    fn enroll(&mut self, memory: &BufferOp, remote: bool) -> Result<Region, String> {
        let (mut key, mut len, mut why) = ([0u8; KEY], 0usize, Why::new());
        let (at, size) = (memory.address().as_ptr().cast(), memory.len());
        // SAFETY: the state is open, key and room are ours; the memory is there as long as its buffer, which the
        // caller keeps until the region is deregistered.
        let region = unsafe {
            let key = key.as_mut_ptr().cast();
            let remote = c_int::from(remote);
            (self.functions.register)(self.state, at, size, remote, key, &raw mut len, why.as_ptr(), WHY)
        };
        if region == 0 {
            return Err(format!("{}: {}", self.plugin, why.sentence()));
        }
        if len > KEY || (remote && len == 0) {
            self.cut(region, true);
            return Err(format!("{}: a key of {len} bytes, expected 1 .. {KEY}", self.plugin));
        }
        Ok(Region { number: region, key: key[..len].to_vec() })
    }

    fn cut(&mut self, region: u64, ended: bool) {
        // SAFETY: the state is open, and the region is one that the device gave and has not been given back.
        unsafe { (self.functions.deregister)(self.state, region, c_int::from(ended)) }
    }

    /// The region of our own end of a move, registered when its buffer is used for the first time.
    fn own_region(&mut self, buffer: &Rc<Buffer>) -> Result<u64, String> {
        if !self.local {
            return Ok(0);
        }
        self.forget_old();
        if let Some((_, region)) = self.own.iter().find(|(known, _)| known.as_ptr() == Rc::as_ptr(buffer)) {
            return Ok(*region);
        }
        let whole = BufferOp::new(buffer.clone(), 0, buffer.len()).ok_or("an empty buffer")?;
        let region = self.enroll(&whole, false)?.number;
        self.own.push((Rc::downgrade(buffer), region));
        Ok(region)
    }

    /// Buffers that nobody knows any more.
    fn forget_old(&mut self) {
        let (gone, kept) =
            std::mem::take(&mut self.own).into_iter().partition(|(known, _)| known.strong_count() == 0);
        self.own = kept;
        let gone: Vec<(Weak<Buffer>, u64)> = gone;
        gone.into_iter().for_each(|(_, region)| self.cut(region, true));
    }
}

impl Rdma for Remote {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn register(&mut self, memory: &BufferOp) -> Result<Region, String> {
        let region = self.enroll(memory, true)?;
        self.regions.insert(region.number, memory.clone());
        Ok(region)
    }

    fn deregister(&mut self, region: u64, ended: bool) {
        if let Some(memory) = self.regions.remove(&region) {
            self.cut(region, ended);
            drop(memory);
        }
    }

    fn begin(&mut self, peer: u32, what: &Move<'_>) -> Result<(), SendError> {
        if self.moving.contains_key(&what.operation) || what.memory.is_empty() {
            return Err(SendError::Lost(format!("{}: operation {} twice", self.plugin, what.operation)));
        }
        let region = self.own_region(what.memory.buffer()).map_err(SendError::Lost)?;
        let told = contract::Move {
            operation: what.operation,
            at: what.memory.address().as_ptr().cast(),
            len: what.memory.len(),
            region,
            key: what.key.as_ptr().cast(),
            key_len: what.key.len(),
            offset: what.offset,
        };
        let (begin, mut why) = (
            match what.way {
                Way::Put => self.functions.put,
                Way::Get => self.functions.get,
            },
            Why::new(),
        );
        // SAFETY: the state is open, the structure lives until the call returns, and the memory it names is held below
        // until the operation has ended.
        match unsafe { begin(self.state, peer, &raw const told, why.as_ptr(), WHY) } {
            SENT => {
                let moving = Moving { peer, way: what.way, memory: what.memory.clone() };
                self.moving.insert(what.operation, moving);
                Ok(())
            }
            FULL => Err(SendError::Full),
            LOST => Err(SendError::Lost(format!("{}: {}", self.plugin, why.sentence()))),
            other => {
                Err(SendError::Lost(format!("{}: a move returned {other}, expected 0 .. 2", self.plugin)))
            }
        }
    }

    fn ended(&mut self) -> Option<End> {
        while !self.moving.is_empty() {
            let (mut moved, mut why) = (contract::Moved::default(), Why::new());
            // SAFETY: the state is open, the rest is ours.
            if unsafe { (self.functions.ended)(self.state, &raw mut moved, why.as_ptr(), WHY) } == 0 {
                return None;
            }
            let Some(Moving { way, memory, .. }) = self.moving.remove(&moved.operation) else {
                self.complaints.push(format!("operation {} has ended, but was never begun", moved.operation));
                continue;
            };
            let failed = (moved.failed != 0).then(|| format!("{}: {}", self.plugin, why.sentence()));
            self.counts.note(way, memory.len(), failed.is_some());
            return Some(End { operation: moved.operation, failed });
        }
        None
    }

    fn cancel(&mut self, peer: u32) {
        // SAFETY: the state is open.
        unsafe { (self.functions.cancel)(self.state, peer) }
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let peers: BTreeSet<u32> = self.moving.values().map(|moving| moving.peer).collect();
        peers.into_iter().for_each(|peer| self.cancel(peer));
        let all: Vec<u64> = self.regions.keys().copied().collect();
        let last = all.len().saturating_sub(1);
        // Breaking off once, when the last key opens nothing any more, is enough.
        for (at, region) in all.into_iter().enumerate() {
            self.deregister(region, at < last);
        }
        for (_, region) in std::mem::take(&mut self.own) {
            self.cut(region, true);
        }
    }
}
