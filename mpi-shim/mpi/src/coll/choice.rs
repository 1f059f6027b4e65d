//! Which algorithm runs: one table per collective, the first row that applies wins.
//!
//! Every rank must choose the same, so a choice depends only on what all ranks know alike: the number of
//! ranks, the bytes of the operation and whether operands may be exchanged. It must not depend on the layout
//! of a datatype (ranks may describe the same data differently) nor on the machine (hosts may differ).
//!
//! What decides for small data is how often a rank waits for another one, and then how many messages there are:
//! ranks usually outnumber cores, and every wait may cost a turn of all other ranks. A star (everybody to rank 0
//! and back) waits once per rank and takes 2(n-1) messages: on 2 cores its best runs made one switch per rank and
//! 8-byte allreduce with 8 to 24 ranks (others up to 5), where doubling made 3 or more. Up to [`FEW`] ranks
//! doubling was faster. Large data goes in blocks or segments: no rank handles more than twice the data, and
//! blocks stay in cache.
//!
//! A collective's row is overridden for the whole job by an environment variable that is read once:
//! `VMI_COLL_ALLREDUCE=ring`. Names are those of the enumerations below, in lower case with `-` between words. An
//! algorithm that cannot serve a call (`ring` with an operation that does not commute) is passed over.
//!
//! On a board all ranks copy through cells or read from each other's memory. With two ranks a message is faster from
//! about 8 KiB on where data goes one way only, a broadcast's up to where the board's pieces go through a pipeline, an
//! operand's as long as caches hold it. (Gather of 4 KiB 0.87 µs, 0.93 by message, of 8 KiB 1.66 and 1.40; 256 KiB:
//! broadcast 14 and 18, reduce 19 and 16; reduce of 1 MiB 94 and 91, of 4 MiB 511 and 556.)
//!
//! Leaders save messages between hosts: of blocking operations and of those that do not block. 2 × 4 ranks on two cores,
//! hosts joined by a virtual cable, µs over leaders and by messages (barrier 22 and 533; allreduce of 8 bytes 21 and
//! 270, of 1 MiB 2467 and 2601; gather of 16 KiB 137 and 90):
//!
//! | | 8 B | 1 KiB | 4 KiB | 16 KiB | 64 KiB | 1 MiB |
//! |---|---|---|---|---|---|---|
//! | alltoall | 20, 324 | 31, 321 | | | | |
//! | alltoallv | 33, 315 | 38, 337 | 326, 478 | 511, 602 | 842, 976 | |
//! | gatherv | 10, 75 | 10, 86 | 18, 73 | 130, 102 | 175, 151 | |
//! | scatterv | 11, 69 | 14, 84 | 20, 79 | 96, 95 | 142, 167 | |
//! | scan | 20, 67 | | 22, 51 | | 95, 303 | 1768, 9635 |
//! | reduce_scatter | 23, 33 | | 27, 56 | | 253, 462 | 14331, 15747 |
//! | not blocking: allreduce | 22, 332 | 23, 332 | | 55, 532 | | |
//! | not blocking: alltoall | 20, 324 | 32, 259 | | | | |
//!
//! The v forms of gather, scatter and alltoall have lengths that not all ranks know: the table is asked for 0 bytes. Over
//! leaders every rank decides for itself about each of its blocks, and long ones go straight. That they are announced first
//! costs most in a gatherv of long blocks (256 KiB: 470 and 440; 4 MiB 6.5 and 4.6 ms).

use std::sync::OnceLock;

/// Up to here, exchanges with one or two partners are best.
const FEW: usize = 4;
/// Up to here, every rank may send a message to every other.
const SOME: usize = 16;
/// Up to here, one rank may send or receive a message per rank.
const MANY: usize = 64;
/// Up to here, every rank may read what every other one has posted on a board.
const CROWD: usize = vmi::shm::board::MOST_MEMBERS;
const ANY: usize = usize::MAX;
const KIB: usize = 1 << 10;

struct Row<A> {
    /// Number of ranks, at most.
    ranks: usize,
    /// Bytes, at most.
    bytes: usize,
    algorithm: A,
}

const fn row<A>(ranks: usize, bytes: usize, algorithm: A) -> Row<A> {
    Row { ranks, bytes, algorithm }
}

