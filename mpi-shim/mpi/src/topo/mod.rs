//! Topologies: the shape the program gives to the processes of a communicator (MPI-5.0 §8).

/// The topology of one communicator.
pub enum Topology {}
