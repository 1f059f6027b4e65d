//! The only callers of libc.
