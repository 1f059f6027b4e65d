//! A connection before it is one: both ends prove that they belong to the job and say who they are. Nothing the
//! stranger sends is used before its proof has been checked ([`crate::job::auth`]).
//!
//! The proof of the connecting end covers a claim: version of the wire, the network, its rank, the rank it wants, and
//! the how-manieth connection of the two this is (its *generation*). The listening end closes with a verdict. By it
//! connections that two ranks make to each other at the same moment become one, and a new connection replaces one
//! that only this end still believes in. The verdict names the generation that both count from.

use super::wire;
use crate::job::auth::{Handshake, NotAuthentic};
use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Ranks that the device serves.
pub const MOST_RANKS: u32 = 1 << 28;

/// What the connecting end says it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    pub version: u8,
    /// A digest of the network's name.
    pub network: u16,
    pub from: u32,
    pub to: u32,
    pub generation: u32,
}

impl Claim {
    pub fn new(network: &str, from: u32, to: u32) -> Claim {
        Claim { version: wire::VERSION, network: digest(network), from, to, generation: 0 }
    }

    fn encode(self) -> u128 {
        u128::from(self.version) << 112
            | u128::from(self.network) << 96
            | u128::from(self.generation) << 64
            | u128::from(self.from) << 32
            | u128::from(self.to)
    }

    /// Any number is a claim; whether it is true is another matter.
    pub fn decode(word: u128) -> Claim {
        let low = |shift: u32| (word >> shift) as u32;
        let (from, to, generation) = (low(32), low(0), low(64));
        Claim { version: (word >> 112) as u8, network: (word >> 96) as u16, from, to, generation }
    }
}

/// Enough to notice that somebody talks to the wrong network.
fn digest(name: &str) -> u16 {
    let mix = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = name.bytes().fold(0x811c_9dc5, mix);
    (hash ^ hash >> 16) as u16
}

/// The listening end's last word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The connection is made; the number is its generation from now on.
    Welcome(u32),
    /// The listening end connects to you at this moment: that connection stays.
    Crossed,
    /// The two have had this connection already, the number is that of the last one.
    Stale(u32),
    /// Wrong rank, other version.
    Refused,
}

/// Bytes of a verdict.
const VERDICT: usize = 5;

impl Verdict {
    fn encode(self) -> [u8; VERDICT] {
        let (what, number) = match self {
            Verdict::Welcome(generation) => (b'+', generation),
            Verdict::Crossed => (b'x', 0),
            Verdict::Stale(generation) => (b'<', generation),
            Verdict::Refused => (b'-', 0),
        };
        let n = number.to_le_bytes();
        [what, n[0], n[1], n[2], n[3]]
    }

    pub fn decode(bytes: [u8; VERDICT]) -> Verdict {
        let number = u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]);
        match bytes[0] {
            b'+' => Verdict::Welcome(number),
            b'x' => Verdict::Crossed,
            b'<' => Verdict::Stale(number),
            _ => Verdict::Refused,
        }
    }
}

/// Where a greeting stands.
#[derive(Debug)]
pub enum Step {
    Pending,
    /// The listening end: the peer has proven itself and awaits the verdict.
    Proven(Claim),
    /// The connecting end: the verdict has come.
    Judged(Verdict),
}

/// Why a greeting failed.
#[derive(Debug)]
pub enum Failure {
    /// The peer is not one of us.
    Stranger(NotAuthentic),
    /// The connection broke or closed.
    Broken(io::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Stranger(why) => write!(f, "{}", why.0),
            Failure::Broken(error) => write!(f, "{error}"),
        }
    }
}

pub struct Greeting {
    pub socket: TcpStream,
    handshake: Handshake,
    unsent: Vec<u8>,
    connecting: bool,
    /// Our first bytes have left: from now on the peer may hear of us.
    spoken: bool,
    verdict: [u8; VERDICT],
    /// Bytes of the verdict that have arrived.
    heard: usize,
}

impl Greeting {
    /// The end that connects.
    pub fn client(socket: TcpStream, secret: [u8; 32], claim: Claim) -> io::Result<Greeting> {
        let handshake = Handshake::client(secret, claim.encode())?;
        Ok(Greeting::new(socket, handshake, true))
    }

    /// The end that listens.
    pub fn server(socket: TcpStream, secret: [u8; 32]) -> io::Result<Greeting> {
        let handshake = Handshake::server(secret)?;
        Ok(Greeting::new(socket, handshake, false))
    }

    fn new(socket: TcpStream, handshake: Handshake, connecting: bool) -> Greeting {
        let (unsent, verdict) = (Vec::new(), [0; VERDICT]);
        Greeting { socket, handshake, unsent, connecting, spoken: false, verdict, heard: 0 }
    }

    /// The peer may have heard of us.
    pub fn has_spoken(&self) -> bool {
        self.spoken
    }

    /// The listening end, before the verdict: the peer has gone already. It sends nothing until it is judged.
    pub fn is_abandoned(&self) -> bool {
        match self.socket.peek(&mut [0]) {
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            Ok(_) => true,
        }
    }

    /// Goes on as far as the socket lets it.
    pub fn advance(&mut self) -> Result<Step, Failure> {
        loop {
            let output = self.handshake.take_output();
            self.unsent.extend_from_slice(&output);
            if !self.write().map_err(Failure::Broken)? {
                return Ok(Step::Pending);
            }
            if self.handshake.is_done() {
                return self.conclude();
            }
            let mut buffer = [0; crate::job::auth::LONGEST_MESSAGE];
            let wanted = self.handshake.wanted().min(buffer.len());
            match self.read(&mut buffer[..wanted]).map_err(Failure::Broken)? {
                Some(n) => self.handshake.receive(&buffer[..n]).map_err(Failure::Stranger)?,
                None => return Ok(Step::Pending),
            }
        }
    }

