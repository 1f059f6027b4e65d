//! Fuzzing the control socket: clients that send anything in any pieces, and hang up when they like. Every complete line
//! has one answer, in order, and each answer is a line of JSON; who breaks a rule hears it and is dropped; the others
//! notice nothing.

use super::json::Json;
use super::server::Door;
use super::{Address, MOST_REQUEST};
use crate::core::Core;
use crate::core::attendant::{Host, Server};
use crate::fuzz::Input;
use crate::sys::unix_socket::{connect_abstract, own_uid};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

const CLIENTS: usize = 4;

struct Alone;

impl Host for Alone {
    fn progress(&self) {}
    fn visit(&self, work: &mut dyn FnMut(&mut Core)) {
        work(&mut Core::alone());
    }
}

struct Client {
    socket: UnixStream,
    sent: Vec<u8>,
    heard: Vec<u8>,
    /// The server has hung up.
    ended: bool,
}

impl Client {
    fn new(address: &Address) -> Client {
        let socket = connect_abstract(&address.name()).expect("the door is open");
        socket.set_nonblocking(true).expect("a socket");
        Client { socket, sent: Vec::new(), heard: Vec::new(), ended: false }
    }

    fn send(&mut self, bytes: &[u8]) {
        if let Ok(n) = self.socket.write(bytes) {
            self.sent.extend_from_slice(&bytes[..n]);
        }
    }

    fn hear(&mut self) {
        let mut bytes = [0; 4096];
        loop {
            match self.socket.read(&mut bytes) {
                Ok(0) => return self.ended = true,
                Ok(n) => self.heard.extend_from_slice(&bytes[..n]),
                Err(error) => return self.ended |= error.kind() != ErrorKind::WouldBlock,
            }
        }
    }

    fn check(&self) {
        let lines = self.sent.iter().filter(|byte| **byte == b'\n').count();
        let heard = String::from_utf8(self.heard.clone()).expect("answers are text");
        assert!(heard.is_empty() || heard.ends_with('\n'), "half an answer");
        let mut answers = 0;
        for answer in heard.lines() {
            let answer = Json::parse(answer).unwrap_or_else(|why| panic!("{why}: {answer}"));
            assert!(answer.get("ok").is_true() == answer.get("error").is_null());
            answers += 1;
        }
        let mut parts = self.sent.split(|byte| *byte == b'\n');
        let honest = parts.all(|line| line.len() <= MOST_REQUEST && std::str::from_utf8(line).is_ok());
        // Clients that left with unread requests may still have filled the room.
        let full = heard.ends_with("others are connected already\"}\n") && answers == 1;
        if honest && !(full && self.ended) {
            assert!(!self.ended && answers == lines, "{answers} answers to {lines} requests: {heard}");
        } else {
            assert!(answers <= lines + 1);
        }
    }
}

fn serve(door: &mut Door, clients: &mut [Option<Client>]) {
    // Enough rounds for the largest burst: sixteen requests a round.
    for _ in 0..40 {
        door.serve(&Alone);
        clients.iter_mut().flatten().for_each(Client::hear);
    }
}

fn request(input: &mut Input<'_>) -> Vec<u8> {
    const REQUESTS: [&str; 10] = [
        "status\n",
        "tend\n",
        "attach all pass\n",
        "detach 0-3 all\n",
        "network shm down\n",
        "operation 1\n",
        "operation",
        "\n",
        "status",
        "network eth up\r\n",
    ];
    match input.byte() % 8 {
        0..=3 => REQUESTS[input.below(REQUESTS.len())].into(),
        4 => vec![b'x'; input.size(MOST_REQUEST + 8)],
        _ => {
            let len = input.below(40);
            input.take(len).to_vec()
        }
    }
}

fn door(input: &mut Input<'_>) {
    // One name per thread of a test, and one test may run beside another.
    static RANK: AtomicU32 = AtomicU32::new(7000);
    let rank = RANK.fetch_add(1, Ordering::Relaxed);
    let address = Address { uid: own_uid(), job: "f0f0f0".into(), rank, pid: std::process::id() };
    let mut door = Door::open(&address).expect("a free name");
    let mut clients: Vec<Option<Client>> = (0..CLIENTS).map(|_| None).collect();
    while !input.is_empty() {
        let at = input.below(CLIENTS);
        match input.byte() % 8 {
            0 => clients[at] = None,
            1 => serve(&mut door, &mut clients),
            _ => {
                let bytes = request(input);
                clients[at].get_or_insert_with(|| Client::new(&address)).send(&bytes);
            }
        }
    }
    serve(&mut door, &mut clients);
    clients.iter().flatten().for_each(Client::check);
}

fn json(text: &str) {
    let _ = Address::parse(text);
    let Ok(value) = Json::parse(text) else { return };
    assert_eq!(Json::parse(&value.to_string()).as_ref(), Ok(&value), "{text}");
}

pub fn control(data: &[u8]) {
    // The door's clients share the process's descriptors; one at a time is plenty.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    let mut input = Input(data);
    if input.byte() & 1 == 0 { door(&mut input) } else { json(&String::from_utf8_lossy(input.rest())) }
}

#[cfg(test)]
#[test]
fn the_corpus_holds() {
    crate::fuzz::replay("control", control);
}
