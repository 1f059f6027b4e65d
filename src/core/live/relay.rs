//! Requests of an operator that travel over a connection: to processes whose control socket is on another host.
//!
//! A request is one control frame, its answer comes in pieces; both carry the request's number. Everything is bounded:
//! a peer that answers without being asked, or without end, is not listened to.

use super::super::epoch::control;
use super::connection::Live;
use super::control::MOST_TEXT;
use std::collections::VecDeque;

/// Bytes of an answer in one frame.
const PIECE: usize = 1000;
/// Longest answer, bytes.
const MOST_ANSWER: usize = 4 << 20;
/// Requests of ours that are remembered, and requests of peers that may wait.
const MOST_REQUESTS: usize = 256;

struct Asked {
    number: u16,
    peer: u32,
    answer: Vec<u8>,
    complete: bool,
}

#[derive(Default)]
pub struct Relays {
    last: u16,
    asked: VecDeque<Asked>,
    /// Requests of peers: peer, number, line.
    requests: VecDeque<(u32, u16, String)>,
}

impl Relays {
    /// Peers have asked and are not answered.
    #[inline]
    pub fn has_requests(&self) -> bool {
        !self.requests.is_empty()
    }

    pub fn next_request(&mut self) -> Option<(u32, u16, String)> {
        self.requests.pop_front()
    }

    /// A new request to `peer`.
    pub fn ask(&mut self, live: &mut Live, line: &str) -> Result<u16, String> {
        if line.len() > MOST_TEXT {
            return Err(format!("a request of {} characters, at most {MOST_TEXT}", line.len()));
        }
        self.last = self.last.wrapping_add(1);
        if self.asked.len() >= MOST_REQUESTS {
            self.asked.pop_front();
        }
        let number = self.last;
        self.asked.push_back(Asked { number, peer: live.peer, answer: Vec::new(), complete: false });
        live.control.push_back((control::REQUEST, number, line.as_bytes().to_vec()));
        Ok(number)
    }

    /// The answer to request `number`, once; None while it is not complete. Err: there is no such request.
    pub fn take(&mut self, number: u16) -> Result<Option<String>, String> {
        let at = self.asked.iter().position(|a| a.number == number);
        let at = at.ok_or_else(|| format!("there is no request {number}"))?;
        if !self.asked[at].complete {
            return Ok(None);
        }
        Ok(self.asked.remove(at).map(|a| String::from_utf8_lossy(&a.answer).into_owned()))
    }

    pub(super) fn requested(&mut self, peer: u32, number: u16, bytes: &[u8]) {
        if self.requests.len() < MOST_REQUESTS {
            self.requests.push_back((peer, number, String::from_utf8_lossy(bytes).into_owned()));
        }
    }

    pub(super) fn replied(&mut self, peer: u32, number: u16, bytes: &[u8]) {
        let asked = self.asked.iter_mut().find(|a| (a.number, a.peer, a.complete) == (number, peer, false));
        let (Some(asked), Some((mark, piece))) = (asked, bytes.split_first()) else { return };
        if asked.answer.len() + piece.len() <= MOST_ANSWER {
            asked.answer.extend_from_slice(piece);
        } else {
            asked.answer =
                format!("{{\"ok\":false,\"error\":\"the answer has more than {MOST_ANSWER} bytes\"}}").into();
            asked.complete = true;
        }
        asked.complete |= *mark == b'.';
    }

    /// `peer` will not answer any more.
    pub(super) fn lose(&mut self, peer: u32, why: &str) {
        for asked in self.asked.iter_mut().filter(|a| a.peer == peer && !a.complete) {
            let why = super::super::manage::quote(why);
            asked.answer = format!("{{\"ok\":false,\"error\":{why}}}").into();
            asked.complete = true;
        }
        self.requests.retain(|(p, ..)| *p != peer);
    }
}

impl Live {
    /// Sends the answer to the peer's request `number`.
    pub fn reply(&mut self, number: u16, answer: &str) {
        let mut pieces = answer.as_bytes().chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            let mark = if pieces.peek().is_some() { b"+" } else { b"." };
            self.control.push_back((control::REPLY, number, [&mark[..], piece].concat()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(number: u16, peer: u32) -> Relays {
        let mut relays = Relays::default();
        relays.asked.push_back(Asked { number, peer, answer: Vec::new(), complete: false });
        relays
    }

    #[test]
    fn answers_come_in_pieces_and_are_taken_once() {
        let mut relays = asked(5, 2);
        relays.replied(2, 5, b"+ab");
        assert_eq!(relays.take(5), Ok(None));
        relays.replied(3, 5, b".x");
        relays.replied(2, 6, b".x");
        relays.replied(2, 5, b"");
        relays.replied(2, 5, b".cd");
        assert_eq!(relays.take(5), Ok(Some("abcd".into())));
        assert!(relays.take(5).is_err());
    }

    #[test]
    fn an_endless_answer_ends() {
        let mut relays = asked(1, 0);
        let piece = [b'+'; 100_000];
        (0..100).for_each(|_| relays.replied(0, 1, &piece));
        assert!(relays.take(1).unwrap().unwrap().contains("more than"));
    }

    #[test]
    fn a_lost_peer_answers_all_and_asks_nothing() {
        let mut relays = asked(1, 7);
        relays.requested(7, 9, b"status");
        relays.lose(7, "gone");
        assert!(!relays.has_requests() && relays.take(1).unwrap().unwrap().contains("gone"));
        (0..1000).for_each(|i| relays.requested(1, i, b"status"));
        assert_eq!(relays.requests.len(), MOST_REQUESTS);
    }
}
