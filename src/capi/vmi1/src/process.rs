//! A process of VMI 1.0: its modules, and which of them serves which peer. The choice is made once.

use crate::config;
use crate::contract::{AGAIN, ERROR, LOST, OK, vmi1_message_t, vmi1_piece_t};
use crate::module::{Answer, Identity, Module};
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_int};
use std::rc::Rc;
use std::sync::OnceLock;
use vmi::sync::{EngineLock, Guard};

#[derive(Default)]
pub struct Process {
    modules: RefCell<Vec<Rc<Module>>>,
    rank: Cell<i32>,
    /// 0: not initialized.
    size: Cell<i32>,
    /// The module that serves each peer, and whether it is connected.
    peers: RefCell<Vec<Peer>>,
    /// The module whose turn it is to be asked for a message.
    turn: Cell<usize>,
    error: RefCell<CString>,
}

#[derive(Clone, Copy, Default)]
struct Peer {
    module: Option<usize>,
    connected: bool,
}

static PROCESS: OnceLock<EngineLock<Process>> = OnceLock::new();

/// Enters the library for the length of a call.
pub fn enter() -> Guard<'static, Process> {
    PROCESS.get_or_init(|| EngineLock::new(Process::default())).enter()
}

fn wrong<T>(why: impl Into<String>) -> Result<T, (c_int, String)> {
    Err((ERROR, why.into()))
}

impl Process {
    /// Turns an answer into its number and keeps the sentence.
    pub fn tell(&self, answer: Answer) -> c_int {
        answer.unwrap_or_else(|(code, why)| {
            *self.error.borrow_mut() = CString::new(why.replace('\0', " ")).unwrap_or_default();
            code
        })
    }

    /// The last sentence; it stays where it is until the next failure.
    pub fn error(&self) -> *const std::ffi::c_char {
        self.error.borrow().as_ptr()
    }

    pub fn rank(&self) -> i32 {
        self.rank.get()
    }

    pub fn size(&self) -> i32 {
        self.size.get()
    }

    pub fn start(&self, identity: &Identity) -> Answer {
        if self.size.get() > 0 {
            return wrong("VMI 1 is initialized already");
        }
        if let Some((rank, size, _)) = identity
            && (*rank < 0 || rank >= size)
        {
            return wrong(format!("rank {rank} of {size} processes"));
        }
        let lines = config::load().map_err(|why| (ERROR, why))?;
        let open = |line| Module::open(line, identity).map(Rc::new);
        let modules =
            lines.iter().map(open).collect::<Result<Vec<_>, String>>().map_err(|why| (ERROR, why))?;
        let Some(first) = modules.first() else { return wrong("the configuration file names no network") };
        let (rank, size) = first.who();
        self.rank.set(rank);
        self.size.set(size.max(1));
        *self.peers.borrow_mut() = vec![Peer::default(); size.max(1) as usize];
        *self.modules.borrow_mut() = modules;
        Ok(OK)
    }

    pub fn stop(&self) -> Answer {
        self.running()?;
        self.size.set(0);
        self.peers.borrow_mut().clear();
        let modules = std::mem::take(&mut *self.modules.borrow_mut());
        drop(modules);
        Ok(OK)
    }

    fn running(&self) -> Result<(), (c_int, String)> {
        if self.size.get() == 0 { wrong("VMI 1 is not initialized") } else { Ok(()) }
    }

    fn peer(&self, peer: i32) -> Result<Peer, (c_int, String)> {
        self.running()?;
        match self.peers.borrow().get(peer as usize) {
            Some(found) if peer >= 0 => Ok(*found),
            _ => wrong(format!("peer is {peer}, expected 0 to {}", self.size.get() - 1)),
        }
    }

    fn set_peer(&self, peer: i32, module: usize, connected: bool) {
        if let Some(slot) = self.peers.borrow_mut().get_mut(peer as usize) {
            *slot = Peer { module: Some(module), connected };
        }
    }

    fn module(&self, at: usize) -> Option<Rc<Module>> {
        self.modules.borrow().get(at).cloned()
    }

    pub fn connect(&self, peer: i32) -> Answer {
        let known = self.peer(peer)?;
        if known.connected {
            return Ok(OK);
        }
        let mut why = String::new();
        let mut at = known.module.unwrap_or(0);
        while let Some(module) = self.module(at) {
            match module.connect(peer) {
                Ok(answer) => {
                    self.set_peer(peer, at, answer == OK);
                    return Ok(answer);
                }
                Err((_, sentence)) => {
                    why = format!("{why}{}: {sentence}; ", module.network.to_string_lossy())
                }
            }
            if known.module.is_some() {
                break;
            }
            at += 1;
        }
        wrong(format!("no network reaches rank {peer}: {}", why.trim_end_matches("; ")))
    }

