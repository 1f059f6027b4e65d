//! Memory files made while the job runs: one process offers a file to others of its host, who hold its card.
//!
//! The file travels over an abstract unix socket to processes of the same user that know the ticket on the card.
//! The card itself is passed on by whoever needs the file, over connections of the job.

use super::JobError;
use super::node::{self, Meeting};
use std::os::fd::OwnedFd;

/// An offer that others can take up as long as it lives.
pub struct Offer(Meeting);

const TICKET: usize = 32;

impl Offer {
    pub fn open() -> Result<Offer, JobError> {
        Meeting::open().map(Offer)
    }

    /// What the takers must know.
    pub fn card(&self) -> Vec<u8> {
        [self.0.ticket.as_slice(), self.0.name.as_bytes()].concat()
    }

    /// Hands `file` to `takers` processes; waits until all have come.
    pub fn serve(&self, file: &OwnedFd, takers: usize) -> Result<(), JobError> {
        self.0.serve(file, takers)
    }
}

/// Gets the file that belongs to a card.
pub fn take(card: &[u8]) -> Result<OwnedFd, JobError> {
    let bad = || JobError::Protocol("the card of a memory file is damaged".into());
    let (ticket, name) = card.split_first_chunk::<TICKET>().ok_or_else(bad)?;
    node::fetch(std::str::from_utf8(name).map_err(|_| bad())?, ticket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::fd::memory_file;
    use crate::sys::memory::file_len;
    use std::os::fd::AsFd;

    #[test]
    fn the_card_gives_the_file() {
        let offer = Offer::open().unwrap();
        let file = memory_file(c"test", 12345).unwrap();
        let card = offer.card();
        let taker = std::thread::spawn(move || {
            assert!(take(&card[..20]).is_err());
            take(&card).unwrap()
        });
        offer.serve(&file, 1).unwrap();
        assert_eq!(file_len(taker.join().unwrap().as_fd()).unwrap(), 12345);
    }
}
