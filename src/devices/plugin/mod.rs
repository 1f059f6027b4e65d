//! Plug-in devices: shared libraries written against `include/vmi_device.h`, loaded by path, unloaded when nobody
//! uses them any more.
//!
//! A plug-in is part of the process: it can do what the program can do. What is checked is what goes wrong by accident: a
//! library that is none, another version, a forgotten function, a device that cannot be opened, results out of range.
//!
//! Unsafe here: calls of the device's functions, and its reading of structures that the adapters keep alive. The
//! device's side of each promise is in the header.
#![allow(unsafe_code, reason = "functions of libraries written in C")]

pub mod contract;
mod filter;
mod network;
mod rdma;
mod words;

#[cfg(test)]
#[path = "../libfabric/tests.rs"]
mod libfabric_tests;
#[cfg(test)]
mod tests;

pub use network::{Place, PluginNetwork};

use crate::core::device::Device;
use crate::core::filter::{Site, Spec};
use crate::sys::library::Library;
use std::rc::Rc;

/// A loaded device.
struct Plugin {
    path: String,
    /// The device's own name.
    name: String,
    filter: Option<contract::Filter>,
    network: Option<contract::Network>,
    rdma: Option<contract::Rdma>,
    /// Last: the functions above lie in it.
    _library: Library,
}

/// Opens one half of a filter that is a plug-in.
///
/// # Errors
/// One sentence that names the path, and what was found and expected.
pub fn open(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
    Ok(Box::new(filter::PluginFilter::open(load(&spec.name)?, spec, site)?))
}

/// The own name of the device at `path`.
///
/// # Errors
/// As for [`open`].
pub fn describe(path: &str) -> Result<String, String> {
    load(path).map(|plugin| plugin.name.clone())
}

/// Loads the device at `path`.
fn load(path: &str) -> Result<Rc<Plugin>, String> {
    let library = Library::open(path).map_err(|why| format!("cannot load the device {path}: {why}"))?;
    let Some(symbol) = library.symbol(c"vmi_device") else {
        return Err(format!("{path} is no device: it has no symbol 'vmi_device'"));
    };
    let device = symbol.cast::<contract::Device>();
    if !device.is_aligned() {
        return Err(format!("{path} is no device: its 'vmi_device' is not aligned"));
    }
    // SAFETY: the first member of every version is its number; the library is loaded.
    let version = unsafe { device.cast::<u32>().read() };
    if version != contract::VERSION {
        return Err(format!(
            "{path} was written for version {version} of the device contract, expected {}",
            contract::VERSION
        ));
    }
    // SAFETY: in this version the size is the second member.
    let size = unsafe { device.cast::<u32>().add(1).read() } as usize;
    let (whole, early) = (size_of::<contract::Device>(), contract::SIZE_WITHOUT_RDMA);
    if size != whole && size != early {
        return Err(format!("the 'vmi_device' of {path} has {size} bytes, expected {early} or {whole}"));
    }
    let device = device.as_ptr();
    // SAFETY: version and size are right, so these members are there; the pointers are NULL or right.
    let (name, filter, network) = unsafe {
        let (filter, network) = ((*device).filter, (*device).network);
        (words::from_c((*device).name), filter.as_ref().copied(), network.as_ref().copied())
    };
    // SAFETY: as above; this member is read only where the size includes it.
    let rdma = if size == whole { unsafe { (*device).rdma.as_ref().copied() } } else { None };
    if filter.is_none() && network.is_none() {
        return Err(format!("{path} ({name}) is neither a filter nor a network"));
    }
    Ok(Rc::new(Plugin { path: path.into(), name, filter, network, rdma, _library: library }))
}

impl Plugin {
    /// A function that the contract requires.
    fn need<T>(&self, function: Option<T>, name: &str) -> Result<T, String> {
        function.ok_or_else(|| format!("{self} has no function '{name}'"))
    }
}

impl std::fmt::Display for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.path, self.name)
    }
}
