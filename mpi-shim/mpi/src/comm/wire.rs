//! Messages between some members of a communicator while a new one is being made.
//!
//! They travel on a channel of the communicator's context ([`super::context::channel`]), so they meet neither
//! its point-to-point messages nor its collectives. Not a collective library: one tree and one exchange.

use super::Comm;
use crate::coll::needs::byte;
use crate::constants::class;
use crate::error::{Error, Result};
use crate::p2p::SendMode;
use crate::request;
use crate::{Eng, RequestId, Status, UserBuf};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// One conversation: a channel and a tag on it.
pub struct Wire {
    pub e: Eng,
    pub comm: Rc<Comm>,
    pub context: u32,
    pub tag: i32,
}

impl Wire {
    /// `channel` is one of [`super::context::channel`].
    pub fn new(e: Eng, comm: &Rc<Comm>, channel: u32, tag: i32) -> Wire {
        Wire { e, comm: comm.clone(), context: comm.context | channel, tag }
    }

    fn start_send(&self, dest: i32, bytes: &mut [u8]) -> Result<RequestId> {
        let dt = byte(self.e);
        let (buf, count) = (UserBuf::of(bytes), bytes.len() as i64);
        request::isend_raw(
            self.e,
            SendMode::Standard,
            &self.comm,
            self.context,
            buf,
            count,
            &dt,
            dest,
            self.tag,
        )
    }

    fn start_recv(&self, source: i32, bytes: &mut [u8]) -> Result<RequestId> {
        let dt = byte(self.e);
        let (buf, count) = (UserBuf::of(bytes), bytes.len() as i64);
        request::irecv_raw(self.e, &self.comm, self.context, buf, count, &dt, source, self.tag)
    }

    async fn done(&self, id: RequestId) -> Result<Status> {
        poll_fn(|_| match request::poll_done(self.e, id) {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        })
        .await
    }

    /// Sends bytes to `peer` and receives at most `max` from it.
    pub async fn swap(&self, peer: i32, bytes: &[u8], max: usize) -> Result<Vec<u8>> {
        let (mut mine, mut theirs) = (bytes.to_vec(), vec![0; max]);
        let recv = self.start_recv(peer, &mut theirs)?;
        let send = self.start_send(peer, &mut mine)?;
        self.done(send).await?;
        let status = self.done(recv).await?;
        theirs.truncate(status.bytes as usize);
        Ok(theirs)
    }

    /// Tells `data`, of the same length everywhere, from member 0 to all members by a binomial tree. `rank_of`
    /// gives the rank in the communicator of each of `count` members, `me` is this process's place among them.
    pub async fn spread(
        &self,
        count: usize,
        me: usize,
        rank_of: impl Fn(usize) -> i32,
        data: &mut [u8],
    ) -> Result {
        if me != 0 {
            let parent = me & (me - 1);
            let recv = self.start_recv(rank_of(parent), data)?;
            let status = self.done(recv).await?;
            if status.bytes != data.len() as u64 {
                return Err(Error::new(class::OTHER, "members disagree about the communicator being made"));
            }
        }
        let mut copy = data.to_vec();
        let mut sends = Vec::new();
        for child in children(me, count) {
            sends.push(self.start_send(rank_of(child), &mut copy)?);
        }
        for send in sends {
            self.done(send).await?;
        }
        Ok(())
    }
}

/// Children of `me` in the binomial tree of `count` members, farthest first.
fn children(me: usize, count: usize) -> impl Iterator<Item = usize> {
    let below = if me == 0 { count.next_power_of_two() } else { 1 << me.trailing_zeros() };
    (0..below.ilog2()).rev().map(move |bit| me + (1 << bit)).filter(move |&child| child < count)
}

#[cfg(test)]
mod tests {
    use super::children;

    #[test]
    fn the_tree_reaches_every_member_once() {
        for count in 1..70 {
            let mut reached = vec![0; count];
            reached[0] = 1;
            for me in 0..count {
                for child in children(me, count) {
                    assert_eq!(child & (child - 1), me);
                    reached[child] += 1;
                }
            }
            assert!(reached.iter().all(|&n| n == 1), "{count}: {reached:?}");
        }
    }
}
