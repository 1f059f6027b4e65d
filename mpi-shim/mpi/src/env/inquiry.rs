//! What the library is and where it runs: versions, names, clocks, the ABI.

use super::host_name;
use crate::error::Result;
use crate::{Eng, InfoId, StrOut, UserBuf, fail, info};
use vmi::sys::clock;

/// Returns the length of the text.
pub fn get_library_version(_e: Eng, version: StrOut) -> Result<i32> {
    let text = concat!("VMI ", env!("CARGO_PKG_VERSION"), ", MPI over a reconfigurable messaging layer");
    Ok(version.set(text) as i32)
}

/// Returns the length of the name.
pub fn get_processor_name(e: Eng, name: StrOut) -> Result<i32> {
    let text = e.job.get().map_or_else(host_name, |job| job.host_of(job.rank()).to_string());
    Ok(name.set(&text) as i32)
}

/// Seconds of the host's monotonic clock.
#[inline]
pub fn wtime(_e: Eng) -> f64 {
    clock::monotonic_ns() as f64 * 1e-9
}

pub fn wtick(_e: Eng) -> f64 {
    clock::resolution_ns() as f64 * 1e-9
}

/// For profiling libraries; we do not profile.
pub fn pcontrol(_e: Eng, _level: i32) -> Result {
    Ok(())
}

/// What MPI_INFO_ENV holds (MPI-5.0 §11.5.3). The same before and after initialization; nothing is known about
/// how the launcher was asked, so keys about that are left out.
pub fn info_pairs() -> Vec<(String, String)> {
    let mut arguments = std::env::args_os().map(|a| a.to_string_lossy().into_owned());
    let command = arguments.next().unwrap_or_default();
    let wdir = std::env::current_dir().map(|dir| dir.to_string_lossy().into_owned()).unwrap_or_default();
    let list = [
        ("command", command),
        ("argv", arguments.collect::<Vec<_>>().join(" ")),
        ("host", host_name()),
        ("arch", std::env::consts::ARCH.to_string()),
        ("wdir", wdir),
    ];
    list.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_string(), v)).collect()
}

/// The level's name, as info values have it.
pub(crate) fn thread_level_name(level: i32) -> &'static str {
    use crate::constants::*;
    match level {
        THREAD_MULTIPLE => "MPI_THREAD_MULTIPLE",
        THREAD_SERIALIZED => "MPI_THREAD_SERIALIZED",
        THREAD_FUNNELED => "MPI_THREAD_FUNNELED",
        _ => "MPI_THREAD_SINGLE",
    }
}

/// The reverse of [`thread_level_name`]; unknown names are MPI_THREAD_SINGLE.
pub(crate) fn thread_level_of(name: &str) -> i32 {
    use crate::constants::*;
    let levels = [THREAD_SINGLE, THREAD_FUNNELED, THREAD_SERIALIZED, THREAD_MULTIPLE];
    levels.into_iter().find(|&level| thread_level_name(level) == name).unwrap_or(THREAD_SINGLE)
}

/// Kinds of hardware we know by name, and whether this process is restricted to one of them.
pub fn get_hw_resource_info(e: Eng) -> Result<InfoId> {
    Ok(info::insert(e, &[("mpi_shared_memory", "true")]))
}

pub fn abi_get_version(_e: Eng) -> Result<(i32, i32)> {
    Ok((1, 0))
}

/// Sizes in bytes of the types that an ABI may choose.
pub fn abi_get_info(e: Eng) -> Result<InfoId> {
    Ok(info::insert(e, &[("mpi_aint_size", "8"), ("mpi_count_size", "8"), ("mpi_offset_size", "8")]))
}

/// Sizes of the Fortran types, as the common compilers have them, and what [`abi_set_fortran_info`] added.
pub fn abi_get_fortran_info(e: Eng) -> Result<InfoId> {
    let sizes = [
        ("mpi_logical_size", "4"),
        ("mpi_integer_size", "4"),
        ("mpi_real_size", "4"),
        ("mpi_double_precision_size", "8"),
    ];
    let id = info::insert(e, &sizes);
    for (key, value) in e.env.fortran.borrow().iter() {
        e.infos.get(id)?.set(key, value);
    }
    Ok(id)
}

pub fn abi_set_fortran_info(e: Eng, info: InfoId) -> Result {
    *e.env.fortran.borrow_mut() = info::pairs_of(e, info)?;
    Ok(())
}

/// LOGICAL of `logical_size` bytes: .TRUE. is 1 and .FALSE. is 0. Other sizes are not known.
pub fn abi_get_fortran_booleans(_e: Eng, logical_size: i32, yes: UserBuf, no: UserBuf) -> Result<bool> {
    if ![1, 2, 4, 8].contains(&logical_size) {
        return Ok(false);
    }
    yes.write(0, &1u64.to_le_bytes()[..logical_size as usize]);
    no.write(0, &0u64.to_le_bytes()[..logical_size as usize]);
    Ok(true)
}

/// Accepts the values that [`abi_get_fortran_booleans`] tells.
pub fn abi_set_fortran_booleans(_e: Eng, logical_size: i32, yes: UserBuf, no: UserBuf) -> Result {
    if ![1, 2, 4, 8].contains(&logical_size) {
        fail!(ARG, "logical_size is {logical_size}, expected 1, 2, 4 or 8");
    }
    let (mut a, mut b) = ([0; 8], [0; 8]);
    yes.read(0, &mut a[..logical_size as usize]);
    no.read(0, &mut b[..logical_size as usize]);
    if (u64::from_le_bytes(a), u64::from_le_bytes(b)) != (1, 0) {
        fail!(ABI, "the values of .TRUE. and .FALSE. are set to 1 and 0 already");
    }
    Ok(())
}
