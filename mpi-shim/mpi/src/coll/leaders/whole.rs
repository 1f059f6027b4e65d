//! Barrier and broadcast.

use super::super::part::{Flat, Part};
use super::super::{barrier, bcast};
use super::Op;
use crate::error::Result;

/// Bytes of a broadcast that leaders pass on while the next ones are on the network.
const SEGMENT: usize = 256 << 10;

impl Op<'_> {
    pub async fn barrier(&self) -> Result {
        self.barrier_in_host().await?;
        if let Some(heads) = self.heads() {
            barrier::barrier(heads).await?;
        }
        self.barrier_in_host().await
    }

    /// Segment by segment: leaders have the next one on the network while the others read the last.
    pub async fn bcast(&self, part: Part<'_>, root: usize) -> Result {
        let w = self.host();
        let flat = Flat::new(w, part);
        let i_am_root = self.me() == root;
        if i_am_root {
            flat.load(part);
        }
        for at in (0..part.len()).step_by(SEGMENT) {
            let segment = w.bytes(flat.base.offset(at as isize), SEGMENT.min(part.len() - at));
            self.bcast_segment(segment, root).await?;
        }
        if !i_am_root {
            flat.store(part);
        }
        Ok(())
    }

    async fn bcast_segment(&self, part: Part<'_>, root: usize) -> Result {
        let (here, local) = (self.is_here(root), self.map.local(root));
        // The leader of the root's host has the data of another rank first.
        if here && local != 0 {
            self.bcast_in_host(part, local).await?;
        }
        if let Some(heads) = self.heads() {
            bcast::bcast(heads, part, self.map.host_of(root)).await?;
        }
        if here && local != 0 { Ok(()) } else { self.bcast_in_host(part, 0).await }
    }
}
