//! Connection manager: at most one connection per pair of processes, bound on first use to a route.

/// The way a connection's frames take, compiled from its chain. A chain that is only a sink becomes a direct
/// call; no request block is built for it ("no penalty for unused features").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// Not used yet.
    Unbound,
    Loopback,
    /// Shared memory; the number is the peer's local index.
    Shm(u32),
    /// TCP; the number is the peer.
    Tcp(u32),
    /// Through the process's default chains, then over the connection's sink.
    Chained,
    /// No way to the peer is left; sends fail.
    Lost,
}

#[derive(Debug)]
pub struct Connection {
    pub route: Route,
    /// The sink below, when the route is [`Route::Chained`].
    pub sink: Route,
}

impl Connection {
    /// A connection whose chain is only a sink.
    pub fn direct(route: Route) -> Connection {
        Connection { route, sink: route }
    }
}
