//! Connection manager: at most one connection per pair of processes, bound to a route.

/// The way a connection's frames take, compiled from its chain. A chain that is only a sink becomes a direct
/// call; no request block is built for it ("no penalty for unused features").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    Loopback,
    /// Shared memory; the number is the peer's local index.
    Shm(u32),
    /// A network by its sink number, without a transfer device: the job ends if the link breaks.
    Network(u8),
    /// Through filters and the transfer device ([`super::live`]).
    Live,
}
