//! The receiving half of the device: when to ask the kernel, what to do with what happened, and the end.

use super::link::{Arrival, Care, State};
use super::wire::BYE;
use super::{BUDGET, DIAL, GRACE, LINK, LISTENER, STRANGER, Tcp, token};
use crate::core::frame::{Header, Incoming, Token, kind};
use crate::core::network::Network;
use crate::sys::clock::monotonic_ns;
use crate::sys::net::Event;
use std::net::Shutdown;
use std::time::Duration;

/// Fruitless looks that go straight to the kernel before they become rare.
const EAGER_LOOKS: u32 = 64;
/// Calls between two looks while nothing has arrived for long.
const RARELY: u32 = 256;
/// With a connection that is likely to deliver, every so many looks go to all connections.
const ROUND: u32 = 64;
/// So many reads in a row make a stream.
const STREAM: u32 = 4;
/// Nanoseconds between two looks at a stream: one read then brings several frames, the kernel acknowledges them at once,
/// and the sender meets a lock less often, which gains more than the delay of the last frame costs. (Two namespaces, 64 in
/// flight one way, with 1 µs, 3, 5 and 10: 8 bytes 2.67 µs each, 2.40, 2.30, 2.23; 2 KiB 3.56, 2.97, 2.79, 2.76; 16 KiB
/// 5.71, 5.25, 4.84, 4.57.)
const GATHER: u64 = 5_000;
/// How long the end may take: until our bytes are with the kernel, until the peers have closed too.
const LAST_BYTES: u64 = 10_000_000_000;
const LAST_READS: u64 = 3_000_000_000;
/// The same when all that matters has been acknowledged, and only the goodbye is to leave.
const KEPT_LAST: u64 = 1_000_000_000;

/// How often to ask the kernel: a system call each.
#[derive(Default)]
pub struct Pace {
    /// Calls to let pass.
    skip: u32,
    /// Until then, on the monotonic clock, a stream is left to gather; 0 if there is none.
    gathers: u64,
    misses: u32,
    round: u32,
    /// The connection that delivered last, or is expected to.
    hot: Option<u32>,
    /// A frame has left since the last arrived: the next is an answer, not one of many.
    asked: bool,
    /// The last that arrived took several packets.
    long: bool,
    /// Reads in a row that brought no answer.
    streak: u32,
}

impl Pace {
    /// A frame has left: its answer is likely to come soon.
    #[inline]
    pub fn expect_answer(&mut self, peer: u32) {
        self.hot = Some(peer);
        self.asked = true;
        self.misses = 0;
        self.skip = 0;
        self.gathers = 0;
    }

    /// The connection that delivered last is read without asking first whether anything is there: most times, as long as
    /// it has not failed to for long, and where that is quicker. It saves a system call, but a read in vain locks the
    /// socket, and packets that meet the lock are handled later, by the reader. A short answer gains from it, and so do
    /// many long frames. (Two namespaces, half round trip of 2 KiB 4.4 µs so and 4.1 when asked first, of 8 bytes 3.6 and
    /// 4.0; 64 bytes one way 2.8 and 2.7, 16 KiB 5.3 and 5.8.)
    fn is_promising(&self) -> bool {
        self.round != 0 && self.misses <= EAGER_LOOKS && self.asked != self.long
    }

    fn hit(&mut self, peer: u32, drained: bool, long: bool) {
        self.hot = Some(peer);
        self.misses = 0;
        self.streak = if self.asked { 0 } else { self.streak.saturating_add(1) };
        (self.asked, self.long) = (false, long);
        // The socket was empty a moment ago: let the frames be handled, and the caller look at its own condition.
        self.skip = u32::from(drained);
        self.gathers = if drained && self.streak >= STREAM { monotonic_ns() + GATHER } else { 0 };
    }

    /// Whether this call is to pass without a look.
    #[inline]
    fn lets_pass(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return true;
        }
        if self.gathers > 0 && monotonic_ns() >= self.gathers {
            self.gathers = 0;
        }
        self.gathers > 0
    }

    fn miss(&mut self) {
        self.misses = self.misses.saturating_add(1);
        if self.misses > EAGER_LOOKS {
            self.streak = 0;
            self.skip = (self.misses - EAGER_LOOKS).min(RARELY);
            // A network answers in microseconds at best: whoever shares this processor may go first, and it may be
            // the peer, or the kernel's own network thread.
            std::thread::yield_now();
        }
    }
}

