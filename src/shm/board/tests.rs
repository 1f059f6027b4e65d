//! Oracle, model-checker and hostile-member tests of the board.

use super::*;
use std::sync::Arc;

#[cfg(loom)]
use loom::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};
#[cfg(not(loom))]
use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

/// A board in ordinary memory, of `M` members and `S` slots. What is posted is the note.
struct TestBoard<const M: usize, const S: usize> {
    lines: [[[AtomicU64; 2]; M]; S],
    done: [AtomicU64; M],
}

impl<const M: usize, const S: usize> TestBoard<M, S> {
    fn new() -> Arc<Self> {
        let atomic = || AtomicU64::new(0);
        Arc::new(TestBoard {
            lines: std::array::from_fn(|_| std::array::from_fn(|_| [atomic(), atomic()])),
            done: std::array::from_fn(|_| atomic()),
        })
    }
}

impl<const M: usize, const S: usize> Notices for Arc<TestBoard<M, S>> {
    const SLOTS: usize = S;
    fn seq_acquire(&self, member: usize, slot: usize) -> u64 {
        self.lines[slot][member][0].load(Ordering::Acquire)
    }
    fn seq_release(&self, member: usize, slot: usize, seq: u64) {
        self.lines[slot][member][0].store(seq, Ordering::Release);
    }
    fn note(&self, member: usize, slot: usize) -> u64 {
        self.lines[slot][member][1].load(Ordering::Relaxed)
    }
    fn set_note(&self, member: usize, slot: usize, note: u64) {
        self.lines[slot][member][1].store(note, Ordering::Relaxed);
    }
    fn done_acquire(&self, member: usize) -> u64 {
        self.done[member].load(Ordering::Acquire)
    }
    fn done_release(&self, member: usize, turn: u64) {
        self.done[member].store(turn, Ordering::Release);
    }
}

pub(super) fn wait(until: impl Fn() -> bool) {
    while !until() {
        thread::yield_now();
    }
}

/// In turn `i` either everybody posts, or one member.
fn posts(i: usize, member: usize, members: usize) -> bool {
    i.is_multiple_of(3) || i % members == member
}

/// Member `me` takes part in `turns` turns of one to three slots, and checks all it reads.
fn attend<N: Notices>(board: &Member<N>, turns: usize) {
    let value = |i: usize, member: usize| (i * 1000 + member) as u64;
    for i in 0..turns {
        let turn = board.take(1 + i % 3 % N::SLOTS);
        if posts(i, board.me(), board.members()) {
            board.settle();
            wait(|| board.has_room());
            board.post(turn, value(i, board.me()));
        }
        for member in (0..board.members()).filter(|&m| m != board.me() && posts(i, m, board.members())) {
            board.settle();
            wait(|| board.look(member, turn).is_some());
            assert_eq!(board.look(member, turn), Some(value(i, member)), "turn {i} of member {member}");
        }
        board.finish();
    }
}

fn meet<const M: usize, const S: usize>(turns: usize) {
    let board = TestBoard::<M, S>::new();
    let threads: Vec<_> = (1..M)
        .map(|me| {
            let member = Member::new(board.clone(), me, M);
            thread::spawn(move || attend(&member, turns))
        })
        .collect();
    attend(&Member::new(board, 0, M), turns);
    threads.into_iter().for_each(|t| t.join().expect("a member ends"));
}

#[cfg(loom)]
#[test]
fn posts_are_read_before_their_slots_are_used_again_in_every_interleaving() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| meet::<2, 4>(5));
}

#[cfg(not(loom))]
#[test]
fn posts_are_read_before_their_slots_are_used_again() {
    meet::<2, 4>(20_000);
    meet::<3, 4>(5_000);
    meet::<5, 16>(5_000);
}

/// A sum grows in one cell while it passes down the members, in `rounds` turns; then each reads it.
fn pass<N: Notices>(board: &Member<N>, cells: &[AtomicU64], rounds: usize) {
    let (me, members) = (board.me(), board.members());
    for round in 0..rounds {
        let turn = board.take(1);
        let cell = &cells[turn as usize % N::SLOTS];
        board.settle();
        wait(|| board.has_room());
        let mut sum = 0;
        if me + 1 < members {
            wait(|| board.look(me + 1, turn).is_some());
            sum = cell.load(Ordering::Relaxed);
        }
        // The cell is another member's in most turns: the posts alone order who writes and who reads.
        cell.store(sum + (round * 10 + me) as u64, Ordering::Relaxed);
        board.post(turn, 0);
        wait(|| board.look(0, turn).is_some());
        let expected: usize = (0..members).map(|member| round * 10 + member).sum();
        assert_eq!(cell.load(Ordering::Relaxed), expected as u64, "round {round}");
        board.finish();
    }
}

