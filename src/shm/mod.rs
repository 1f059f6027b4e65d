//! Shared memory: the node segment, rings in it, doorbells.
//!
//! The peer is not trusted: each shared field is read once into a local and checked before use; nothing in a
//! segment is a pointer; a hostile peer can garble its own messages and block its own ring, nothing else
//! except where [`bounce`] says so.
#![allow(unsafe_code, reason = "memory that other processes write")]

pub mod bells;
pub mod board;
pub mod bounce;
pub mod cells;
pub mod claims;
pub mod lines;
pub mod node;
pub mod ring;
pub mod segment;
pub mod window;
