//! Rendezvous within a host for what lies in no cache: the sender brings it through bounce buffers, and the receiver takes
//! what nobody brings.
//!
//! ```text
//!   BOUNCE  [sender's request, tag, receiver's request]  Share    "bring it to me"
//!   BOUNCED [receiver's request, chunk, tag]  data                in a bounce buffer
//! ```
//! One up: [`super::protocol`]. One down: [`vmi::shm::bounce`]; `vmi::shm::claims` decides who moves which chunk. Both claim
//! from the front, a chunk at a time: the sender whenever a buffer is free, the receiver once nothing has come for a while.
//! So neither depends on the other: a sender that computes brings nothing, and a receiver that only looks in
//! (MPI_Test) takes everything itself. Of each peer one message is under way at a time, the others wait behind it.
//!
//! The sender says whether its memory is cold ([`UserBuf::is_cold`]); only then, and where all ranks have a processor of their
//! own, is this the quicker way; for a long message, which is written past the caches, only if the receiver's memory is cold
//! too. (Buffers in no cache, fetched and through bounce buffers: half round trip of 48 KiB 14.2 and 7.7 µs, of 64 KiB 10.5 and
//! 9.3, of 1 MiB 110 and 99; both ways 48 KiB 7.7 and 6.4, 64 KiB 10.0 and 7.7, 1 MiB 91 and 81.)
//!
//! A receiver that leaves its wait, because something else has happened, goes on with the message in its next call, as with
//! DATA frames. Those of messages that are not contiguous pass through bounce buffers as well. (1 MiB in every second 8 bytes:
//! 121 µs, 153 through the ring; 64 KiB 7.0 and 10.4.)
//!
//! Invariant: the receiver reports a message as received (FIN) only when all chunks have been moved, and claims each that
//! it reads: the sender's memory is not read afterwards.

use super::fetch::Share;
use super::protocol::{Offer, Traffic, kind};
use crate::UserBuf;
use std::collections::VecDeque;
use vmi::core::frame::{Header, Incoming};
use vmi::shm::bounce;
use vmi::shm::claims::MOST_CHUNKS;
use vmi::sys::memory::read_process;

/// Shorter messages are fetched, bytes (VMI_BOUNCE_FROM overrides).
pub(super) const BOUNCE_FROM: u64 = 32 << 10;
/// So are those between these two, bytes: both ends copy, and the receiver has the message in its cache. (512 KiB, half
/// round trip 50 µs, 53 through bounce buffers.)
const SHORT: u64 = 72 << 10;
const LONG: u64 = 1 << 20;
/// Bytes of a DATA frame in a bounce buffer.
pub(super) const PIECE: u64 = 16 << 10;
/// Fruitless steps until the receiver takes a chunk itself: before the sender has brought any, and between two. (The first
/// comes after 2.4 µs. After 40 steps the receiver took one of nearly every message before that, after 150 of few.)
const SOON: u32 = 150;
const PATIENCE: u32 = 1000;

/// Bytes of a chunk of a message of `len` bytes: of a short one half a buffer, so that both sides are at work sooner.
fn chunk_of(len: u64) -> u64 {
    if len < LONG { bounce::BYTES as u64 / 2 } else { bounce::BYTES as u64 }
}

/// A message that is brought to us.
struct Awaited {
    request: u32,
    offer: Offer,
    /// The sender's process: a device may come to lie between us meanwhile.
    pid: i32,
    to: UserBuf,
    share: Share,
    /// Chosen when its turn has come.
    tag: u32,
    /// Chunks that we have moved, and that have been brought.
    mine: u64,
    brought: u64,
    failed: bool,
    patience: u32,
}

/// A message that we bring.
struct Bringing {
    request: u32,
    tag: u32,
    theirs: u32,
    share: Share,
}

/// With one peer.
#[derive(Default)]
pub(super) struct Bounced {
    awaited: VecDeque<Awaited>,
    bringing: Option<Bringing>,
}

impl Bounced {
    /// Whether a message is on its way to us.
    pub fn arrives(&self) -> bool {
        !self.awaited.is_empty()
    }
}

impl Awaited {
    fn is_complete(&self) -> bool {
        self.mine + self.brought >= self.share.chunks()
    }
}

impl Traffic {
    /// Cold messages pass through bounce buffers where `allowed`.
    pub fn allow_bounces(&mut self, allowed: bool) {
        self.bounce_from =
            if allowed { super::protocol::setting("VMI_BOUNCE_FROM", BOUNCE_FROM) } else { u64::MAX };
    }

    /// Whether messages of `len` bytes are brought at all.
    #[inline]
    fn suits(&self, len: u64) -> bool {
        (self.bounce_from..=SHORT).contains(&len) || len >= LONG.max(self.bounce_from)
    }

