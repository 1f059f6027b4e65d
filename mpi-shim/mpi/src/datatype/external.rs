//! The external32 representation (MPI-5.0 §14.5.2): big endian, IEEE, no padding.
//!
//! Data passes through the native packed form in pieces; only the bytes of each number change there.
