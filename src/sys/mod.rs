//! The operating system: the only callers of libc. Functions return `io::Result`, never errno.
#![allow(unsafe_code, reason = "system calls")]

pub mod barrier;
pub mod clock;
pub mod datagram;
pub mod fd;
pub mod futex;
pub mod library;
pub mod memory;
pub mod net;
pub mod process;
pub mod signal;
pub mod unix_socket;