macro_rules! collectives {
    ($($(#[$doc:meta])* $choose:ident $kind:ident $variable:literal
        { $($(#[$what:meta])* $algorithm:ident $name:literal),+ $(,)? }
        [$($row:expr),+ $(,)?];)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $kind { $($(#[$what])* $algorithm),+ }

        impl $kind {
            const TABLE: &[Row<$kind>] = &[$($row),+];

            fn wanted() -> Option<$kind> {
                static WANTED: OnceLock<Option<$kind>> = OnceLock::new();
                *WANTED.get_or_init(|| match std::env::var($variable).ok()?.as_str() {
                    $($name => Some($kind::$algorithm),)+
                    other => {
                        let names = [$($name),+].join(", ");
                        eprintln!("vmi: {}={other} is ignored, expected one of: {names}", $variable);
                        None
                    }
                })
            }
        }

        #[doc = concat!("Chooses for ", stringify!($choose), "; `usable` tells which algorithms can serve this call.")]
        pub fn $choose(ranks: usize, bytes: usize, usable: impl Fn($kind) -> bool) -> $kind {
            if let Some(wanted) = $kind::wanted().filter(|&a| usable(a)) {
                return wanted;
            }
            let applies = |row: &&Row<$kind>| ranks <= row.ranks && bytes <= row.bytes && usable(row.algorithm);
            match $kind::TABLE.iter().find(applies) {
                Some(row) => row.algorithm,
                None => $kind::TABLE[$kind::TABLE.len() - 1].algorithm,
            }
        }
    )+};
}

collectives! {
    barrier Barrier "VMI_COLL_BARRIER" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// log2(n) steps, n messages each.
        Dissemination "dissemination",
        /// Up and down a binomial tree: 2(n-1) messages, 2 log2(n) steps.
        Tree "tree",
        /// Everybody tells everybody: one step.
        Direct "direct",
        /// Everybody tells rank 0, which tells everybody: 2(n-1) messages.
        Star "star",
    } [
        row(CROWD, ANY, Barrier::Board), row(ANY, ANY, Barrier::Leaders),
        row(FEW, ANY, Barrier::Dissemination), row(MANY, ANY, Barrier::Star),
        row(ANY, ANY, Barrier::Dissemination),
    ];

    bcast Bcast "VMI_COLL_BCAST" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// The root sends to every rank.
        Linear "linear",
        /// Binomial tree: log2(n) steps, the whole message at once.
        Tree "tree",
        /// The message in segments down the binomial tree.
        SegmentedTree "segmented-tree",
        /// Segments from rank to rank: every rank receives and sends the data once.
        Chain "chain",
        /// Blocks down the tree, then around a ring.
        ScatterRing "scatter-ring",
    } [
        row(2, 256 * KIB, Bcast::Board), row(2, ANY, Bcast::Linear), row(CROWD, ANY, Bcast::Board), row(ANY, ANY, Bcast::Leaders),
        row(MANY, KIB, Bcast::Linear),
        row(ANY, 64 * KIB, Bcast::Tree), row(ANY, ANY, Bcast::Chain),
    ];

    reduce Reduce "VMI_COLL_REDUCE" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// The root receives from every rank.
        Linear "linear",
        /// Binomial tree, operands in the order of ranks.
        Tree "tree",
        /// Reduce-scatter around a ring, blocks then sent to the root.
        Ring "ring",
    } [
        row(2, 4 * KIB, Reduce::Board), row(2, 1024 * KIB, Reduce::Tree),
        row(CROWD, ANY, Reduce::Board), row(ANY, ANY, Reduce::Leaders),
        row(SOME, 1024 * KIB, Reduce::Tree), row(SOME, ANY, Reduce::Ring),
        row(MANY, KIB, Reduce::Linear), row(ANY, 128 * KIB, Reduce::Tree),
        row(ANY, ANY, Reduce::Ring), row(ANY, ANY, Reduce::Tree),
    ];

    allreduce Allreduce "VMI_COLL_ALLREDUCE" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// log2(n) exchanges of the whole vector.
        RecursiveDoubling "recursive-doubling",
        /// Everybody sends its operand to everybody: one step.
        Direct "direct",
        /// Up a tree to rank 0, which tells everybody: fewest messages.
        Tree "tree",
        /// Everybody sends to rank 0, which tells everybody: as few messages, in two steps.
        Star "star",
        /// Halving exchanges, then doubling ones: log2(n) steps with 2/n of the traffic of doubling alone.
        Halving "halving",
        /// Reduce-scatter and allgather around a ring: neighbours only.
        Ring "ring",
    } [
        row(CROWD, ANY, Allreduce::Board), row(ANY, ANY, Allreduce::Leaders),
        row(FEW, 16 * KIB, Allreduce::RecursiveDoubling), row(MANY, KIB, Allreduce::Star),
        row(ANY, 16 * KIB, Allreduce::RecursiveDoubling),
        row(FEW, 1024 * KIB, Allreduce::Halving), row(ANY, ANY, Allreduce::Ring),
        row(ANY, ANY, Allreduce::RecursiveDoubling),
    ];

    reduce_scatter ReduceScatter "VMI_COLL_REDUCE_SCATTER" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// Reduce to rank 0 and scatter.
        Tree "tree",
        /// Each block goes around the ring once and is reduced on its way.
        Ring "ring",
    } [
        row(CROWD, ANY, ReduceScatter::Board), row(ANY, ANY, ReduceScatter::Leaders),
        row(2, ANY, ReduceScatter::Ring), row(ANY, 16 * KIB, ReduceScatter::Tree),
        row(ANY, ANY, ReduceScatter::Ring), row(ANY, ANY, ReduceScatter::Tree),
    ];

    gather Gather "VMI_COLL_GATHER" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// Every rank sends to the root.
        Linear "linear",
        /// Up a binomial tree: the root receives log2(n) messages.
        Tree "tree",
    } [
        row(2, 4 * KIB, Gather::Board), row(2, 128 * KIB, Gather::Linear), row(CROWD, ANY, Gather::Board), row(ANY, 4 * KIB, Gather::Leaders),
        row(SOME, ANY, Gather::Linear), row(ANY, KIB, Gather::Tree), row(ANY, ANY, Gather::Linear),
    ];

    scatter Scatter "VMI_COLL_SCATTER" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// The root sends to every rank.
        Linear "linear",
        /// Down a binomial tree: the root sends log2(n) messages.
        Tree "tree",
    } [
        row(2, 4 * KIB, Scatter::Board), row(2, 8 * KIB, Scatter::Linear), row(CROWD, ANY, Scatter::Board), row(ANY, 4 * KIB, Scatter::Leaders),
        row(SOME, ANY, Scatter::Linear), row(ANY, KIB, Scatter::Tree), row(ANY, ANY, Scatter::Linear),
    ];

    /// Bytes are those of the whole result.
    allgather Allgather "VMI_COLL_ALLGATHER" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// log2(n) steps with growing messages.
        Bruck "bruck",
        /// Everybody sends its block to everybody: one step, no temporary memory.
        Direct "direct",
        /// Gather to rank 0 and broadcast: fewest messages.
        Tree "tree",
        /// n-1 steps, neighbours only, no temporary memory.
        Ring "ring",
    } [
        row(CROWD, ANY, Allgather::Board), row(ANY, 512 * KIB, Allgather::Leaders),
        row(2, ANY, Allgather::Ring), row(SOME, 16 * KIB, Allgather::Direct),
        row(ANY, 16 * KIB, Allgather::Bruck), row(ANY, ANY, Allgather::Ring),
    ];

    scan Scan "VMI_COLL_SCAN" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// log2(n) exchanges of the whole vector.
        Doubling "doubling",
    } [
        row(CROWD, ANY, Scan::Board), row(ANY, ANY, Scan::Leaders), row(ANY, ANY, Scan::Doubling),
    ];

    /// Bytes are those of one block.
    alltoall Alltoall "VMI_COLL_ALLTOALL" {
        /// Over memory that all ranks share ([`super::board`]), where they do and the operation is not too large.
        Board "board",
        /// Over memory inside hosts, by messages between their leaders ([`super::leaders`]), where there are several.
        Leaders "leaders",
        /// log2(n) steps, blocks travel via other ranks.
        Bruck "bruck",
        /// Every rank sends every block directly.
        Direct "direct",
    } [
        row(CROWD, ANY, Alltoall::Board), row(ANY, KIB, Alltoall::Leaders),
        row(SOME, ANY, Alltoall::Direct), row(ANY, 128, Alltoall::Bruck), row(ANY, ANY, Alltoall::Direct),
    ];
}

/// Bytes of a segment of a segmented broadcast: a few of them fit in a core's second-level cache.
pub const SEGMENT: usize = 32 * KIB;
/// Requests that one rank keeps in flight in operations with a message per peer.
pub const IN_FLIGHT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_that_cannot_serve_is_passed_over() {
        for ranks in 1..100 {
            for bytes in [0, 8, KIB, 64 * KIB, 64 * KIB * KIB] {
                let ordered = |a| !matches!(a, Allreduce::Halving | Allreduce::Ring);
                assert!(ordered(allreduce(ranks, bytes, ordered)));
                assert_ne!(reduce(ranks, bytes, |a| a != Reduce::Ring), Reduce::Ring);
                assert_eq!(reduce_scatter(ranks, bytes, |a| a == ReduceScatter::Tree), ReduceScatter::Tree);
                assert_eq!(gather(ranks, bytes, |a| a == Gather::Linear), Gather::Linear);
                assert_eq!(alltoall(ranks, bytes, |a| a == Alltoall::Direct), Alltoall::Direct);
            }
        }
    }
}