impl Tcp {
    /// Asks the kernel if it is time to; true if a frame is there.
    #[inline]
    pub(super) fn look(&mut self) -> bool {
        !self.pace.lets_pass() && self.look_now()
    }

    fn look_now(&mut self) -> bool {
        self.pace.round = (self.pace.round + 1) % ROUND;
        match self.pace.hot {
            Some(peer) if self.pace.is_promising() && self.is_simple(peer) => self.read_link(peer),
            _ => {
                self.poll_all();
            }
        }
        if self.ready.is_empty() {
            self.pace.miss();
        }
        !self.ready.is_empty()
    }

    /// Reading this link is all there is to do for it.
    fn is_simple(&self, peer: u32) -> bool {
        self.links[peer as usize].as_ref().is_some_and(|l| matches!(l.state, State::Up(_)) && !l.watched)
    }

    /// Handles all that has happened; true if anything has.
    pub(super) fn poll_all(&mut self) -> bool {
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        // An error here is one of ours (a closed set); there is nothing to handle then.
        let _ = self.epoll.wait(Duration::ZERO, |e| events.push(e));
        for event in &events {
            self.handle(event);
        }
        let happened = !events.is_empty();
        self.events = events;
        if self.is_ticking() {
            self.tick();
        }
        happened
    }

    fn handle(&mut self, event: &Event) {
        let number = event.token as u32;
        match (event.token >> 32) as u32 {
            LISTENER => self.let_in(number),
            STRANGER => self.hear(number),
            DIAL => self.advance_dial(number, monotonic_ns()),
            _ => {
                if event.writable {
                    self.flush_link(number);
                }
                if event.readable {
                    self.read_link(number);
                }
            }
        }
    }

    pub(super) fn flush_link(&mut self, peer: u32) {
        if let Some(link) = &mut self.links[peer as usize] {
            link.flush(&self.epoll, token(LINK, peer));
        }
    }

    // ---- arrivals ----

    pub(super) fn read_link(&mut self, peer: u32) {
        let Some(link) = &mut self.links[peer as usize] else { return };
        if link.ready {
            return;
        }
        match link.fill() {
            Ok(Arrival::Frames { drained, long }) => {
                link.ready = true;
                self.ready.push_back(peer);
                self.pace.hit(peer, drained, long);
            }
            Ok(Arrival::Part) => {
                self.pace.hit(peer, false, true);
                self.note_beginning(peer);
            }
            Ok(Arrival::Nothing) => {}
            Ok(Arrival::End) => self.conclude(peer),
            Err(malformed) => self.lose(peer, &format!("it sent garbage ({malformed})")),
        }
    }

    /// The first frame of the link in turn.
    #[inline]
    pub(super) fn take(&mut self) -> Option<Incoming> {
        while let Some(&peer) = self.ready.front() {
            if self.budget == 0 {
                self.budget = BUDGET;
                self.ready.rotate_left(1);
                continue;
            }
            let Some(link) = &mut self.links[peer as usize] else { break };
            match link.inbox.peek() {
                Ok(Some((header, payload))) if header.kind != BYE => {
                    self.budget -= 1;
                    if link.care != Care::Kept {
                        link.care = if header.kind >= kind::CORE { Care::Kept } else { Care::Direct };
                    }
                    self.held = Some(peer);
                    let (sink, landed) = (self.setup.id, link.inbox.lands());
                    let token = Token { sink, landed, slot: peer, line: header.len as u32 };
                    return Some(Incoming { peer, header, payload, token });
                }
                Ok(Some(_)) => {
                    link.bye = true;
                    link.inbox.release(0);
                }
                Ok(None) => {
                    self.retire_ready(peer);
                    self.note_beginning(peer);
                }
                Err(malformed) => {
                    self.retire_ready(peer);
                    self.lose(peer, &format!("it sent garbage ({malformed})"));
                }
            }
        }
        None
    }

    #[inline]
    fn note_beginning(&mut self, peer: u32) {
        let begun = self.links[peer as usize].as_ref().is_some_and(|link| link.inbox.has_begun());
        if begun && !self.begun.contains(&peer) {
            self.begun.push(peer);
        }
    }

    fn retire_ready(&mut self, peer: u32) {
        self.ready.pop_front();
        self.budget = BUDGET;
        if let Some(link) = &mut self.links[peer as usize] {
            link.ready = false;
        }
    }

