//! Handles, statuses, ranks and error codes survive the way to the program and back.

use crate::{Mpich, load, store};
use vmi_mpi_kit::abi::{Abi, Codec, INVALID};
use vmi_mpi_kit::engine::{CommId, OpId, RequestId, Status, TypeId};
use vmi_mpi_kit::errors::{code_in, code_out};
use vmi_mpi_kit::table::constants::{COMMS, ERROR_CLASSES, Handle, OPS, REQUESTS, TYPES};

fn round_trip<H: vmi_mpi_kit::engine::Handle>(rows: &[Handle])
where
    Mpich: Codec<H, C = i32>,
{
    for row in rows.iter().filter(|row| row.mpich.is_some()) {
        let c = row.mpich.map(|c| c as i32).expect("filtered");
        assert_eq!(<Mpich as Codec<H>>::encode(row.id), c, "{}", row.name);
        // SAFETY: an integer handle is followed nowhere.
        assert_eq!(unsafe { <Mpich as Codec<H>>::decode(c) }, row.id, "{}", row.name);
    }
    for id in [1024, 1025, 70_000, (1 << 26) - 1] {
        // SAFETY: as above.
        assert_eq!(unsafe { <Mpich as Codec<H>>::decode(<Mpich as Codec<H>>::encode(id)) }, id);
    }
    for garbage in [0, 1, -1, 42, 0x7fff_ffff] {
        // SAFETY: as above.
        assert_eq!(unsafe { <Mpich as Codec<H>>::decode(garbage) }, INVALID, "{garbage:#x}");
    }
}

#[test]
fn handles_survive_and_garbage_does_not() {
    round_trip::<CommId>(COMMS);
    round_trip::<OpId>(OPS);
    round_trip::<RequestId>(REQUESTS);
    round_trip::<TypeId>(TYPES);
}

#[test]
fn statuses_survive() {
    let status = Status { source: 3, tag: 7, error: 15, bytes: 5 << 32 | 9, cancelled: true };
    let mut bytes = [0u32; 10];
    // SAFETY: room for two statuses.
    let found = unsafe {
        store(bytes.as_mut_ptr().cast(), 1, &status, true);
        load(bytes.as_ptr().cast(), 1)
    };
    assert_eq!(found, status);
    assert_eq!(bytes[9], 14, "MPI_ERR_TRUNCATE of this ABI");
}

#[test]
fn ranks_and_error_codes_survive() {
    for rank in [0, 5, -1, -3, -4] {
        assert_eq!(Mpich::rank_in(Mpich::rank_out(rank)), rank);
    }
    for class in ERROR_CLASSES.iter().filter(|c| c.mpich.is_some()).filter_map(|c| c.std) {
        for code in [class, class | 77 << 16] {
            assert_eq!(code_in::<Mpich>(code_out::<Mpich>(code)), code);
        }
    }
    assert_eq!(code_in::<Mpich>(code_out::<Mpich>(16_400)), 16_400);
    assert!(code_out::<Mpich>(16_400) > 0x3fff_ffff, "above this ABI's MPI_ERR_LASTCODE");
}
