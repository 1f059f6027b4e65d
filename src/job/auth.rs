//! Mutual proof that both ends of a network connection know the job's secret, before any other byte is believed.
//!
//! Three messages of fixed length; nothing is allocated, and nothing the stranger chose is used, until its proof has
//! been checked. No I/O: bytes go in and come out, so blocking and non-blocking users share it.
//!
//! ```text
//!   client → server   magic 8 · claim 16 · client nonce 32
//!   server → client   server nonce 32 · HMAC("server", claim, both nonces)
//!   client → server   HMAC("client", claim, both nonces)
//! ```
//!
//! The claim is what the client says it is (which rank, the how-manieth connection); it is covered by both proofs. What follows on
//! the connection is neither encrypted nor signed: the network between the hosts of a job is trusted to carry bytes,
//! not to decide who may send them.

use crate::sys::fd;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io;

const MAGIC: &[u8; 8] = b"VMI\0hs\x002";
const HELLO: usize = 56;
const CHALLENGE: usize = 64;
const PROOF: usize = 32;

/// The most bytes an unauthenticated peer can make us hold.
pub const LONGEST_MESSAGE: usize = CHALLENGE;

/// The peer does not know the secret, or does not speak the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAuthentic(pub &'static str);

impl std::fmt::Display for NotAuthentic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "connection refused: {}", self.0)
    }
}

impl std::error::Error for NotAuthentic {}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    AwaitHello,
    AwaitChallenge,
    AwaitProof,
    Done,
}

/// One end of a handshake in progress.
///
/// Loop: send what [`Handshake::take_output`] returns; stop when [`Handshake::is_done`]; read *at most*
/// [`Handshake::wanted`] bytes and give them to [`Handshake::receive`]. Reading no more than wanted leaves the first
/// byte of the real conversation on the socket.
pub struct Handshake {
    secret: [u8; 32],
    step: Step,
    claim: u128,
    client_nonce: [u8; 32],
    server_nonce: [u8; 32],
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Handshake {
    /// The end that connected. `claim` tells the server who it is.
    pub fn client(secret: [u8; 32], claim: u128) -> io::Result<Handshake> {
        let nonce = fd::random_bytes()?;
        let mut output = MAGIC.to_vec();
        output.extend_from_slice(&claim.to_le_bytes());
        output.extend_from_slice(&nonce);
        Ok(Handshake { claim, client_nonce: nonce, output, ..Handshake::blank(secret, Step::AwaitChallenge) })
    }

    /// The end that listened.
    pub fn server(secret: [u8; 32]) -> io::Result<Handshake> {
        Ok(Handshake { server_nonce: fd::random_bytes()?, ..Handshake::blank(secret, Step::AwaitHello) })
    }

    fn blank(secret: [u8; 32], step: Step) -> Handshake {
        let (input, output) = (Vec::new(), Vec::new());
        Handshake { secret, step, claim: 0, client_nonce: [0; 32], server_nonce: [0; 32], input, output }
    }

    /// How many more bytes of the peer's message are needed.
    pub fn wanted(&self) -> usize {
        self.message_length() - self.input.len()
    }

    fn message_length(&self) -> usize {
        match self.step {
            Step::AwaitHello => HELLO,
            Step::AwaitChallenge => CHALLENGE,
            Step::AwaitProof => PROOF,
            Step::Done => 0,
        }
    }

    /// Both ends are proven; whatever [`Handshake::take_output`] still returns must be sent.
    pub fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// What the client claims to be. Believe it only when [`Handshake::is_done`].
    pub fn claim(&self) -> u128 {
        self.claim
    }

    /// Bytes to send now.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Takes bytes from the peer, at most [`Handshake::wanted`] of them.
    ///
    /// # Errors
    /// The connection must be dropped.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), NotAuthentic> {
        if bytes.len() > self.wanted() {
            return Err(NotAuthentic("more bytes than the handshake has"));
        }
        self.input.extend_from_slice(bytes);
        // A stranger is recognised by its first bytes, without waiting for a whole message.
        let seen = self.input.len().min(MAGIC.len());
        if self.step == Step::AwaitHello && self.input[..seen] != MAGIC[..seen] {
            return Err(NotAuthentic("the peer is not a process of this kind"));
        }
        if self.wanted() > 0 {
            return Ok(());
        }
        let message = std::mem::take(&mut self.input);
        match self.step {
            Step::AwaitHello => self.answer_hello(&message),
            Step::AwaitChallenge => self.answer_challenge(&message)?,
            Step::AwaitProof => {
                self.verify(b"client", &message)?;
                self.step = Step::Done;
            }
            Step::Done => {}
        }
        Ok(())
    }