    /// Whether a message of ours had better be brought. Not a short one that others go before: looking takes its time.
    pub(super) fn is_cold(&mut self, peer: u32, at: Option<UserBuf>, total: u64) -> bool {
        let state = &self.peers[peer as usize];
        self.suits(total)
            && !state.unreadable
            && (total >= LONG || state.offers == 0)
            && self.core.may_bounce(peer)
            && at.is_some_and(|at| at.is_cold(total as usize))
    }

    /// Asks for an offered message to be brought. False if it is to come in another way.
    pub(super) fn have_brought(
        &mut self,
        request: u32,
        peer: u32,
        offer: &Offer,
        window: Option<UserBuf>,
        len: u64,
    ) -> bool {
        let Some(to) = window.filter(|_| self.waits && offer.cold && self.suits(len)) else { return false };
        let chunk = chunk_of(len);
        let (Some(pid), (Some(_), _)) = (self.core.pid(peer), self.core.claims(peer)) else { return false };
        let readable = offer.address != 0 && len > self.stream_from && !self.peers[peer as usize].unreadable;
        if !readable || len > chunk * MOST_CHUNKS || (len >= LONG && !to.is_cold(len as usize)) {
            return false;
        }
        let share = Share { address: to.addr() as u64, len, chunk };
        let awaited = &mut self.peers[peer as usize].bounced.awaited;
        awaited.push_back(Awaited {
            request,
            offer: *offer,
            pid,
            to,
            share,
            tag: 0,
            mine: 0,
            brought: 0,
            failed: false,
            patience: SOON,
        });
        if awaited.len() == 1 {
            self.mark_bouncing(peer);
            self.ask(peer);
        }
        true
    }

    fn mark_bouncing(&mut self, peer: u32) {
        if !self.bouncing.contains(&peer) {
            self.bouncing.push(peer);
        }
    }

    /// Opens the first of the messages that are to be brought.
    fn ask(&mut self, peer: u32) {
        self.shares = self.shares.wrapping_add(1);
        let tag = self.shares;
        let Some(first) = self.peers[peer as usize].bounced.awaited.front_mut() else { return };
        first.tag = tag;
        if let (Some(claims), _) = self.core.claims(peer) {
            claims.open(tag, first.share.chunks());
        }
        let meta = [first.offer.request, tag, first.request];
        let header = Header { kind: kind::BOUNCE, meta, len: Share::LEN };
        // Without room for the frame, nobody brings it.
        let _ = self.core.send(peer, header, |to| to.write(0, &first.share.encode()));
    }

    /// Whether messages pass through bounce buffers at the moment.
    #[inline]
    pub(super) fn bounces(&self) -> bool {
        !self.bouncing.is_empty()
    }

    /// Brings a chunk to each peer that waits for one, and takes one of each that brings none. True if there was any.
    #[inline(never)]
    pub(super) fn bounce(&mut self) -> bool {
        let mut any = false;
        for peer in std::mem::take(&mut self.bouncing) {
            any |= self.bring(peer);
            any |= self.take_chunks(peer);
            let bounced = &self.peers[peer as usize].bounced;
            if bounced.bringing.is_some() || bounced.arrives() {
                self.mark_bouncing(peer);
            }
        }
        any
    }

    /// A process that goes to sleep takes what nobody has claimed. True if there was any.
    pub(super) fn take_bounced(&mut self) -> bool {
        self.waits = false;
        self.bounces() && self.bounce()
    }

    // ---- bringing ----

    /// While the receiver of a cold message of ours hears of it, its first chunk is written to a bounce buffer.
    pub(super) fn prepare_to_bring(&mut self, peer: u32, request: u32, at: UserBuf, total: u64) {
        let len = chunk_of(total).min(total) as usize;
        if self.prepared.is_none() && self.core.fill_bounce(peer, |to| at.copy_cold_to(to, len)) {
            self.prepared = Some(request);
        }
    }

    /// A request ends: what has been prepared for it is not its message any more.
    pub(super) fn unprepare(&mut self, request: u32) {
        self.prepared = self.prepared.filter(|prepared| *prepared != request);
    }

    /// The receiver of a message of ours wants it brought.
    pub(super) fn on_bounce(&mut self, frame: &Incoming) {
        let ([request, tag, theirs], share, peer) = (frame.header.meta, Share::decode(frame), frame.peer);
        let bringing = Bringing { request, tag, theirs, share };
        if self.source(peer, &bringing).is_some() {
            self.peers[peer as usize].bounced.bringing = Some(bringing);
            self.mark_bouncing(peer);
        }
    }

    /// Where the message lies; None if it is none that `peer` may ask for, or not any more.
    fn source(&mut self, peer: u32, bringing: &Bringing) -> Option<UserBuf> {
        let share = &bringing.share;
        let out = self.requests.outgoing(bringing.request)?;
        let fits = (1..=bounce::BYTES as u64).contains(&share.chunk) && share.len <= out.total;
        let ours = out.peer == peer && out.offered && !out.eager;
        out.from.block().filter(|_| ours && fits && share.chunks() <= MOST_CHUNKS)
    }

