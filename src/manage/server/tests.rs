//! The door with clients of every kind.

use super::*;
use crate::core::Core;
use crate::core::filter::Spec;
use crate::sys::unix_socket::connect_abstract;
use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Default)]
struct Alone {
    steps: AtomicU32,
    visits: AtomicU32,
}

impl Host for Alone {
    fn progress(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }
    fn visit(&self, work: &mut dyn FnMut(&mut Core)) {
        self.visits.fetch_add(1, Ordering::Relaxed);
        work(&mut Core::alone());
    }
}

struct House {
    door: Door,
    address: Address,
    host: Alone,
}

impl House {
    fn new(rank: u32) -> House {
        let address = Address { uid: own_uid(), job: "0a1b2c".into(), rank, pid: std::process::id() };
        House { door: Door::open(&address).unwrap(), address, host: Alone::default() }
    }

    fn connect(&self) -> UnixStream {
        let socket = connect_abstract(&self.address.name()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    fn serve(&mut self, times: usize) -> Option<Duration> {
        (0..times).fold(None, |_, _| self.door.serve(&self.host))
    }

    /// One answer line.
    fn ask(&mut self, socket: &UnixStream, request: &[u8]) -> String {
        (&*socket).write_all(request).unwrap();
        self.serve(4);
        line(socket)
    }
}

fn line(socket: &UnixStream) -> String {
    let mut text = String::new();
    let mut byte = [0];
    let mut reader = socket;
    while !text.ends_with('\n') && matches!(reader.read(&mut byte), Ok(1)) {
        text.push(byte[0] as char);
    }
    text
}

#[test]
fn requests_are_answered_in_order_and_in_any_pieces() {
    let mut house = House::new(0);
    let socket = house.connect();
    assert!(house.ask(&socket, b"status\n").starts_with("{\"ok\":true,\"rank\":0"));
    (&socket).write_all(b"sta").unwrap();
    assert_eq!(house.serve(3), None);
    (&socket).write_all(b"tus\r\nnonsense\nstatus").unwrap();
    house.serve(5);
    assert!(line(&socket).starts_with("{\"ok\":true"));
    assert!(line(&socket).starts_with("{\"ok\":false,\"error\":\"'nonsense'"));
    drop(socket);
    assert_eq!(house.serve(2), None);
    assert!(house.door.clients.is_empty());
}

#[test]
fn many_requests_at_once_are_all_answered() {
    let mut house = House::new(1);
    let socket = house.connect();
    (&socket).write_all("nonsense\n".repeat(400).as_bytes()).unwrap();
    let mut reader = BufReader::new(&socket);
    let mut text = String::new();
    house.serve(1);
    for _ in 0..400 {
        // It waits for a client that does not read.
        house.serve(1);
        assert!(reader.read_line(&mut text).unwrap() > 0);
    }
    assert_eq!(text.matches("\"ok\":false").count(), 400);
    assert_eq!(house.serve(1), None);
}

#[test]
fn a_client_that_tends_makes_the_process_go_on_while_it_asks() {
    let mut house = House::new(2);
    let socket = house.connect();
    assert_eq!(house.ask(&socket, b"tend\n"), "{\"ok\":true}\n");
    assert_eq!(house.serve(3), Some(STEP));
    assert!(house.host.steps.load(Ordering::Relaxed) >= 4);
    drop(socket);
    assert_eq!(house.serve(2), None);
}

#[test]
fn garbage_and_endless_lines_end_the_connection_only() {
    let mut house = House::new(3);
    for bytes in [vec![b'x'; 100_000], vec![0xff; 64], b"\n\xff\xfe\n".to_vec(), vec![0; 9000]] {
        let socket = house.connect();
        socket.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
        house.serve(2);
        let mut left = &bytes[..];
        while let Ok(sent) = (&socket).write(left)
            && sent > 0
        {
            left = &left[sent..];
            house.serve(4);
        }
        let _ = (&socket).write(b"\n");
        house.serve(4);
        assert!(line(&socket).contains("\"ok\":false"));
    }
    let socket = house.connect();
    assert!(house.ask(&socket, b"status\n").starts_with("{\"ok\":true"));
}

#[test]
fn a_thousand_connections_are_bounded_and_do_not_keep_others_out_for_ever() {
    let mut house = House::new(4);
    let mut crowd = Vec::new();
    for _ in 0..1000 {
        if let Ok(socket) = crate::sys::unix_socket::connect_abstract_now(&house.address.name()) {
            crowd.push(socket);
        }
        house.serve(1);
    }
    house.serve(100);
    assert_eq!(house.door.clients.len(), MOST_CLIENTS);
    let socket = house.connect();
    house.serve(4);
    assert!(line(&socket).contains("others are connected"));
    let old = Instant::now().checked_sub(2 * PATIENCE).unwrap();
    house.door.clients.values_mut().for_each(|c| c.seen = old);
    let socket = house.connect();
    assert!(house.ask(&socket, b"status\n").starts_with("{\"ok\":true"));
}

#[test]
fn a_client_that_takes_no_answers_is_left_behind() {
    let mut house = House::new(5);
    let socket = house.connect();
    socket.set_nonblocking(true).unwrap();
    let request = "status\n".repeat(1000);
    for _ in 0..200 {
        let _ = (&socket).write(request.as_bytes());
        house.serve(20);
    }
    let client = house.door.clients.values().next().unwrap();
    assert!(!client.answers.is_empty() && client.line.len() <= 5 * MOST_REQUEST);
    let visits = house.host.visits.load(Ordering::Relaxed);
    assert_eq!(house.serve(50), Some(Duration::from_secs(1)));
    assert_eq!(house.host.visits.load(Ordering::Relaxed), visits);
    let old = Instant::now().checked_sub(2 * PATIENCE).unwrap();
    house.door.clients.values_mut().for_each(|c| c.seen = old);
    assert_eq!(house.serve(1), None);
    assert!(house.door.clients.is_empty());
}

/// What a hostile client may send: no request, however mangled, may panic.
#[test]
fn mangled_requests_are_answers() {
    let mut core = Core::alone_with(crate::devices::filters::open, vec![Spec::parse("pass").unwrap()]);
    let mut seed = 1u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    let words = [
        "status",
        "attach",
        "detach",
        "network",
        "operation",
        "relay",
        "reply",
        "events",
        "ranks",
        "all",
        "local",
        "remote",
        "0",
        "0-4294967295",
        "99999999999999999999",
        "-1",
        "",
        "up",
        "down",
        "force",
        "pass",
        "crypt",
        "/x",
        "/dev/null",
        "a=b",
        "=",
        "é\u{0}",
        "18446744073709551615",
        ",",
        "loopback",
    ];
    for _ in 0..20_000 {
        let count = random(6);
        let line: Vec<&str> = (0..count).map(|_| words[random(words.len())]).collect();
        let answer = core.command(&line.join(" "));
        assert!(crate::manage::json::Json::parse(&answer).is_ok(), "{line:?}: {answer}");
    }
}