    pub fn disconnect(&self, peer: i32) -> Answer {
        let Some(at) = self.peer(peer)?.module else { return Ok(OK) };
        let Some(module) = self.module(at) else { return Ok(OK) };
        let answer = module.disconnect(peer)?;
        self.set_peer(peer, at, false);
        Ok(answer)
    }

    /// The module of a connected peer.
    #[inline]
    fn serving(&self, peer: i32) -> Result<Rc<Module>, (c_int, String)> {
        let known = self.peer(peer)?;
        match known.module.filter(|_| known.connected).and_then(|at| self.module(at)) {
            Some(module) => Ok(module),
            None => wrong(format!("there is no connection to rank {peer}; call VMI1_Connect")),
        }
    }

    pub fn limit(&self, peer: i32) -> usize {
        self.serving(peer).map_or(0, |module| module.limit(peer))
    }

    pub fn network(&self, peer: i32) -> Option<*const std::ffi::c_char> {
        self.serving(peer).ok().map(|module| module.network.as_ptr())
    }

    #[inline]
    pub fn send(&self, peer: i32, pieces: &[vmi1_piece_t]) -> Answer {
        let module = self.serving(peer)?;
        let (total, limit) = (pieces.iter().map(|piece| piece.len).sum::<usize>(), module.limit(peer));
        if total > limit {
            return wrong(format!("a message of {total} bytes to rank {peer}, at most {limit} are possible"));
        }
        let answer = module.send(peer, pieces);
        if matches!(answer, Err((LOST, _))) {
            self.peers.borrow_mut()[peer as usize].connected = false;
        }
        answer
    }

    /// Asks the modules in turn, so that none is left out.
    #[inline]
    pub fn receive(&self) -> Result<Option<vmi1_message_t>, (c_int, String)> {
        self.running()?;
        let count = self.modules.borrow().len();
        for _ in 0..count {
            let at = self.turn.get() % count;
            self.turn.set(at + 1);
            let Some(module) = self.module(at) else { continue };
            if let Some(message) = module.receive() {
                return Ok(Some(vmi1_message_t { network: at as u32, ..message }));
            }
        }
        Ok(None)
    }

    #[inline]
    pub fn release(&self, message: &vmi1_message_t) -> Answer {
        self.running()?;
        match self.module(message.network as usize) {
            Some(module) => module.release(message.token),
            None => return wrong("the message is none that was received"),
        }
        Ok(OK)
    }

    pub fn owes(&self) -> bool {
        self.modules.borrow().iter().any(|module| module.owes())
    }
}

/// Who a process is by the launcher's or the user's variables, if they do not leave it to the module.
pub fn identity_by_hand(lookup: impl Fn(&str) -> Option<String>) -> Result<Identity, String> {
    let Some(group) = lookup("VMI1_GROUP") else { return Ok(None) };
    let number = |name: &str| {
        let text = lookup(name).ok_or_else(|| format!("VMI1_GROUP is set, but {name} is not"))?;
        text.parse::<i32>().map_err(|_| format!("{name}={text} is not a number"))
    };
    let group = CString::new(group).map_err(|_| "VMI1_GROUP contains a zero byte".to_string())?;
    Ok(Some((number("VMI1_RANK")?, number("VMI1_SIZE")?, group)))
}

/// `VMI1_AGAIN` where there is nothing.
pub fn again<T>(found: Option<T>, take: impl FnOnce(T)) -> c_int {
    match found {
        Some(value) => {
            take(value);
            OK
        }
        None => AGAIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_checked() {
        let with = |variables: &[(&str, &str)]| {
            identity_by_hand(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
        };
        assert_eq!(with(&[]), Ok(None));
        let all = [("VMI1_GROUP", "g"), ("VMI1_RANK", "1"), ("VMI1_SIZE", "2")];
        assert_eq!(with(&all), Ok(Some((1, 2, c"g".into()))));
        assert_eq!(with(&all[..2]), Err("VMI1_GROUP is set, but VMI1_SIZE is not".into()));
    }

    #[test]
    fn nothing_works_before_the_start() {
        let process = Process::default();
        assert_eq!(process.tell(process.connect(0)), ERROR);
        assert_eq!(process.tell(process.start(&Some((2, 2, c"g".into())))), ERROR);
        assert!(process.receive().is_err() && process.limit(0) == 0 && !process.owes());
    }
}
