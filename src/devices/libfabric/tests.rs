//! The libfabric device between two processes, over libfabric's tcp provider on the loopback interface.

use super::tests::Folder;
use super::*;
use crate::core::buffer::Buffer;
use crate::core::device::SendError;
use crate::core::frame::Header;
use crate::core::network::{Link, Network};
use crate::core::slab::Slab;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const SECRET: [u8; 32] = [77; 32];
const LIBRARY: &str = "VMI_TEST_LIBFABRIC";
const CARD: &str = "VMI_TEST_CARD";
const LAST: u8 = 9;

/// The compiled device, or None and why not.
fn device(folder: &Folder) -> Option<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/devices/libfabric/libfabric.c");
    let has_headers = Path::new("/usr/include/rdma/fabric.h").exists();
    match folder.try_compile(&source, "libfabric", &[]) {
        Ok(path) => Some(path),
        Err(why) if has_headers => panic!("{why}"),
        Err(_) => {
            println!("SKIPPED: the headers of libfabric are not installed");
            None
        }
    }
}

fn open(path: &str, rank: u32, secret: [u8; 32]) -> Result<PluginNetwork, String> {
    let options = [("provider", "tcp;ofi_rxm"), ("interface", "127.0.0.1")];
    let options = options.map(|(key, value)| (key.to_string(), value.to_string()));
    PluginNetwork::open(&Place { id: 1, name: "fabric", path, options: &options, rank, size: 2, secret })
}

/// The network, or None if this machine's libfabric cannot make one.
fn network(path: &str, rank: u32) -> Option<PluginNetwork> {
    match open(path, rank, SECRET) {
        Ok(network) => Some(network),
        Err(why) => {
            let missing = why.contains("libfabric is not installed") || why.contains("no provider");
            assert!(missing, "{why}");
            println!("SKIPPED: {why}");
            None
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len() / 2).map(|i| digits(2 * i)).collect()
}

/// Asks again until there is something, for ten seconds.
fn wait<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "no {what} within 10 s");
        std::thread::yield_now();
    }
}

fn send(network: &mut PluginNetwork, peer: u32, header: Header, slab: &Slab) {
    wait("room", || match network.send(peer, header, slab) {
        Ok(()) => Some(()),
        Err(SendError::Full) => network.next().map(|_| panic!("a frame at the wrong time")),
        Err(SendError::Lost(why)) => panic!("{why}"),
    });
}

fn receive(network: &mut PluginNetwork) -> (u32, Header, Vec<u8>) {
    wait("frame", || {
        let frame = network.next()?;
        let mut message = Vec::new();
        frame.payload.append_to(frame.header.len, &mut message);
        network.release(frame.token);
        Some((frame.peer, frame.header, message))
    })
}

fn message(n: usize, len: usize) -> Slab {
    let bytes: Vec<u8> = (0..len).map(|i| (i * 31 + n) as u8).collect();
    Slab::of(Buffer::adopt(bytes))
}

/// A second process that sends everything back, with its card and the rest of its output.
fn partner(path: &str, card: &[u8]) -> (Child, Vec<u8>, BufReader<ChildStdout>) {
    let test = "devices::plugin::libfabric_tests::partner_of_the_others";
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command.env(LIBRARY, path).env(CARD, hex(card)).stdout(Stdio::piped());
    let mut child = command.spawn().expect("a second process");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let card = output.by_ref().lines().map_while(Result::ok).find_map(|line| {
        let at = line.find("card ")?;
        Some(from_hex(line[at + 5..].trim()))
    });
    (child, card.expect("the partner's card"), output)
}

#[test]
#[ignore = "the second process of the other tests"]
fn partner_of_the_others() {
    let (Ok(path), Ok(card)) = (std::env::var(LIBRARY), std::env::var(CARD)) else { return };
    let mut network = open(&path, 1, SECRET).expect("opens, as in the first process");
    println!("card {}", hex(&network.card()));
    network.set_card(0, &from_hex(&card)).expect("a card");
    network.open(0);
    loop {
        let (_, header, bytes) = receive(&mut network);
        send(&mut network, 0, header, &Slab::of(Buffer::adopt(bytes)));
        if header.kind == LAST {
            return network.close();
        }
    }
}

