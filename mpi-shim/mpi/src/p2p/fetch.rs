//! Rendezvous within a host: the receiver copies the message straight out of its sender, and a sender that has nothing
//! else to do copies a part of it.
//!
//! One up: [`super::protocol`], which sends what cannot be copied in this way. One down: `vmi::sys::memory` copies
//! between processes, `vmi::shm::claims` decides who copies what. (Half round trip of 1 MiB between two cores: 47 µs by
//! the receiver alone, 35 by both; 64 in flight 47 and 24.)

use super::protocol::{Offer, Traffic, kind};
use crate::UserBuf;
use std::ops::Range;
use vmi::core::frame::{Header, Incoming};
use vmi::shm::claims::{Help, MOST_CHUNKS};
use vmi::sys::memory::{read_process, write_process};

/// From here on the copy is shared, bytes.
const SHARE_FROM: u64 = 64 << 10;
/// What is used at once is copied without help up to here, bytes: what the helper writes lies in its cache. (Reduction of
/// 256 KiB, two ranks: 18.9 µs over the board, 20.3 with help, 16.4 without.)
const ALONE: u64 = 512 << 10;
/// Bytes of a chunk, except that a message has [`MOST_CHUNKS`] at most.
const CHUNK: u64 = 32 << 10;
/// Bytes of a claim at most: so long may one side have to wait for the other at the end.
const CALL: u64 = 1 << 20;

/// Where a shared copy goes. In the frame: address, length, bytes of a chunk.
pub(super) struct Share {
    pub address: u64,
    pub len: u64,
    pub chunk: u64,
}

impl Share {
    pub const LEN: usize = 24;

    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        for (to, value) in out.chunks_exact_mut(8).zip([self.address, self.len, self.chunk]) {
            to.copy_from_slice(&value.to_le_bytes());
        }
        out
    }

    pub fn decode(frame: &Incoming) -> Share {
        let [address, len, chunk] = [0, 8, 16].map(|at| u64::from_le_bytes(frame.bytes(at)));
        Share { address, len, chunk }
    }

    pub fn chunks(&self) -> u64 {
        self.len.div_ceil(self.chunk)
    }

    /// Chunks of a claim at most.
    fn most(&self) -> u64 {
        (CALL / self.chunk).max(1)
    }

    /// Offset and length of a run of chunks.
    pub fn range(&self, run: &Range<u64>) -> (usize, usize) {
        let from = run.start * self.chunk;
        let to = (run.end * self.chunk).min(self.len);
        (from as usize, (to - from) as usize)
    }
}

impl Traffic {
    /// Copies straight from the sender's memory, where both sides are contiguous and the kernel allows it; `alone`: without
    /// its help, so that all of it lies in this core's cache.
    pub(super) fn fetch(
        &mut self,
        peer: u32,
        offer: &Offer,
        window: Option<UserBuf>,
        len: u64,
        alone: bool,
    ) -> bool {
        let Some(to) = window else { return false };
        if offer.address == 0 || len <= self.stream_from || self.peers[peer as usize].unreadable {
            return false;
        }
        let Some(pid) = self.core.pid(peer) else { return false };
        // A peer that fetches from us at the same time has no time to help, and claims are for one copy at a time.
        let state = &self.peers[peer as usize];
        let alone =
            len < SHARE_FROM || (alone && len <= ALONE) || state.offers > 0 || state.bounced.arrives();
        let fetched = match alone {
            true => read_process(pid, offer.address as usize, to, len as usize).is_ok(),
            false => self.fetch_shared(peer, pid, offer, to, len),
        };
        self.peers[peer as usize].unreadable = !fetched;
        fetched
    }

    fn fetch_shared(&mut self, peer: u32, pid: i32, offer: &Offer, to: UserBuf, len: u64) -> bool {
        let chunk = CHUNK.max(len.div_ceil(MOST_CHUNKS)).next_multiple_of(4096);
        let share = Share { address: to.addr() as u64, len, chunk };
        let read = |run: Range<u64>| {
            let (from, len) = share.range(&run);
            read_process(pid, (offer.address as usize).wrapping_add(from), to.offset(from as isize), len)
                .is_ok()
        };
        self.shares = self.shares.wrapping_add(1);
        let (tag, chunks) = (self.shares, share.chunks());
        let read_from = |first: u64| (first..chunks).all(|chunk| read(chunk..chunk + 1));
        let (Some(claims), _) = self.core.claims(peer) else { return read_from(0) };
        claims.open(tag, chunks);
        let header = Header { kind: kind::SHARE, meta: [offer.request, tag, 0], len: Share::LEN };
        // Without room for the frame, nobody helps.
        let _ = self.core.send(peer, header, |to| to.write(0, &share.encode()));
        let (Some(claims), _) = self.core.claims(peer) else { return false };
        let (mut mine, mut ok) = (0, true);
        while let Some(run) = claims.first(tag, chunks, share.most()) {
            if run.start != mine {
                // Not what an honest sender leaves.
                return read_from(0);
            }
            mine = run.end;
            // After a failure the rest is only claimed, so that nobody else does.
            ok = ok && read(run);
        }
        let mut looks = 0u32;
        loop {
            match claims.help(tag, chunks, mine) {
                Help::Complete => return ok,
                Help::Void => return ok && read_from(mine),
                Help::Pending => {}
            }
            looks += 1;
            if looks.is_multiple_of(64) {
                std::thread::yield_now();
            }
        }
    }

    /// The receiver of a message of ours copies it, and would be helped.
    pub(super) fn on_share(&mut self, frame: &Incoming) {
        let ([request, tag, _], share, peer) = (frame.header.meta, Share::decode(frame), frame.peer);
        let Some(pid) = self.core.pid(peer) else { return };
        let Some(out) = self.requests.outgoing(request).filter(|o| o.peer == peer && o.offered && !o.eager)
        else {
            return;
        };
        let window = out.from.block();
        let sound = share.len <= out.total && share.chunk >= CHUNK && share.chunks() <= MOST_CHUNKS;
        let (Some(from), true, (_, Some(claims))) = (window, sound, self.core.claims(peer)) else {
            return;
        };
        while let Some(run) = claims.last(tag, share.chunks(), share.most()) {
            let (at, len) = share.range(&run);
            let to = (share.address as usize).wrapping_add(at);
            let ok = write_process(pid, to, from.offset(at as isize), len).is_ok();
            claims.finish(run.end - run.start, ok);
            if !ok {
                break;
            }
        }
    }
}
