//! The libfabric device between two processes, over libfabric's tcp provider on the loopback interface.

use super::tests::Folder;
use super::*;
use crate::core::buffer::Buffer;
use crate::core::device::SendError;
use crate::core::frame::Header;
use crate::core::network::{Link, Network};
use crate::core::rdma::{End, Move, Rdma, Region, Way};
use crate::core::slab::{BufferOp, Slab};
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
    open_with(path, rank, secret, "rdma", "on")
}

fn open_with(
    path: &str,
    rank: u32,
    secret: [u8; 32],
    key: &str,
    value: &str,
) -> Result<PluginNetwork, String> {
    let options = [("provider", "tcp;ofi_rxm"), ("interface", "127.0.0.1"), (key, value)];
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
    let sizes = [0, 1, 8, 100, 4096, 10_000, max - 1, max];
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
    for len in [8, 16_000] {
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
    assert!(option.contains("there is no option 'speed', expected provider, interface or rdma"), "{option}");
    assert!(refused("rdma", "maybe").contains("rdma=maybe, expected on or off"));
    let interface = refused("interface", "nosuch0");
    let known = interface.contains("has no interface=nosuch0, expected an address of this host or one of ");
    assert!(known || interface.contains("not installed"), "{interface}");
    let provider = refused("provider", "pigeon");
    assert!(provider.contains("provider=pigeon") || provider.contains("not installed"), "{provider}");
    let Some(mut network) = network(&path, 0) else { return };
    assert!(
        network.set_card(1, &[1, 2, 3]).is_err_and(|why| why.contains("3 bytes, expected an address of"))
    );
    assert!(network.set_card(9, &[0; 16]).is_err_and(|why| why.contains("no such process")));
}

// ---- remote memory ----

/// Two ends in this process, which know each other.
fn two_ends(path: &str) -> Option<(PluginNetwork, PluginNetwork)> {
    let (mut a, mut b) = (network(path, 0)?, network(path, 1)?);
    a.set_card(1, &b.card()).expect("a card");
    b.set_card(0, &a.card()).expect("a card");
    a.open(1);
    b.open(0);
    Some((a, b))
}

fn rdma(network: &mut PluginNetwork) -> &mut dyn Rdma {
    network.rdma().expect("the tcp provider has remote memory")
}

fn memory(len: usize, seed: usize) -> BufferOp {
    let bytes = (0..len).map(|i| (i * 31 + seed) as u8).collect();
    BufferOp::new(Buffer::adopt(bytes), 0, len).expect("inside")
}

fn bytes(memory: &BufferOp) -> Vec<u8> {
    let mut all = Vec::new();
    memory.address().append_to(memory.len(), &mut all);
    all
}

/// Begins an operation, as soon as there is room; both ends make progress.
fn begin(
    from: &mut PluginNetwork,
    to: &mut PluginNetwork,
    way: Way,
    operation: u64,
    memory: &BufferOp,
    place: (&Region, u64),
) {
    let (region, offset) = place;
    let what = Move { operation, way, memory, key: &region.key, offset };
    wait(&format!("room for operation {operation}"), || {
        to.next().inspect(|_| panic!("a frame"));
        match rdma(from).begin(1, &what) {
            Ok(()) => Some(()),
            Err(SendError::Full) => None,
            Err(SendError::Lost(why)) => panic!("{why}"),
        }
    });
}

fn end(from: &mut PluginNetwork, to: &mut PluginNetwork) -> End {
    wait("end of an operation", || {
        to.next().inspect(|_| panic!("a frame"));
        from.next().inspect(|_| panic!("a frame"));
        rdma(from).ended()
    })
}

#[test]
fn memory_is_put_and_got_and_counted() {
    let folder = Folder::new("libfabric-rdma");
    let Some(path) = device(&folder) else { return };
    let Some((mut a, mut b)) = two_ends(&path) else { return };
    let limits = rdma(&mut a).limits();
    assert!(limits.max_len >= 1 << 20 && limits.ordered, "{limits:?}");
    let theirs = memory(3 << 20, 1);
    let region = rdma(&mut b).register(&theirs).expect("registers");
    for (n, len) in [1, 7, 4096, 65_536, 1 << 20].into_iter().enumerate() {
        let (mine, back) = (memory(len, 50 + n), memory(len, 0));
        let at = 1000 * n as u64;
        begin(&mut a, &mut b, Way::Put, 10, &mine, (&region, at));
        assert_eq!(end(&mut a, &mut b), End { operation: 10, failed: None });
        let begin_at = at as usize;
        assert!(bytes(&theirs)[begin_at..begin_at + len] == bytes(&mine), "{len} bytes did not arrive");
        begin(&mut a, &mut b, Way::Get, 11, &back, (&region, at));
        assert_eq!(end(&mut a, &mut b).failed, None);
        assert!(bytes(&back) == bytes(&mine), "{len} bytes did not come back");
    }
    let counts = rdma(&mut a).counts();
    assert_eq!((counts.puts, counts.gets, counts.failed), (5, 5, 0));
    assert_eq!(rdma(&mut b).counts().bytes, 0);
    rdma(&mut b).deregister(region.number, true);
}

#[test]
fn a_key_opens_its_region_only_and_only_while_it_is_registered() {
    let folder = Folder::new("libfabric-keys");
    let Some(path) = device(&folder) else { return };
    let Some((mut a, mut b)) = two_ends(&path) else { return };
    let whole = Buffer::adopt(vec![7; 300_000]);
    let part = BufferOp::new(whole.clone(), 100_000, 100_000).expect("inside");
    let region = rdma(&mut b).register(&part).expect("registers");
    let mine = memory(70_000, 3);
    // Past the end; with a key that was guessed.
    let mut guessed = region.clone();
    guessed.key[0] ^= 1;
    for (operation, region, offset) in [(1, &region, 50_000), (2, &guessed, 0)] {
        begin(&mut a, &mut b, Way::Put, operation, &mine, (region, offset));
        let End { operation: which, failed } = end(&mut a, &mut b);
        assert!(which == operation && failed.is_some(), "{failed:?}");
    }
    begin(&mut a, &mut b, Way::Put, 3, &mine, (&region, 0));
    assert_eq!(end(&mut a, &mut b).failed, None);
    let late = memory(70_000, 9);
    let again = rdma(&mut b).register(&part).expect("registers");
    rdma(&mut b).deregister(again.number, true);
    begin(&mut a, &mut b, Way::Put, 4, &late, (&again, 0));
    assert!(end(&mut a, &mut b).failed.is_some(), "written after it was deregistered");
    let again = rdma(&mut b).register(&part).expect("registers");
    rdma(&mut b).deregister(again.number, false);
    let newest = rdma(&mut b).register(&part).expect("registers");
    // What was broken off is the endpoint, not the other regions, if the address could be kept.
    let kept = newest.key[16..] == again.key[16..];
    if kept {
        begin(&mut a, &mut b, Way::Put, 5, &late, (&again, 0));
        assert!(end(&mut a, &mut b).failed.is_some(), "written after it was deregistered");
    }
    let region = if kept { region } else { newest };
    begin(&mut a, &mut b, Way::Put, 9, &mine, (&region, 0));
    assert_eq!(end(&mut a, &mut b).failed, None);
    begin(&mut a, &mut b, Way::Put, 10, &mine, (&region, 30_000));
    assert_eq!(end(&mut a, &mut b).failed, None);
    let all = bytes(&BufferOp::new(whole, 0, 300_000).expect("inside"));
    assert!(all[..100_000].iter().chain(&all[200_000..]).all(|byte| *byte == 7), "outside of the region");
    assert!(all[100_000..130_000] == bytes(&mine)[..30_000] && all[130_000..200_000] == bytes(&mine));
    for key in [&[][..], &[1; 8], &[0xff; 88], &[0; 200]] {
        let what = Move { operation: 99, way: Way::Get, memory: &mine, key, offset: 0 };
        assert!(matches!(rdma(&mut a).begin(1, &what), Err(SendError::Lost(_))), "{} bytes", key.len());
    }
}

/// Operations under way towards a process that makes no progress are given up, and do not arrive after it has
/// deregistered its memory.
#[test]
fn what_is_given_up_ends_and_stays_away() {
    let folder = Folder::new("libfabric-cancel");
    let Some(path) = device(&folder) else { return };
    let Some((mut a, mut b)) = two_ends(&path) else { return };
    let theirs = memory(8 << 20, 1);
    let region = rdma(&mut b).register(&theirs).expect("registers");
    begin(&mut a, &mut b, Way::Put, 1, &memory(100, 1), (&region, 0));
    assert_eq!(end(&mut a, &mut b).failed, None);
    let mine = memory(8 << 20, 2);
    begin(&mut a, &mut b, Way::Put, 2, &mine, (&region, 0));
    // Some of it arrives.
    let before = bytes(&theirs);
    wait("the first bytes", || {
        rdma(&mut a).ended().inspect(|_| panic!("the end, too early"));
        a.next();
        b.next();
        (bytes(&theirs)[..4096] != before[..4096]).then_some(())
    });
    let begun = bytes(&theirs);
    let arrived = begun.iter().zip(&before).rposition(|(x, y)| x != y).expect("some arrived");
    rdma(&mut b).deregister(region.number, false);
    rdma(&mut a).cancel(1);
    assert!(rdma(&mut a).ended().is_some_and(|end| end.operation == 2 && end.failed.is_some()));
    for _ in 0..2000 {
        a.next();
        b.next();
    }
    assert!(bytes(&theirs) == begun, "written after it was deregistered, behind byte {arrived}");
}

#[test]
fn remote_memory_can_be_turned_off() {
    let folder = Folder::new("libfabric-off");
    let Some(path) = device(&folder) else { return };
    if network(&path, 0).is_none() {
        return;
    }
    let mut network = open_with(&path, 0, SECRET, "rdma", "off").expect("opens");
    assert!(network.rdma().is_none());
    assert_eq!(network.no_rdma(), "turned off by rdma=off");
}