#[test]
fn frames_travel_between_two_processes_and_back() {
    let folder = Folder::new("libfabric");
    let Some(path) = device(&folder) else { return };
    let Some(mut network) = network(&path, 0) else { return };
    let (mut child, card, _output) = partner(&path, &network.card());
    network.set_card(1, &card).expect("a card");
    assert_eq!(network.link(1), Link::Unused);
    network.open(1);
    assert_eq!(network.link(1), Link::Up);
    let max = network.properties().max_payload;
    let sizes = [0, 1, 8, 100, 4096, 20_000, max - 1, max];
    for n in 0..200 {
        let len = sizes[n % sizes.len()];
        let header = Header { kind: 250, meta: [n as u32, 7, u32::MAX], len };
        send(&mut network, 1, header, &message(n, len));
        let (peer, back, bytes) = receive(&mut network);
        let mut expected = Vec::new();
        message(n, len).rest().for_each(|(at, len)| at.append_to(len, &mut expected));
        assert_eq!((peer, back), (1, header));
        assert!(bytes == expected, "frame {n} came back changed");
    }
    assert!(network.report().contains("\"provider\":\"tcp"), "{}", network.report());
    in_flight_and_in_order(&mut network);
    print_times(&mut network);
    let last = Header { kind: LAST, meta: [0; 3], len: 0 };
    send(&mut network, 1, last, &Slab::default());
    assert_eq!(receive(&mut network).1.kind, LAST);
    network.close();
    assert!(child.wait().is_ok_and(|status| status.success()));
}

/// Many frames on the way at once come back in the order sent.
fn in_flight_and_in_order(network: &mut PluginNetwork) {
    assert!(network.properties().ordered);
    let (mut sent, mut got) = (0u32, 0u32);
    wait("end", || {
        if sent < 1000 && sent - got < 40 {
            let header = Header { kind: 2, meta: [sent, 0, 0], len: 500 };
            sent += u32::from(network.send(1, header, &message(sent as usize, 500)).is_ok());
        }
        while let Some(frame) = network.next() {
            assert_eq!(frame.header.meta[0], got, "out of order");
            got += 1;
            network.release(frame.token);
        }
        (got == 1000).then_some(())
    });
}

fn print_times(network: &mut PluginNetwork) {
    for len in [8, 32_768] {
        let (begin, rounds) = (Instant::now(), 500);
        for n in 0..rounds {
            send(network, 1, Header { kind: 1, meta: [n, 0, 0], len }, &message(0, len));
            receive(network);
        }
        let half = begin.elapsed().as_secs_f64() * 1e6 / f64::from(rounds) / 2.0;
        println!("libfabric: {len} bytes one way in {half:.1} µs");
    }
}

#[test]
fn frames_of_strangers_are_not_read() {
    let folder = Folder::new("libfabric-stranger");
    let Some(path) = device(&folder) else { return };
    let Some(mut network) = network(&path, 0) else { return };
    let mut stranger = open(&path, 1, [1; 32]).expect("opens");
    stranger.set_card(0, &network.card()).expect("a card");
    stranger.open(0);
    let header = Header { kind: 1, meta: [0; 3], len: 8 };
    wait("room", || {
        network.next().inspect(|_| panic!("it was read"));
        stranger.next();
        stranger.send(0, header, &message(0, 8)).ok()
    });
    let alert = wait("alert", || {
        stranger.next();
        network.next().inspect(|_| panic!("it was read"));
        network.take_alerts().pop()
    });
    assert!(alert.1.ends_with("a stranger sends frames; they are not read"), "{}", alert.1);
}

#[test]
fn what_is_wrong_is_refused_with_a_sentence() {
    let folder = Folder::new("libfabric-wrong");
    let Some(path) = device(&folder) else { return };
    let refused = |key: &str, value: &str| {
        let options = [(key.to_string(), value.to_string())];
        let place =
            Place { id: 1, name: "f", path: &path, options: &options, rank: 0, size: 2, secret: SECRET };
        PluginNetwork::open(&place).err().unwrap_or_else(|| panic!("{key}={value} opens"))
    };
    let option = refused("speed", "9");
    assert!(option.contains("there is no option 'speed', expected provider or interface"), "{option}");
    let provider = refused("provider", "pigeon");
    assert!(provider.contains("provider pigeon") || provider.contains("not installed"), "{provider}");
    let Some(mut network) = network(&path, 0) else { return };
    assert!(
        network.set_card(1, &[1, 2, 3]).is_err_and(|why| why.contains("3 bytes, expected an address of"))
    );
    assert!(network.set_card(9, &[0; 16]).is_err_and(|why| why.contains("no such process")));
}