/// `members` pass sums; with `S` slots the later ones use the cells of the first again.
fn relay<const M: usize, const S: usize>(rounds: usize) {
    let board = TestBoard::<M, S>::new();
    let cells: Arc<Vec<AtomicU64>> = Arc::new((0..S).map(|_| AtomicU64::new(0)).collect());
    let threads: Vec<_> = (1..M)
        .map(|me| {
            let (member, cells) = (Member::new(board.clone(), me, M), cells.clone());
            thread::spawn(move || pass(&member, &cells, rounds))
        })
        .collect();
    pass(&Member::new(board, 0, M), &cells, rounds);
    threads.into_iter().for_each(|t| t.join().expect("a member ends"));
}

/// Each of two members posts a number in its cell; the other adds to it there, and the owner reads the sum a round later,
/// when it has posted the next one.
fn add_to_the_others<N: Notices>(board: &Member<N>, cells: &[Vec<AtomicU64>; 2], rounds: usize) {
    let (me, other) = (board.me(), 1 - board.me());
    let cell = |member: usize, turn: u64| &cells[member][turn as usize % N::SLOTS];
    let number = |round: usize, member: usize| (round * 10 + member) as u64;
    let mut before = 0;
    for round in 0..=rounds {
        let mut turn = 0;
        if round < rounds {
            turn = board.take(2);
            board.settle();
            wait(|| board.has_room());
            cell(me, turn).store(number(round, me), Ordering::Relaxed);
            board.post(turn, 0);
            wait(|| board.look(other, turn).is_some());
            let sum = cell(other, turn).load(Ordering::Relaxed) + 1000;
            cell(other, turn).store(sum, Ordering::Relaxed);
            board.post(turn + 1, 0);
        }
        if round > 0 {
            wait(|| board.look(other, before + 1).is_some());
            assert_eq!(cell(me, before).load(Ordering::Relaxed), number(round - 1, me) + 1000);
            board.finish_before(before + 2);
        }
        before = turn;
    }
}

/// `rounds` of two slots each, on a board of `S`.
fn pair<const S: usize>(rounds: usize) {
    let board = TestBoard::<2, S>::new();
    let cells = || (0..S).map(|_| AtomicU64::new(0)).collect();
    let cells: Arc<[Vec<AtomicU64>; 2]> = Arc::new([cells(), cells()]);
    let (member, theirs) = (Member::new(board.clone(), 1, 2), cells.clone());
    let other = thread::spawn(move || add_to_the_others(&member, &theirs, rounds));
    add_to_the_others(&Member::new(board, 0, 2), &cells, rounds);
    other.join().expect("a member ends");
}

/// Member 1 lends memory to member 0, and takes it back when that is done with the turn.
fn lend<const S: usize>(rounds: usize) {
    let board = TestBoard::<2, S>::new();
    let memory = Arc::new(AtomicU64::new(0));
    let (reader, lent) = (Member::new(board.clone(), 0, 2), memory.clone());
    let read = move || {
        for round in 1..=rounds {
            let turn = reader.take(1);
            wait(|| reader.look(1, turn).is_some());
            assert_eq!(lent.load(Ordering::Relaxed), round as u64);
            reader.finish();
            reader.settle();
        }
    };
    let reading = thread::spawn(read);
    let owner = Member::new(board, 1, 2);
    for round in 1..=rounds {
        let turn = owner.take(1);
        wait(|| owner.has_room());
        memory.store(round as u64, Ordering::Relaxed);
        owner.post(turn, 0);
        wait(|| owner.is_done(0));
        owner.finish();
        owner.settle();
    }
    reading.join().expect("the reader ends");
}

#[cfg(loom)]
#[test]
fn what_passes_through_cells_of_others_is_whole_in_every_interleaving() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| relay::<2, 2>(3));
}

