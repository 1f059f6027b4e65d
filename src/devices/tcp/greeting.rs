//! A connection before it is one: both ends prove that they belong to the job and say who they are. Nothing the
//! stranger sends is used before its proof has been checked ([`crate::job::auth`]).
//!
//! The proof of the connecting end covers a claim: version of the wire, its rank, the rank it wants. The listening
//! end closes with one byte, the verdict: connections that two ranks make to each other at the same moment are
//! resolved by it (the lower rank's stays).

use super::wire;
use crate::job::auth::{Handshake, NotAuthentic};
use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Ranks that fit a claim.
pub const MOST_RANKS: u32 = 1 << 28;

/// What the connecting end says it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    pub version: u8,
    pub from: u32,
    pub to: u32,
}

impl Claim {
    pub fn new(from: u32, to: u32) -> Claim {
        Claim { version: wire::VERSION, from, to }
    }

    fn encode(self) -> u64 {
        u64::from(self.version) << 56 | u64::from(self.from) << 28 | u64::from(self.to)
    }

    fn decode(word: u64) -> Claim {
        let low = |shift: u32| (word >> shift) as u32 & (MOST_RANKS - 1);
        Claim { version: (word >> 56) as u8, from: low(28), to: low(0) }
    }
}

/// The listening end's last word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The connection is made.
    Welcome,
    /// The listening end connects to you at this moment, or has done so: that connection stays.
    Crossed,
    /// Wrong rank, other version.
    Refused,
}

impl Verdict {
    fn encode(self) -> u8 {
        match self {
            Verdict::Welcome => b'+',
            Verdict::Crossed => b'x',
            Verdict::Refused => b'-',
        }
    }

    fn decode(byte: u8) -> Verdict {
        match byte {
            b'+' => Verdict::Welcome,
            b'x' => Verdict::Crossed,
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
}

impl Greeting {
    /// The end that connects.
    pub fn client(socket: TcpStream, secret: [u8; 32], claim: Claim) -> io::Result<Greeting> {
        let handshake = Handshake::client(secret, claim.encode())?;
        Ok(Greeting { socket, handshake, unsent: Vec::new(), connecting: true })
    }

    /// The end that listens.
    pub fn server(socket: TcpStream, secret: [u8; 32]) -> io::Result<Greeting> {
        let handshake = Handshake::server(secret)?;
        Ok(Greeting { socket, handshake, unsent: Vec::new(), connecting: false })
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
        let mut verdict = [0];
        let read = self.read(&mut verdict).map_err(Failure::Broken)?;
        Ok(read.map_or(Step::Pending, |_| Step::Judged(Verdict::decode(verdict[0]))))
    }

    /// Sends the verdict and gives the socket up.
    pub fn judge(mut self, verdict: Verdict) -> io::Result<TcpStream> {
        self.unsent.push(verdict.encode());
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
                Ok(n) => drop(self.unsent.drain(..n)),
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
        let mut client = Greeting::client(client, [1; 32], Claim::new(5, 9)).unwrap();
        let mut server = Greeting::server(server, [1; 32]).unwrap();
        assert_eq!(run(&mut client, &mut server).unwrap(), Claim::new(5, 9));
        server.judge(Verdict::Crossed).unwrap();
        loop {
            if let Step::Judged(verdict) = client.advance().unwrap() {
                assert_eq!(verdict, Verdict::Crossed);
                return;
            }
        }
    }

    #[test]
    fn another_secret_is_refused() {
        let (client, server) = pair();
        let mut client = Greeting::client(client, [1; 32], Claim::new(5, 9)).unwrap();
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
    fn claims_hold_the_largest_rank() {
        let claim = Claim::new(MOST_RANKS - 1, MOST_RANKS - 2);
        assert_eq!(Claim::decode(claim.encode()), claim);
    }
}