    fn answer_hello(&mut self, hello: &[u8]) {
        self.claim = u128::from_le_bytes(copy(&hello[8..24]));
        self.client_nonce = copy(&hello[24..]);
        self.output.extend_from_slice(&self.server_nonce);
        let proof = self.mac(b"server").finalize().into_bytes();
        self.output.extend_from_slice(&proof);
        self.step = Step::AwaitProof;
    }

    fn answer_challenge(&mut self, challenge: &[u8]) -> Result<(), NotAuthentic> {
        self.server_nonce = copy(&challenge[..32]);
        self.verify(b"server", &challenge[32..])?;
        let proof = self.mac(b"client").finalize().into_bytes();
        self.output.extend_from_slice(&proof);
        self.step = Step::Done;
        Ok(())
    }

    /// Compares in constant time.
    fn verify(&self, who: &[u8], proof: &[u8]) -> Result<(), NotAuthentic> {
        self.mac(who).verify_slice(proof).map_err(|_| NotAuthentic("the peer does not know the job's secret"))
    }

    fn mac(&self, who: &[u8]) -> Hmac<Sha256> {
        // HMAC fills a key up to its block of 64 bytes with zeros.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.secret);
        let mut mac = Hmac::<Sha256>::new(&key.into());
        mac.update(who);
        mac.update(&self.claim.to_le_bytes());
        mac.update(&self.client_nonce);
        mac.update(&self.server_nonce);
        mac
    }
}

/// Copies a slice whose length the caller has fixed.
fn copy<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Carries messages between both ends, `step` bytes at a time.
    fn run(client: &mut Handshake, server: &mut Handshake, step: usize) -> Result<(), NotAuthentic> {
        while !(client.is_done() && server.is_done()) {
            for chunk in client.take_output().chunks(step) {
                server.receive(chunk)?;
            }
            for chunk in server.take_output().chunks(step) {
                client.receive(chunk)?;
            }
        }
        Ok(())
    }

    #[test]
    fn equal_secrets_agree_whatever_the_fragments() {
        for step in [1, 7, 64] {
            let mut client = Handshake::client([5; 32], 42).unwrap();
            let mut server = Handshake::server([5; 32]).unwrap();
            run(&mut client, &mut server, step).unwrap();
            assert_eq!((server.claim(), server.wanted(), client.wanted()), (42, 0, 0));
        }
    }

    #[test]
    fn other_secret_is_refused_by_the_client() {
        let mut client = Handshake::client([5; 32], 0).unwrap();
        let mut server = Handshake::server([6; 32]).unwrap();
        assert!(run(&mut client, &mut server, 64).is_err() && !client.is_done());
    }

    #[test]
    fn changed_claim_or_proof_is_refused_by_the_server() {
        for position in [8, 20] {
            let mut client = Handshake::client([5; 32], 1).unwrap();
            let mut server = Handshake::server([5; 32]).unwrap();
            let mut hello = client.take_output();
            hello[position] ^= 1;
            server.receive(&hello).unwrap();
            assert!(client.receive(&server.take_output()).is_err());
            assert!(server.receive(&[0; PROOF]).is_err() && !server.is_done());
        }
    }

    #[test]
    fn a_proof_cannot_be_reflected() {
        let mut server = Handshake::server([5; 32]).unwrap();
        server.receive(&Handshake::client([5; 32], 0).unwrap().take_output()).unwrap();
        let challenge = server.take_output();
        assert!(server.receive(&challenge[32..]).is_err());
    }

    #[test]
    fn garbage_is_recognised_by_its_first_byte() {
        let mut server = Handshake::server([5; 32]).unwrap();
        assert!(server.receive(b"G").is_err());
        assert!(Handshake::server([5; 32]).unwrap().receive(&[0; 500]).is_err());
    }
}