    fn conclude(&mut self) -> Result<Step, Failure> {
        if !self.connecting {
            return Ok(Step::Proven(Claim::decode(self.handshake.claim())));
        }
        while self.heard < VERDICT {
            let mut bytes = [0; VERDICT];
            let wanted = VERDICT - self.heard;
            let Some(n) = self.read(&mut bytes[..wanted]).map_err(Failure::Broken)? else {
                return Ok(Step::Pending);
            };
            self.verdict[self.heard..self.heard + n].copy_from_slice(&bytes[..n]);
            self.heard += n;
        }
        Ok(Step::Judged(Verdict::decode(self.verdict)))
    }

    /// Sends the verdict and gives the socket up.
    pub fn judge(mut self, verdict: Verdict) -> io::Result<TcpStream> {
        self.unsent.extend_from_slice(&verdict.encode());
        match self.write()? {
            true => Ok(self.socket),
            false => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// True if bytes wait for room in the socket.
    pub fn wants_to_write(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Ok(true) when all is written.
    fn write(&mut self) -> io::Result<bool> {
        while !self.unsent.is_empty() {
            match self.socket.write(&self.unsent) {
                Ok(n) => {
                    self.unsent.drain(..n);
                    self.spoken |= n > 0;
                }
                Err(error) => match error.kind() {
                    // Not connected yet counts as no room yet.
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected => return Ok(false),
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(true)
    }

    fn read(&mut self, to: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match self.socket.read(to) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => return Ok(Some(n)),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(None),
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        client.set_nonblocking(true).unwrap();
        server.set_nonblocking(true).unwrap();
        (client, server)
    }

    fn claim() -> Claim {
        Claim { generation: 7, ..Claim::new("net", 5, 9) }
    }

    fn run(client: &mut Greeting, server: &mut Greeting) -> Result<Claim, Failure> {
        loop {
            client.advance()?;
            if let Step::Proven(claim) = server.advance()? {
                return Ok(claim);
            }
        }
    }

    #[test]
    fn members_of_the_job_meet() {
        let (client, server) = pair();
        let mut client = Greeting::client(client, [1; 32], claim()).unwrap();
        let mut server = Greeting::server(server, [1; 32]).unwrap();
        assert_eq!(run(&mut client, &mut server).unwrap(), claim());
        assert!(client.has_spoken() && !server.is_abandoned());
        server.judge(Verdict::Stale(0x0102_0304)).unwrap();
        loop {
            if let Step::Judged(verdict) = client.advance().unwrap() {
                assert_eq!(verdict, Verdict::Stale(0x0102_0304));
                return;
            }
        }
    }

    #[test]
    fn another_secret_is_refused() {
        let (client, server) = pair();
        let mut client = Greeting::client(client, [1; 32], claim()).unwrap();
        let mut server = Greeting::server(server, [2; 32]).unwrap();
        assert!(matches!(run(&mut client, &mut server), Err(Failure::Stranger(_))));
    }

    #[test]
    fn garbage_is_refused() {
        let (mut client, server) = pair();
        let mut server = Greeting::server(server, [2; 32]).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        loop {
            match server.advance() {
                Ok(Step::Pending) => {}
                other => return assert!(matches!(other, Err(Failure::Stranger(_)))),
            }
        }
    }

    #[test]
    fn one_that_hangs_up_before_the_verdict_is_noticed() {
        let (client, server) = pair();
        let mut client = Greeting::client(client, [1; 32], claim()).unwrap();
        let mut server = Greeting::server(server, [1; 32]).unwrap();
        run(&mut client, &mut server).unwrap();
        drop(client);
        while !server.is_abandoned() {
            std::thread::yield_now();
        }
    }

    /// Somebody who has recorded a greeting and plays it again.
    #[test]
    fn a_replay_is_refused() {
        let mut recorded = Vec::new();
        let mut client = Handshake::client([1; 32], claim().encode()).unwrap();
        let mut server = Handshake::server([1; 32]).unwrap();
        while !server.is_done() {
            let said = client.take_output();
            recorded.extend_from_slice(&said);
            server.receive(&said).unwrap();
            client.receive(&server.take_output()).unwrap();
        }
        let (mut client, server) = pair();
        let mut server = Greeting::server(server, [1; 32]).unwrap();
        client.write_all(&recorded).unwrap();
        loop {
            match server.advance() {
                Ok(Step::Pending) => {}
                other => return assert!(matches!(other, Err(Failure::Stranger(_)))),
            }
        }
    }

    #[test]
    fn claims_and_verdicts_survive_the_wire() {
        let claim = Claim { generation: u32::MAX, ..Claim::new("ib", MOST_RANKS - 1, u32::MAX) };
        assert_eq!(Claim::decode(claim.encode()), claim);
        assert_ne!(Claim::new("a", 0, 1), Claim::new("b", 0, 1));
        for verdict in [Verdict::Welcome(u32::MAX), Verdict::Crossed, Verdict::Stale(3), Verdict::Refused] {
            assert_eq!(Verdict::decode(verdict.encode()), verdict);
        }
    }
}
