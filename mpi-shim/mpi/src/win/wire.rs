//! Letters: what the processes of a window tell each other about operations and epochs.
//!
//! A letter is a message with tag [`LETTERS`] on the window's own context. Its head has a fixed size; the target's
//! datatype and small data follow. Larger data are messages of their own, under a tag that the letter names, so
//! they take the usual ways of a message (rendezvous, straight copy) from and to typed memory.

/// Tag of letters. Data of origins and replies of targets have even and odd tags above.
pub const LETTERS: i32 = 0;

/// Data of at most so many bytes travel inside the letter.
pub const INLINE: u64 = 4096;

/// What a letter asks or tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Put = 1,
    Get,
    Accumulate,
    GetAccumulate,
    CompareAndSwap,
    /// Lock the target's memory; `number` tells whether alone.
    Lock,
    Granted,
    /// End a lock epoch; answered as [`Kind::Flush`].
    Unlock,
    /// Tell when everything before is done. `number` counts.
    Flush,
    Done,
    Post,
    Complete,
    /// An operation could not be carried out; `number` is the error class, the text follows.
    Fault,
}

const KINDS: [Kind; 13] = [
    Kind::Put,
    Kind::Get,
    Kind::Accumulate,
    Kind::GetAccumulate,
    Kind::CompareAndSwap,
    Kind::Lock,
    Kind::Granted,
    Kind::Unlock,
    Kind::Flush,
    Kind::Done,
    Kind::Post,
    Kind::Complete,
    Kind::Fault,
];

/// The head of a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    pub kind: Kind,
    /// Bytes of the datatype's description.
    pub described: u32,
    /// An operation's handle, a number, a flag.
    pub number: u32,
    /// Tag of the data or of the reply; 0: the data follow, no reply.
    pub tag: i32,
    /// Where, in bytes from the window's base.
    pub place: i64,
    pub count: i64,
    /// The bytes `from..from + len` of the packed elements are meant.
    pub from: u64,
    pub len: u64,
}

pub const HEAD: usize = 48;

impl Head {
    /// A letter without an operation.
    pub fn control(kind: Kind, number: u32) -> Head {
        Head { kind, described: 0, number, tag: 0, place: 0, count: 0, from: 0, len: 0 }
    }

    /// The letter, without the data.
    pub fn letter(&self, described: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + described.len());
        bytes.extend([self.kind as u8, 0, 0, 0]);
        bytes.extend((described.len() as u32).to_le_bytes());
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.tag.to_le_bytes());
        bytes.extend(self.place.to_le_bytes());
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.from.to_le_bytes());
        bytes.extend(self.len.to_le_bytes());
        bytes.extend(described);
        bytes
    }

    /// Head, description and data of a letter. None: it is damaged.
    pub fn open(letter: &mut [u8]) -> Option<(Head, &[u8], &mut [u8])> {
        let (head, rest) = letter.split_first_chunk_mut::<HEAD>()?;
        let word = |at: usize| head[at..at + 4].try_into().map(u32::from_le_bytes).unwrap_or(0);
        let long = |at: usize| head[at..at + 8].try_into().map(u64::from_le_bytes).unwrap_or(0);
        let head = Head {
            kind: KINDS.into_iter().find(|&k| k as u8 == head[0])?,
            described: word(4),
            number: word(8),
            tag: word(12) as i32,
            place: long(16) as i64,
            count: long(24) as i64,
            from: long(32),
            len: long(40),
        };
        let (described, data) = rest.split_at_mut_checked(head.described as usize)?;
        Some((head, described, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_survives_the_wire() {
        for kind in KINDS {
            let head =
                Head { kind, described: 3, number: 7, tag: -9, place: -1, count: 1 << 40, from: 5, len: 2 };
            let mut letter = head.letter(b"abc");
            letter.extend(b"de");
            let (copy, described, data) = Head::open(&mut letter).unwrap();
            assert_eq!((copy, described, &*data), (head, b"abc".as_slice(), b"de".as_slice()));
        }
    }

    #[test]
    fn damaged_letters_are_refused() {
        let letter = Head::control(Kind::Flush, 1).letter(b"abc");
        for cut in 0..letter.len() {
            assert!(Head::open(&mut letter[..cut].to_vec()).is_none());
        }
        let mut wrong = letter.clone();
        wrong[0] = 99;
        assert!(Head::open(&mut wrong).is_none());
    }
}
