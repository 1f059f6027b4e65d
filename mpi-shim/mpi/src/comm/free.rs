//! The end of a communicator.
