//! The templates, compiled by the C compiler of this machine, and devices that are wrong in every way we could think of.

use super::*;
use crate::core::buffer::Buffer;
use crate::core::chain::Chain;
use crate::core::device::SendError;
use crate::core::filter::Half;
use crate::core::frame::Header;
use crate::core::io::{Command, Irb, Outcome, Status, complete, dispatch};
use crate::core::network::{Link, Network};
use crate::core::rdma::{Counts, End, Limits, Move, Way};
use crate::core::slab::{BufferOp, Slab};
use std::path::{Path, PathBuf};
use std::process::Command as Process;

/// A folder of its own, removed afterwards.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("vmi-plugin-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    /// Compiles a file of the template folder.
    fn template(&self, name: &str) -> String {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/devices/template").join(name);
        self.compile(&source, name, &[])
    }

    /// Compiles C text in front of which stands the header, and flags.
    fn text(&self, name: &str, text: &str) -> String {
        let source = self.0.join(format!("{name}.c"));
        let all = format!("#include \"vmi_device.h\"\n#include <string.h>\n#include <stdio.h>\n{text}\n");
        std::fs::write(&source, all).expect("a source");
        self.compile(&source, name, &["-Wno-unused-parameter"])
    }

    fn compile(&self, source: &Path, name: &str, more: &[&str]) -> String {
        self.try_compile(source, name, more).unwrap_or_else(|why| panic!("{name}: {why}"))
    }

    pub(super) fn try_compile(&self, source: &Path, name: &str, more: &[&str]) -> Result<String, String> {
        let library = self.0.join(format!("{name}.so"));
        let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
        let mut cc = Process::new("cc");
        cc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared"]).args(more);
        let output = cc.arg("-I").arg(include).arg("-o").arg(&library).arg(source).output().expect("cc runs");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(library.display().to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn site(half: Half) -> Site {
    Site { half, sender: 3, receiver: 5, epoch: 7, secret: [9; 32] }
}

fn open_half(path: &str, options: &str, half: Half) -> Result<Box<dyn Device>, String> {
    let spec = Spec::parse(&format!("{path} {options}")).expect("well-formed");
    crate::devices::filters::open(&spec, &site(half))
}

fn why(path: &str) -> String {
    open_half(path, "", Half::Send).err().unwrap_or_else(|| panic!("{path} opens"))
}

fn chain(device: Box<dyn Device>) -> Chain {
    let mut chain = Chain::new();
    chain.attach(device);
    chain
}

fn irb(command: Command, pieces: &[&str]) -> Box<Irb> {
    let mut slab = Slab::default();
    for piece in pieces {
        slab.push(BufferOp::new(Buffer::adopt(piece.as_bytes().to_vec()), 0, piece.len()).expect("inside"));
    }
    Irb::new(command, 5, Header { kind: 7, meta: [1, 2, 3], len: slab.len() }, slab)
}

fn text(irb: &Irb) -> String {
    let mut out = Vec::new();
    irb.slab.rest().for_each(|(at, len)| at.append_to(len, &mut out));
    String::from_utf8(out).expect("text")
}

fn passed(chain: &mut Chain, irb: Box<Irb>) -> Box<Irb> {
    match dispatch(chain, irb) {
        Outcome::Passed(irb) => irb,
        Outcome::Completed(irb) => panic!("completed: {:?}", irb.status),
        Outcome::Pending => panic!("pended"),
    }
}

#[test]
fn the_filter_template_turns_letters_and_back() {
    let folder = Folder::new("filter");
    let path = folder.template("filter.c");
    let mut send = chain(open_half(&path, "by=3", Half::Send).expect("opens"));
    let mut receive = chain(open_half(&path, "by=3", Half::Receive).expect("opens"));
    assert_eq!(send.names(), [path.as_str()]);
    let irb = passed(&mut send, irb(Command::Send, &["Hello ", "", "wor", "ld xyz"]));
    assert_eq!((text(&irb).as_str(), irb.header.len), ("Khoor zruog abc", 15));
    let mut back = Irb::new(Command::Receive, 3, irb.header, irb.slab.clone());
    let mut failed = irb;
    failed.status = Status::Failed("the network is gone".into());
    complete(&mut send, failed);
    back = passed(&mut receive, back);
    assert_eq!((text(&back).as_str(), back.header.meta), ("Hello world xyz", [1, 2, 3]));
    let report = send.device_mut(0).expect("a device").report();
    assert_eq!(report, r#"{"frames":1,"bytes":15,"failed":1}"#);
}

#[test]
fn a_filter_is_unloaded_when_its_last_half_goes() {
    let folder = Folder::new("unload");
    let path = folder.template("filter.c");
    let first = open_half(&path, "", Half::Send).expect("opens");
    let second = open_half(&path, "", Half::Receive).expect("opens");
    drop(first);
    assert!(Library::is_loaded(&path));
    drop(second);
    assert!(!Library::is_loaded(&path));
    assert!(open_half(&path, "by=99", Half::Send).is_err());
    assert!(!Library::is_loaded(&path), "a refused device stays loaded");
}

#[test]
fn what_cannot_be_loaded_is_refused_with_a_sentence() {
    let folder = Folder::new("refused");
    let none = folder.0.join("none.so").display().to_string();
    assert!(why(&none).starts_with(&format!("cannot load the device {none}: ")), "{}", why(&none));
    assert!(why(&none).contains("No such file"));
    let script = folder.0.join("script.so");
    std::fs::write(&script, "#!/bin/sh\n").expect("a file");
    assert!(why(&script.display().to_string()).contains("file too short"));
    let other = folder.text("other", "int something_else;");
    assert_eq!(why(&other), format!("{other} is no device: it has no symbol 'vmi_device'"));
    for (name, device, expected) in [
        (
            "version",
            "{ 7, 999, 0, 0, 0, 0, 0 }",
            "PATH was written for version 7 of the device contract, expected 1",
        ),
        ("size", "{ 1, 24, 0, 0, 0, 0, 0 }", "the 'vmi_device' of PATH has 24 bytes, expected 40 or 48"),
        ("none", "{ 1, 40, \"empty\", 0, 0, 0, 0 }", "PATH (empty) is neither a filter nor a network"),
    ] {
        let path = folder.text(name, &format!("VMI_DEVICE_EXPORT const vmi_device_t vmi_device = {device};"));
        assert_eq!(why(&path), expected.replace("PATH", &path));
        assert!(!Library::is_loaded(&path));
    }
}

/// A filter with these functions.
fn filter(functions: &str, fields: &str) -> String {
    format!(
        "static int state;
        static const vmi_device_host_t *host;
        static void *open_it(const vmi_device_site_t *s, const vmi_device_host_t *h, char *why, size_t room) {{
            host = h; return &state;
        }}
        static void close_it(void *self) {{ }}
        {functions}
        static const vmi_device_filter_t filter = {{ .open = open_it, .close = close_it, {fields} }};
        VMI_DEVICE_EXPORT const vmi_device_t vmi_device = {{
            VMI_DEVICE_VERSION, sizeof(vmi_device_t), \"probe\", \"\", &filter, NULL, NULL }};
        void *use_them[] = {{ &host, open_it, close_it }};"
    )
}

/// A filter whose `frame` has this body.
fn framing(body: &str) -> String {
    let function = "static int frame(void *self, vmi_device_frame_t *f, char *why, size_t room)";
    filter(&format!("{function} {{ {body} }}"), ".frame = frame")
}

#[test]
fn a_device_that_does_not_open_says_why_or_nothing() {
    let folder = Folder::new("open");
    let open =
        "static void *no(const vmi_device_site_t *s, const vmi_device_host_t *h, char *why, size_t room)";
    let frame = framing("return 0;").replace(".open = open_it", ".open = no");
    let says = folder
        .text("says", &format!("{open} {{ snprintf(why, room, \"no\\nlicence\"); return NULL; }} {frame}"));
    assert_eq!(why(&says), format!("{says} (probe) cannot be opened: no licence"));
    let silent = folder.text("silent", &format!("{open} {{ return NULL; }} {frame}"));
    assert_eq!(why(&silent), format!("{silent} (probe) cannot be opened: the device does not say why"));
    let lacks = folder.text("lacks", &filter("", ""));
    assert_eq!(why(&lacks), format!("{lacks} (probe) has no function 'frame'"));
    let network = folder.template("network.c");
    assert_eq!(why(&network), format!("{network} (dgram) is a network, expected a filter"));
}

#[test]
fn every_verdict_of_a_filter_is_obeyed() {
    let folder = Folder::new("verdict");
    let outcome = |name: &str, body: &str, half| {
        let mut chain = chain(open_half(&folder.text(name, &framing(body)), "", half).expect("opens"));
        let command = if half == Half::Send { Command::Send } else { Command::Receive };
        dispatch(&mut chain, irb(command, &["abc"]))
    };
    let failed = |outcome| match outcome {
        Outcome::Completed(irb) => match irb.status {
            Status::Failed(why) => why,
            Status::Success => "success".into(),
        },
        _ => panic!("not completed"),
    };
    let refused = failed(outcome("refuse", "strcpy(why, \"bad seal\"); return 3;", Half::Receive));
    assert!(refused.ends_with("refuse.so (probe): frame 0 from rank 3: bad seal"), "{refused}");
    assert_eq!(failed(outcome("drop", "return VMI_DEVICE_DROP;", Half::Send)), "success");
    let odd = failed(outcome("odd", "return 77;", Half::Send));
    assert!(odd.ends_with("frame 0: 'frame' returned 77, expected 0 .. 3"), "{odd}");
    let grown = "memset(host->replace(f, f->len + 65), 1, f->len + 65); return 0;";
    let long = failed(outcome("long", grown, Half::Send));
    assert!(long.ends_with("it became 65 bytes longer, expected at most 64"), "{long}");
    assert!(matches!(outcome("grow", grown, Half::Receive), Outcome::Passed(irb) if irb.slab.len() == 68));
    let meta = "f->meta[1] = f->peer + f->kind; return host->replace(f, (size_t)1 << 40) ? 3 : 0;";
    assert!(
        matches!(outcome("meta", meta, Half::Send), Outcome::Passed(irb) if irb.header.meta == [1, 12, 3])
    );
}

#[test]
fn kept_frames_go_on_when_the_device_says_so() {
    let folder = Folder::new("keep");
    let functions = "
        static vmi_device_frame_t *kept[4]; static int n;
        static int frame(void *self, vmi_device_frame_t *f, char *why, size_t room) {
            kept[n++] = f; return VMI_DEVICE_KEEP;
        }
        static void poll_it(void *self) {
            if (n < 3) return;
            while (n > 0) { n--; memcpy(host->replace(kept[n], 2), \"ok\", 2); host->resume(kept[n]); host->resume(kept[n]); }
            host->alert(host->context, \"patience\");
        }";
    let path = folder.text("keep", &filter(functions, ".frame = frame, .poll = poll_it"));
    let mut send = chain(open_half(&path, "", Half::Send).expect("opens"));
    for n in 0..3 {
        assert!(send.device_mut(0).is_some_and(|d| d.poll().is_empty()));
        let mut irb = irb(Command::Send, &["abc"]);
        irb.header.meta[0] = n;
        assert!(matches!(dispatch(&mut send, irb), Outcome::Pending));
    }
    let device = send.device_mut(0).expect("a device");
    assert!(device.is_pending());
    let going = device.poll();
    let seen: Vec<_> = going.iter().map(|irb| (irb.header.meta[0], text(irb))).collect();
    assert_eq!(seen, [(2, "ok".into()), (1, "ok".into()), (0, "ok".into())]);
    assert!(!device.is_pending());
    assert_eq!(device.take_alerts(), [format!("{path} (probe): patience")]);
    // One that is kept when the half goes is freed with it.
    assert!(matches!(dispatch(&mut send, irb(Command::Send, &["abc"])), Outcome::Pending));
}

#[test]
fn other_requests_do_not_reach_a_filter() {
    let folder = Folder::new("other");
    let path = folder.text("other", &framing("return 3;"));
    let mut send = chain(open_half(&path, "", Half::Send).expect("opens"));
    assert_eq!(text(&passed(&mut send, irb(Command::Flush, &["x"]))), "x");
    assert_eq!(text(&passed(&mut send, irb(Command::Receive, &["x"]))), "x");
}

/// Two processes' ends of a network, in this process.
fn networks(path: &str) -> (PluginNetwork, PluginNetwork) {
    let open = |rank| {
        let secret = [9; 32];
        let place = Place { id: 4, name: "local", path, options: &[], rank, size: 2, secret };
        PluginNetwork::open(&place).unwrap_or_else(|why| panic!("{why}"))
    };
    let (mut a, mut b) = (open(0), open(1));
    a.set_card(1, &b.card()).expect("a card");
    b.set_card(0, &a.card()).expect("a card");
    (a, b)
}

fn receive(network: &mut PluginNetwork) -> Option<(u32, Header, Vec<u8>)> {
    let frame = network.next()?;
    let mut message = Vec::new();
    frame.payload.append_to(frame.header.len, &mut message);
    network.release(frame.token);
    Some((frame.peer, frame.header, message))
}

#[test]
fn the_network_template_carries_frames_both_ways() {
    let folder = Folder::new("network");
    let path = folder.template("network.c");
    let (mut a, mut b) = networks(&path);
    assert_eq!((a.name(), a.device(), a.properties().ordered), ("local", "dgram", true));
    assert_eq!(a.link(1), Link::Unused);
    a.open(1);
    b.open(0);
    assert_eq!(a.link(1), Link::Up);
    let max = a.properties().max_payload;
    for (n, len) in [0, 1, 12, 5000, max].into_iter().enumerate() {
        let header = Header { kind: 250, meta: [n as u32, 2, u32::MAX], len };
        let message: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
        let mut slab = Slab::of(Buffer::adopt(message[..len / 3].to_vec()));
        slab.push(BufferOp::new(Buffer::adopt(message.clone()), len / 3, len - len / 3).expect("inside"));
        a.send(1, header, &slab).expect("room");
        assert!(!b.owes() && b.fd().is_some());
        assert_eq!(receive(&mut b), Some((0, header, message)));
        b.send(0, Header { len: 0, ..header }, &Slab::default()).expect("room");
        assert_eq!(receive(&mut a).map(|(peer, header, _)| (peer, header.meta[0])), Some((1, n as u32)));
    }
    assert_eq!(receive(&mut b), None);
}

#[test]
fn the_network_template_reports_full_and_lost() {
    let folder = Folder::new("full");
    let path = folder.template("network.c");
    let (mut a, mut b) = networks(&path);
    a.open(1);
    let header = Header { kind: 1, meta: [0; 3], len: 0 };
    let mut sent = 0;
    while a.send(1, header, &Slab::default()).is_ok() {
        sent += 1;
        assert!(sent < 100_000, "never full");
    }
    assert_eq!(a.send(1, header, &Slab::default()), Err(SendError::Full));
    while receive(&mut b).is_some() {
        sent -= 1;
    }
    assert_eq!(sent, 0, "frames were lost");
    assert!(a.send(1, header, &Slab::default()).is_ok());
    b.close();
    assert_eq!((b.next().map(|f| f.peer), b.link(0)), (None, Link::Finished));
    assert!(
        matches!(a.send(1, header, &Slab::default()), Err(SendError::Lost(why)) if why.contains("dgram"))
    );
    assert!(matches!(a.link(1), Link::Down(why) if why.ends_with("Connection refused")));
    drop((a, b));
    assert!(!Library::is_loaded(&path));
}

#[test]
fn strangers_and_bad_cards_are_not_believed() {
    let folder = Folder::new("stranger");
    let path = folder.template("network.c");
    let (mut a, mut b) = networks(&path);
    for card in [&[][..], &[1; 2], &[1; 200]] {
        assert!(a.set_card(1, card).is_err_and(|why| why.contains("the card of rank 1")), "{card:?}");
    }
    let (mut stranger, _) = networks(&path);
    stranger.set_card(1, &b.card()).expect("a card");
    stranger.open(1);
    let header = Header { kind: 1, meta: [0; 3], len: 0 };
    stranger.send(1, header, &Slab::default()).expect("room");
    assert_eq!(receive(&mut b), None);
}

#[test]
fn impossible_frames_of_a_network_are_reported() {
    let folder = Folder::new("impossible");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/devices/template/network.c");
    let source = std::fs::read_to_string(source).expect("the template");
    let bad = |from: &str, to: &str| {
        assert!(source.contains(from), "the template has no '{from}'");
        source.replace(from, to)
    };
    let path = folder.text("peer", &bad("out->peer = peer;", "out->peer = 99;"));
    let (mut a, mut b) = networks(&path);
    a.open(1);
    a.send(1, Header { kind: 1, meta: [0; 3], len: 0 }, &Slab::default()).expect("room");
    assert!(b.next().is_none());
    let expected = format!("{path} (dgram): a frame of kind 1 and 0 bytes from rank 99 is impossible");
    assert_eq!(b.take_alerts(), [(None, expected)]);
    let refused = |name: &str, text: &str| {
        let path = folder.text(name, text);
        let place = Place { id: 4, name: "x", path: &path, options: &[], rank: 0, size: 2, secret: [0; 32] };
        PluginNetwork::open(&place).err().unwrap_or_else(|| panic!("{name} opens"))
    };
    let small = refused("small", &bad("{ LARGEST, 1, 1", "{ 100, 1, 1"));
    assert!(small.ends_with("(dgram) carries messages of 100 bytes, expected at least 1024"), "{small}");
    let lacks =
        refused("lacks", &bad(".link = net_link,", "").replace("static int net_link", "int net_link"));
    assert!(lacks.ends_with("(dgram) has no function 'link'"), "{lacks}");
    let filter = refused("filter", &framing("return 0;"));
    assert!(filter.ends_with("(probe) is a filter, expected a network"), "{filter}");
}

/// Remote memory within this process: a key is an address.
const REMOTE: &str = "
    static uint64_t queue[8]; static int begun, regions;
    static int limits(void *self, vmi_device_rdma_limits_t *out, char *why, size_t room) {
        *out = (vmi_device_rdma_limits_t){ 1 << 20, 4, 1, 0, 0 }; return 1;
    }
    static uint64_t enroll(void *self, void *at, size_t len, int remote, void *key, size_t *key_len, char *why,
                           size_t room) {
        if (len == 13) { snprintf(why, room, \"13 bytes bring bad luck\"); return 0; }
        if (remote) memcpy(key, &at, sizeof at);
        *key_len = remote ? sizeof at : 0; regions++;
        return (uint64_t)(uintptr_t)at;
    }
    static void deregister(void *self, uint64_t region, int ended) { regions--; }
    static int move(const vmi_device_move_t *m, int put) {
        char *there; memcpy(&there, m->key, sizeof there);
        if (m->region == 0) return VMI_DEVICE_LOST;
        if (put) memcpy(there + m->offset, m->at, m->len); else memcpy(m->at, there + m->offset, m->len);
        queue[begun++] = m->operation; return VMI_DEVICE_SENT;
    }
    static int put(void *self, uint32_t peer, const vmi_device_move_t *m, char *why, size_t room) { return move(m, 1); }
    static int get(void *self, uint32_t peer, const vmi_device_move_t *m, char *why, size_t room) { return move(m, 0); }
    static int ended(void *self, vmi_device_moved_t *out, char *why, size_t room) {
        if (begun == 0) return 0;
        *out = (vmi_device_moved_t){ queue[--begun], regions > 9, 0 }; return 1;
    }
    static void cancel(void *self, uint32_t peer) {}
    static const vmi_device_rdma_t rdma = { limits, enroll, deregister, put, get, ended, cancel };";

/// The network template with this remote memory.
fn with_remote(functions: &str) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/devices/template/network.c");
    let source = std::fs::read_to_string(source).expect("the template");
    let (network, device) = source.split_once("VMI_DEVICE_EXPORT const").expect("it exports a device");
    let device = device.replace(".network = &network,", ".network = &network, .rdma = &rdma,");
    format!("{network}{functions}\nVMI_DEVICE_EXPORT const{device}")
}

#[test]
fn remote_memory_of_a_device_is_used_and_given_back() {
    let folder = Folder::new("remote");
    let path = folder.text("remote", &with_remote(REMOTE));
    let (mut a, mut b) = networks(&path);
    let piece = |bytes: Vec<u8>| BufferOp::new(Buffer::adopt(bytes.clone()), 0, bytes.len()).expect("inside");
    let read = |piece: &BufferOp| {
        let mut bytes = Vec::new();
        piece.address().append_to(piece.len(), &mut bytes);
        bytes
    };
    let there = piece(vec![0; 100]);
    let theirs = b.rdma().expect("it has").register(&there).expect("registers");
    let ours = a.rdma().expect("it has");
    assert_eq!(ours.limits(), Limits { max_len: 1 << 20, depth: 4, ordered: false });
    assert_eq!(ours.register(&piece(vec![0; 13])), Err(format!("{path} (dgram): 13 bytes bring bad luck")));
    let (from, to) = (piece(vec![5; 20]), piece(vec![0; 20]));
    let put = Move { operation: 7, way: Way::Put, memory: &from, key: &theirs.key, offset: 30 };
    assert_eq!(ours.begin(1, &put), Ok(()));
    assert!(matches!(ours.begin(1, &put), Err(SendError::Lost(why)) if why.ends_with("operation 7 twice")));
    assert_eq!(ours.ended(), Some(End { operation: 7, failed: None }));
    assert_eq!(ours.ended(), None);
    assert_eq!((read(&there)[29], read(&there)[30], read(&there)[49], read(&there)[50]), (0, 5, 5, 0));
    let get = Move { operation: 7, way: Way::Get, memory: &to, ..put };
    assert_eq!(ours.begin(1, &get), Ok(()));
    assert_eq!((ours.ended().map(|end| end.operation), read(&to)), (Some(7), vec![5; 20]));
    assert_eq!(ours.counts(), Counts { puts: 1, gets: 1, bytes: 40, failed: 0 });
    // Memory under way is held although nobody else knows it; our own ends are registered once.
    assert_eq!(ours.begin(1, &Move { operation: 8, memory: &piece(vec![6; 20]), ..put }), Ok(()));
    b.rdma().expect("it has").deregister(theirs.number, false);
    b.rdma().expect("it has").deregister(theirs.number, false);
    drop((a, b));
    assert!(!Library::is_loaded(&path));
}

#[test]
fn remote_memory_that_is_not_there_or_wrong_is_told() {
    let folder = Folder::new("unremote");
    let open = |name: &str, from: &str, to: &str| {
        assert!(with_remote(REMOTE).contains(from), "the text has no '{from}'");
        let path = folder.text(name, &with_remote(REMOTE).replace(from, to));
        let place = Place { id: 4, name: "x", path: &path, options: &[], rank: 0, size: 2, secret: [0; 32] };
        PluginNetwork::open(&place)
    };
    let refused = |name: &str, from: &str, to: &str| {
        open(name, from, to).err().unwrap_or_else(|| panic!("{name} opens"))
    };
    let mut none = open(
        "none",
        "1 << 20, 4, 1, 0, 0 }; return 1;",
        "0, 0, 0, 0, 0 }; strcpy(why, \"no such card\"); return 0;",
    )
    .expect("frames are enough");
    assert!(none.rdma().is_none() && none.no_rdma() == "no such card");
    // A device compiled with an earlier header: it ends before.
    let mut early = open("early", "sizeof(vmi_device_t)", "40").expect("as ever");
    assert!(early.rdma().is_none() && early.no_rdma() == "the device moves frames only");
    let lacks = refused("lacks", "ended, cancel };", "ended, NULL }; void *unused[] = { cancel };");
    assert!(lacks.ends_with("(dgram) has no function 'rdma.cancel'"), "{lacks}");
    let small = refused("small", "1 << 20, 4", "100, 4");
    assert!(small.contains("moves 100 bytes at once, 4 times, expected at least 4096 and 1"), "{small}");
    let piece = BufferOp::new(Buffer::allocate(50), 0, 50).expect("inside");
    let mut odd = open("odd", "return move(m, 1);", "return 7;").expect("opens");
    let key = odd.rdma().expect("it has").register(&piece).expect("registers").key;
    let put = Move { operation: 1, way: Way::Put, memory: &piece, key: &key, offset: 0 };
    let began = odd.rdma().expect("it has").begin(1, &put);
    assert!(matches!(began, Err(SendError::Lost(why)) if why.ends_with("returned 7, expected 0 .. 2")));
    let mut long = open("long", "*key_len = remote", "*key_len = remote ? 129 : remote").expect("opens");
    let refused = long.rdma().expect("it has").register(&piece);
    assert!(refused.is_err_and(|why| why.ends_with("a key of 129 bytes, expected 1 .. 128")));
    let mut mad = open("mad", "{ queue[--begun]", "{ 99 + queue[--begun]").expect("opens");
    assert!(mad.rdma().expect("it has").begin(1, &put).is_ok());
    assert_eq!(mad.rdma().expect("it has").ended(), None);
    let told = mad.take_alerts().remove(0).1;
    assert!(told.ends_with("operation 100 has ended, but was never begun"), "{told}");
}

#[test]
fn the_contract_is_the_header_s() {
    use contract::*;
    use std::mem::offset_of;
    let folder = Folder::new("layout");
    let asserts = |type_: &str, size: usize, fields: &[(&str, usize)]| {
        let mut text =
            format!("_Static_assert(sizeof(vmi_device{type_}_t) == {size}, \"size of {type_}\");\n");
        for (field, at) in fields {
            text += &format!(
                "_Static_assert(offsetof(vmi_device{type_}_t, {field}) == {at}, \"{type_} {field}\");\n"
            );
        }
        text
    };
    macro_rules! rows { ($($rust:ident $c:literal: $($field:ident)*;)*) => {
        String::new() $(+ &asserts($c, size_of::<$rust>(), &[$((stringify!($field), offset_of!($rust, $field))),*]))*
    } }
    let mut text = rows! {
        Pair "_option": key value;
        Piece "_piece": at len;
        Frame "_frame": peer kind meta pieces_len len pieces cookie;
        Host "_host": version reserved context replace resume alert;
        Site "_site": receiving sender receiver epoch secret options options_len;
        Filter "_filter": open frame completed poll report close;
        Place "_place": name rank size secret options options_len;
        Properties "_properties": max_payload ordered reliable latency_ns bandwidth_mb;
        Header "_header": kind meta len;
        Incoming "_incoming": peer reserved header payload token;
        Network "_network": open properties card set_card connect drop_link link send next release owes is_ticking
            is_quiet fd report close;
        Limits "_rdma_limits": max_len depth local ordered reserved;
        Move "_move": operation at len region key key_len offset;
        Moved "_moved": operation failed reserved;
        Rdma "_rdma": limits register_memory deregister put get ended cancel;
        Device "": version size name what filter network rdma;
    };
    text += &format!(
        "_Static_assert(VMI_DEVICE_VERSION == {VERSION} && VMI_DEVICE_WHY == {WHY} && VMI_DEVICE_GROWTH == {GROWTH}
            && VMI_DEVICE_CARD == {CARD} && VMI_DEVICE_KEY == {KEY}, \"limits\");
        _Static_assert(VMI_DEVICE_FORWARD == {FORWARD} && VMI_DEVICE_KEEP == {KEEP} && VMI_DEVICE_DROP == {DROP}
            && VMI_DEVICE_REFUSE == {REFUSE}, \"verdicts\");
        _Static_assert(VMI_DEVICE_SENT == {SENT} && VMI_DEVICE_FULL == {FULL} && VMI_DEVICE_LOST == {LOST}, \"sent\");
        _Static_assert(VMI_DEVICE_LINK_UNUSED == {LINK_UNUSED} && VMI_DEVICE_LINK_OPENING == {LINK_OPENING}
            && VMI_DEVICE_LINK_UP == {LINK_UP} && VMI_DEVICE_LINK_DOWN == {LINK_DOWN}
            && VMI_DEVICE_LINK_FINISHED == {LINK_FINISHED}, \"links\");"
    );
    folder.text("layout", &text);
}
