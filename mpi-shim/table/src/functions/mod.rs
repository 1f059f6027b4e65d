//! The rows, one file per chapter of the standard.

#[macro_use]
mod attr;
#[macro_use]
mod coll;
#[macro_use]
mod comm;
#[macro_use]
mod datatype;
#[macro_use]
mod dynamic;
#[macro_use]
mod env;
#[macro_use]
mod errhandler;
#[macro_use]
mod ext;
#[macro_use]
mod group;
#[macro_use]
mod handles;
#[macro_use]
mod info;
#[macro_use]
mod io;
#[macro_use]
mod op;
#[macro_use]
mod p2p;
#[macro_use]
mod part;
#[macro_use]
mod removed;
#[macro_use]
mod rma;
#[macro_use]
mod session;
#[macro_use]
mod status;
#[macro_use]
mod tool;
#[macro_use]
mod topo;
