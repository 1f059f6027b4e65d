//! What the agent does for ranks that have joined: their place, cards, fences, the order to abort.

use super::client::{Client, End};
use super::rank::{Membership, Rank};
use super::{Cards, Failure, VANISH_PATIENCE};
use crate::job;
use crate::job::protocol::{Reply, Request, Welcome};
use crate::launch::channel::Channel;
use crate::launch::orders::{Report, Start};
use crate::sys::fd::{self, Interest, PollSet};
use std::collections::BTreeMap;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::Instant;

/// The agent's side of all control connections.
pub struct Service {
    start: Start,
    ticket: [u8; 32],
    listener: UnixListener,
    segment: OwnedFd,
    /// Ranks hold the reader and die when the writer closes, which is when this process ends.
    lifeline: (PipeReader, PipeWriter),
    clients: BTreeMap<u64, Client>,
    next_client: u64,
    cards: Cards<u64>,
    /// A stranger has been reported; more are dropped in silence.
    stranger_told: bool,
}

impl Service {
    pub fn new(
        start: Start,
        listener: UnixListener,
        ticket: [u8; 32],
        ranks: usize,
    ) -> Result<Service, Failure> {
        let failure = |reason: String| Failure { code: 1, reason };
        let segment = job::new_segment(ranks).map_err(|error| failure(error.to_string()))?;
        let make = || -> io::Result<_> {
            listener.set_nonblocking(true)?;
            io::pipe()
        };
        let lifeline = make().map_err(|error| failure(format!("cannot set up the node: {error}")))?;
        let (clients, cards) = (BTreeMap::new(), Cards::default());
        Ok(Service {
            start,
            ticket,
            listener,
            segment,
            lifeline,
            clients,
            next_client: 0,
            cards,
            stranger_told: false,
        })
    }

    /// Registers all descriptors; returns the listener's slot.
    pub fn poll(&mut self, set: &mut PollSet) -> usize {
        self.clients.values_mut().for_each(|client| client.poll(set));
        set.add(self.listener.as_fd(), Interest::Read)
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.clients.values().filter_map(Client::deadline).min()
    }

    pub fn accept(&mut self) {
        while let Ok((socket, _)) = self.listener.accept() {
            if let Ok(client) = Client::new(socket) {
                self.clients.insert(self.next_client, client);
                self.next_client += 1;
            }
        }
    }

    /// Serves every connection that has something to say.
    pub fn exchange(&mut self, set: &PollSet, now: Instant, ranks: &mut [Rank], channel: &mut Channel) {
        let ids: Vec<u64> = self.clients.keys().copied().collect();
        for id in ids {
            let requests = self.clients.get_mut(&id).map(|client| client.exchange(set)).unwrap_or_default();
            for request in requests {
                self.serve(id, request, ranks, channel);
            }
            if let Some(end) = self.clients.get(&id).and_then(|client| client.end(now)) {
                self.disconnect(id, end, now, ranks, channel);
            }
        }
    }

    fn disconnect(&mut self, id: u64, end: End, now: Instant, ranks: &mut [Rank], channel: &mut Channel) {
        let Some(client) = self.clients.remove(&id) else { return };
        if let End::Stranger(why) = end
            && !std::mem::replace(&mut self.stranger_told, true)
        {
            let note =
                format!("a connection of process {} is dropped, because {why}; the job goes on", client.pid);
            channel.send(&Report::Note(note).encode());
        }
        if let Some(rank) = ranks.iter_mut().find(|rank| rank.membership == Membership::Member(id)) {
            rank.vanished = Some((client.pid, now + VANISH_PATIENCE));
        }
    }