#[cfg(loom)]
#[test]
fn what_the_other_adds_is_read_before_the_cell_is_used_again_in_every_interleaving() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| pair::<4>(3));
}

#[cfg(loom)]
#[test]
fn what_is_lent_is_written_again_only_when_it_has_been_read_in_every_interleaving() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| lend::<2>(3));
}

#[cfg(not(loom))]
#[test]
fn what_passes_through_cells_of_others_is_whole() {
    relay::<2, 2>(5_000);
    relay::<4, 4>(2_000);
    pair::<4>(5_000);
    lend::<4>(5_000);
}

#[cfg(not(loom))]
#[test]
fn a_writer_runs_ahead_by_the_slots_and_not_further() {
    let board = TestBoard::<2, 16>::new();
    let (writer, reader) = (Member::new(board.clone(), 0, 2), Member::new(board, 1, 2));
    for i in 0..16 {
        let turn = writer.take(1);
        assert!(writer.has_room());
        writer.post(turn, i);
    }
    writer.take(1);
    assert!(!writer.has_room());
    for i in 0..4 {
        let turn = reader.take(1);
        assert_eq!(reader.look(0, turn), Some(i));
        assert_eq!(reader.finish(), i == 3, "published lazily");
    }
    assert!(writer.has_room() && !writer.others_are_done());
}

#[cfg(not(loom))]
#[test]
fn neighbouring_slots_do_not_go_around_the_end() {
    let board = TestBoard::<2, 16>::new();
    let member = Member::new(board, 0, 2);
    assert_eq!([member.take(7), member.take(7), member.take(3), member.take(13)], [0, 7, 16, 19]);
}

#[cfg(not(loom))]
mod mapped {
    use super::super::*;
    use std::os::fd::AsFd;

    fn pair() -> [Member<BoardMemory>; 2] {
        let file = BoardMemory::file(2).unwrap();
        [0, 1].map(|me| Member::new(BoardMemory::map(file.as_fd(), 2).unwrap(), me, 2))
    }

    #[test]
    fn bytes_lie_where_both_members_look_for_them() {
        let [a, b] = pair();
        for len in [1, INLINE, INLINE + 1, CELL, CELL + 1, 8 * CELL] {
            let slots = len.div_ceil(CELL);
            let (turn, also) = (a.take(slots), b.take(slots));
            assert!(a.has_room());
            let sent: Vec<u8> = (0..len).map(|i| (i * 7 + len) as u8).collect();
            a.bytes(0, turn, len).write(0, &sent);
            a.post(turn, len as u64);
            assert_eq!((turn, b.look(0, also)), (also, Some(len as u64)));
            let mut got = vec![0; len];
            b.bytes(0, also, len).read(0, &mut got);
            assert!(sent == got, "{len} bytes");
            a.finish();
            b.finish();
            a.settle();
            b.settle();
        }
    }

    #[test]
    fn a_file_of_another_size_is_refused() {
        let file = BoardMemory::file(2).unwrap();
        assert!(BoardMemory::map(file.as_fd(), 3).is_err());
        assert!(BoardMemory::map(file.as_fd(), MOST_MEMBERS + 1).is_err());
    }

    #[test]
    fn garbage_is_no_post_and_leads_nowhere() {
        let file = BoardMemory::file(2).unwrap();
        let member = Member::new(BoardMemory::map(file.as_fd(), 2).unwrap(), 0, 2);
        let map = Mapping::shared(file.as_fd(), lines_bytes(2)).unwrap();
        let mut dice = 1u64;
        for _ in 0..10_000 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (dice >> 33) as usize % (lines_bytes(2) / 8);
            // SAFETY: within the mapping that lives until the end of the test; aligned.
            let word = unsafe { &*map.base().cast::<AtomicU64>().add(at) };
            word.store(dice, Ordering::Relaxed);
            let turn = member.take(1);
            member.has_room();
            assert_eq!(member.look(1, turn), None);
            member.post(turn, 0);
            member.finish();
        }
        // SAFETY: within the mapping, aligned: how far member 1 says it is.
        unsafe { &*map.base().cast::<Done>().add(1) }.turn.store(u64::MAX, Ordering::Relaxed);
        for _ in 0..2 * SLOTS {
            let turn = member.take(1);
            assert!(member.has_room());
            member.post(turn, 0);
        }
    }
}