    /// Brings the next chunk to `peer`, if a buffer is free.
    fn bring(&mut self, peer: u32) -> bool {
        let Some(bringing) = self.peers[peer as usize].bounced.bringing.take() else { return false };
        let Some(from) = self.source(peer, &bringing) else { return false };
        let may = self.core.may_bounce(peer);
        let sent = may && self.bring_chunk(peer, &bringing, from);
        if sent || !may {
            self.peers[peer as usize].bounced.bringing = Some(bringing);
        }
        sent
    }

    /// False if no chunk is left. There is a buffer.
    fn bring_chunk(&mut self, peer: u32, bringing: &Bringing, from: UserBuf) -> bool {
        let claims = self.core.claims(peer).1;
        let next = claims.and_then(|claims| claims.first(bringing.tag, bringing.share.chunks(), 1));
        let Some(chunk) = next.map(|run| run.start) else { return false };
        let (at, len) = bringing.share.range(&(chunk..chunk + 1));
        let header = Header { kind: kind::BOUNCED, meta: [bringing.theirs, chunk as u32, bringing.tag], len };
        // What is prepared lies in the buffer that is used now.
        let ready = self.prepared.take() == Some(bringing.request) && chunk == 0;
        let sent = self.core.send_bounced(peer, header, |to| {
            if !ready {
                from.offset(at as isize).copy_cold_to(to, len);
            }
        });
        debug_assert!(sent.is_ok(), "there is a buffer");
        true
    }

    // ---- arriving ----

    pub(super) fn on_bounced(&mut self, frame: &Incoming) {
        let ([request, chunk, tag], peer) = (frame.header.meta, frame.peer);
        let chunk = u64::from(chunk);
        let first = self.peers[peer as usize].bounced.awaited.front_mut();
        let fits = |a: &Awaited| {
            let known = a.request == request && a.tag == tag && chunk < a.share.chunks();
            known && a.share.range(&(chunk..chunk + 1)).1 == frame.header.len
        };
        let Some(first) = first.filter(|first| fits(first)) else {
            eprintln!("VMI: rank {peer} brought a part of no message; ignored");
            return;
        };
        let (at, len) = first.share.range(&(chunk..chunk + 1));
        let to = first.to.offset(at as isize);
        // A long message would fill the caches.
        match first.share.len < LONG {
            true => frame.payload.copy_to_cold(to, len),
            false => frame.payload.stream_to(to, len),
        }
        (first.brought, first.patience) = (first.brought + 1, PATIENCE);
        if first.is_complete() {
            self.has_arrived(peer);
        }
    }

    /// Takes the chunks of the first message from `peer` that nobody brings: one, or all if this process does not wait for
    /// them.
    fn take_chunks(&mut self, peer: u32) -> bool {
        let mut any = false;
        while self.take_chunk(peer) {
            any = true;
            if self.waits {
                break;
            }
        }
        any
    }

    fn take_chunk(&mut self, peer: u32) -> bool {
        let Some(first) = self.peers[peer as usize].bounced.awaited.front_mut() else { return false };
        if self.waits && first.patience > 0 {
            first.patience -= 1;
            return false;
        }
        let (Some(claims), _) = self.core.claims(peer) else { return false };
        let Some(run) = claims.first(first.tag, first.share.chunks(), 1) else { return false };
        let (at, len) = first.share.range(&run);
        let (address, to) = ((first.offer.address as usize).wrapping_add(at), first.to.offset(at as isize));
        // After a failure the rest is only claimed, so that nobody brings it.
        first.failed = first.failed || read_process(first.pid, address, to, len).is_err();
        first.mine += 1;
        if first.is_complete() {
            self.has_arrived(peer);
        }
        true
    }

    /// All chunks of the first message from `peer` have been moved.
    fn has_arrived(&mut self, peer: u32) {
        let state = &mut self.peers[peer as usize];
        let Some(arrived) = state.bounced.awaited.pop_front() else { return };
        let Awaited { request, offer, share, failed, .. } = arrived;
        state.unreadable |= failed;
        match failed {
            // All of it comes anew.
            true => self.ask_for(peer, request, &offer, share.len),
            false => {
                self.control(peer, kind::FIN, [offer.request, 0, 0], [0; 8], 0);
                self.requests.finish(request);
            }
        }
        self.ask(peer);
    }

    /// Nothing comes from `peer` any more.
    pub(super) fn forget_bounced(&mut self, peer: u32) {
        self.peers[peer as usize].bounced = Bounced::default();
        self.prepared = None;
        self.bouncing.retain(|other| *other != peer);
    }
}