    /// The stream of `peer` has ended and all its frames have been taken.
    #[cold]
    fn conclude(&mut self, peer: u32) {
        let Some(link) = &mut self.links[peer as usize] else { return };
        let Some(reason) = link.ended.take() else { return };
        if link.bye {
            link.state = State::Gone;
            return;
        }
        let reason = reason.unwrap_or_else(|| "the process there closed the connection".into());
        self.lose(peer, &reason);
    }

    // ---- time limits ----

    #[cold]
    fn tick(&mut self) {
        let now = monotonic_ns();
        self.door.expire(now);
        for peer in self.dialing.clone() {
            self.advance_dial(peer, now);
        }
        for peer in std::mem::take(&mut self.lost) {
            self.report_loss(peer, now);
        }
    }

    /// Raises the alert about a broken connection, unless it is too early: a launcher has the better message.
    fn report_loss(&mut self, peer: u32, now: u64) {
        if let Some(link) = self.links[peer as usize].as_deref()
            && let State::Lost(since, why) = &link.state
            && link.care == Care::Direct
        {
            if now < since + GRACE {
                self.lost.push(peer);
            } else {
                self.alerts.push((Some(peer), format!("lost the connection to {why}")));
            }
        }
    }

    // ---- the end ----

    /// Ends orderly: our bytes leave, the peers are told, and their last bytes are read, so that closing does not
    /// make the kernel throw ours away. Takes a few seconds at most when peers do not do the same.
    pub(super) fn end(&mut self) {
        self.door.close();
        let bye = Header { kind: BYE, meta: [0; 3], len: 0 };
        let mut last_bytes = KEPT_LAST;
        for link in self.links.iter_mut().flatten() {
            link.inbox.retract();
            let waits_for_nothing = link.care != Care::Direct && matches!(link.state, State::Dialing(_));
            if waits_for_nothing {
                link.reset(State::Unused);
            } else if link.is_open() {
                link.outbox.push(bye, |_| {});
            }
            if link.care == Care::Direct {
                last_bytes = LAST_BYTES;
            }
        }
        self.wait_while(last_bytes, |tcp| tcp.owes());
        for link in self.links.iter().flatten() {
            if let State::Up(socket) = &link.state {
                let _ = socket.shutdown(Shutdown::Write);
            }
        }
        self.wait_while(last_bytes.min(LAST_READS), |tcp| {
            tcp.links.iter().flatten().any(|l| matches!(l.state, State::Up(_)))
        });
        self.links.iter_mut().for_each(|link| *link = None);
        self.lost.clear();
        self.dialing.clear();
        self.ready.clear();
    }

    /// Polls, drops what arrives, and waits in the kernel, while `busy`.
    fn wait_while(&mut self, limit: u64, busy: impl Fn(&Tcp) -> bool) {
        let end = monotonic_ns() + limit;
        loop {
            let peers = 0..self.links.len() as u32;
            peers.for_each(|peer| self.flush_link(peer));
            self.poll_all();
            while let Some(frame) = self.take() {
                self.release(frame.token);
            }
            if !busy(self) || monotonic_ns() >= end {
                return;
            }
            let _ = self.epoll.wait(Duration::from_millis(20), |_| {});
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_gathered_until_something_is_asked() {
        for long in [false, true] {
            let mut pace = Pace::default();
            (1..STREAM).for_each(|_| pace.hit(1, true, long));
            assert_eq!(pace.gathers, 0);
            pace.hit(1, true, long);
            assert!(pace.gathers > 0);
            pace.expect_answer(1);
            assert_eq!((pace.skip, pace.gathers), (0, 0));
            pace.hit(1, true, long);
            assert_eq!((pace.skip, pace.gathers, pace.streak), (1, 0, 0));
        }
    }

    #[test]
    fn gathering_ends_with_its_time_however_rarely_somebody_calls_and_with_silence() {
        let mut pace = Pace::default();
        (0..STREAM).for_each(|_| pace.hit(1, true, false));
        assert!(pace.lets_pass());
        std::thread::sleep(Duration::from_micros(10));
        assert!(!pace.lets_pass());
        (0..=EAGER_LOOKS).for_each(|_| pace.miss());
        pace.hit(1, true, false);
        assert_eq!(pace.gathers, 0);
    }

    #[test]
    fn short_answers_and_many_long_frames_are_read_without_asking() {
        let mut pace = Pace { round: 1, ..Pace::default() };
        for (long, answer) in [(false, true), (true, false)] {
            pace.hit(1, true, long);
            assert_eq!(pace.is_promising(), !answer);
            pace.expect_answer(1);
            assert_eq!(pace.is_promising(), answer);
        }
    }
}
