//! Shared memory: segments without names, rings, doorbells. The peer is not trusted.