    fn reply(&mut self, id: u64, reply: &Reply) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.send(reply);
        }
    }

    fn serve(&mut self, id: u64, request: Request, ranks: &mut [Rank], channel: &mut Channel) {
        let member = self.clients.get(&id).and_then(|client| client.rank);
        let member = member.and_then(|number| ranks.iter_mut().find(|rank| rank.number == number));
        match (request, member) {
            (Request::Join { ticket, rank }, None) => self.join(id, &ticket, rank, ranks, channel),
            (Request::Put { key, value }, Some(rank)) => {
                let number = rank.number;
                if self.start.hosts.len() > 1 {
                    channel.send(
                        &Report::Card { rank: number, key: key.clone(), value: value.clone() }.encode(),
                    );
                }
                self.card_arrived(number, key, value);
                self.reply(id, &Reply::Done);
            }
            (Request::Get { rank, key }, Some(_)) => self.get(id, rank, key, channel),
            (Request::Fence, Some(rank)) => {
                rank.in_fence = true;
                self.check_fence(ranks, channel);
            }
            (Request::Finalize, Some(rank)) => {
                rank.membership = Membership::Finalized;
                channel.send(&Report::Finalized { rank: rank.number }.encode());
                self.reply(id, &Reply::Done);
            }
            (Request::Abort { code, text }, Some(rank)) => {
                channel.send(&Report::Aborted { rank: rank.number, code, text }.encode());
            }
            _ => self.reply(id, &Reply::Refused { reason: "a request out of turn".into() }),
        }
    }

    fn join(&mut self, id: u64, ticket: &[u8; 32], number: u32, ranks: &mut [Rank], channel: &mut Channel) {
        let rank = ranks.iter_mut().find(|rank| rank.number == number);
        let reason = match &rank {
            _ if *ticket != self.ticket => "the ticket is wrong".to_string(),
            None => format!("rank {number} does not run on this host"),
            Some(rank) if rank.membership != Membership::Outside => format!(
                "rank {number} has already joined the job; a rank's program may start MPI in one process, once"
            ),
            Some(_) => String::new(),
        };
        let (Some(client), Some(rank)) = (self.clients.get_mut(&id), rank.filter(|_| reason.is_empty()))
        else {
            self.reply(id, &Reply::Refused { reason });
            if let Some(client) = self.clients.get_mut(&id).filter(|_| *ticket != self.ticket) {
                client.refuse("its ticket is wrong");
            }
            return;
        };
        // The kernel keeps one owner per open file, so every rank needs one of its own.
        let Ok(lifeline) = fd::reopen(self.lifeline.0.as_fd()) else {
            return self.reply(id, &Reply::Refused { reason: "the agent cannot open more files".into() });
        };
        rank.membership = Membership::Member(id);
        client.rank = Some(number);
        let welcome = Welcome {
            secret: self.start.secret,
            app: self.start.app_of[number as usize],
            universe: self.start.size(),
            hosts: self.start.hosts.clone(),
            host_of: self.start.host_of.clone(),
        };
        client.send_with_fds(&Reply::Welcome(welcome), &[self.segment.as_fd(), lifeline.as_fd()]);
        channel.send(&Report::Joined { rank: number }.encode());
    }

    fn get(&mut self, id: u64, rank: u32, key: String, channel: &mut Channel) {
        if let Some(value) = self.cards.get(rank, &key) {
            let value = value.to_vec();
            return self.reply(id, &Reply::Value { value });
        }
        let elsewhere = self.start.host_of.get(rank as usize).is_some_and(|host| *host != self.start.host);
        if self.cards.wait(rank, key.clone(), id) && elsewhere {
            channel.send(&Report::Lookup { rank, key }.encode());
        }
    }

    /// A card of a local rank, or the answer to a lookup.
    pub fn card_arrived(&mut self, rank: u32, key: String, value: Vec<u8>) {
        for waiter in self.cards.put(rank, key, value.clone()) {
            self.reply(waiter, &Reply::Value { value: value.clone() });
        }
    }

    fn check_fence(&mut self, ranks: &mut [Rank], channel: &mut Channel) {
        if !ranks.iter().all(|rank| rank.in_fence) {
            return;
        }
        if self.start.hosts.len() == 1 {
            self.fenced(ranks);
        } else {
            channel.send(&Report::Fence.encode());
        }
    }

    /// The whole job has entered the fence.
    pub fn fenced(&mut self, ranks: &mut [Rank]) {
        for rank in ranks {
            rank.in_fence = false;
            if let Membership::Member(id) = rank.membership {
                self.reply(id, &Reply::Done);
            }
        }
    }
}
