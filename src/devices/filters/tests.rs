//! What every filter must do: undo itself in any company, refuse what cannot be undone, leave other requests alone.

use super::*;
use crate::core::buffer::{Buffer, UserBuf};
use crate::core::chain::Chain;
use crate::core::filter::Half;
use crate::core::frame::Header;
use crate::core::io::{Command, Irb, Outcome, Status, complete, dispatch};
use crate::core::slab::{BufferOp, Slab};

/// The most a filter may add to a frame.
const GROWTH: usize = 64;

pub fn site(half: Half) -> Site {
    Site { half, sender: 3, receiver: 5, epoch: 7, secret: [9; 32] }
}

/// xorshift64*.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end.max(1)
    }

    /// Small and large alike, up to 256 KiB.
    fn size(&mut self) -> usize {
        let bits = self.below(19);
        self.below((1 << bits) + 1)
    }

    /// Noise, runs or numbers.
    fn message(&mut self) -> Vec<u8> {
        let (len, sort) = (self.size(), self.below(3));
        match sort {
            0 => (0..len).map(|_| self.below(256) as u8).collect(),
            1 => vec![self.below(256) as u8; len],
            _ => (0..len).map(|i| (i / 8) as u8).collect(),
        }
    }
}

/// A slab of `bytes` in up to five pieces, with bytes before the cursor that do not count.
fn scattered(bytes: &[u8], random: &mut Random) -> Slab {
    let mut slab = Slab::default();
    let mut rest = bytes;
    let junk = random.below(3) * 5;
    if junk > 0 {
        slab.push(BufferOp::new(Buffer::allocate(junk), 0, junk).expect("inside"));
    }
    for piece in (0..random.below(5) + 1).rev() {
        let n = if piece == 0 { rest.len() } else { random.below(rest.len() + 1) };
        let room = random.below(40);
        let mut memory = vec![0xee; room];
        memory.extend_from_slice(&rest[..n]);
        slab.push(BufferOp::new(Buffer::adopt(memory), room, n).expect("inside"));
        rest = &rest[n..];
    }
    let mut skip = vec![0; junk];
    slab.read(UserBuf::of(&mut skip), junk);
    slab
}

pub fn text(irb: &Irb) -> Vec<u8> {
    let mut out = Vec::new();
    irb.slab.rest().for_each(|(at, len)| at.append_to(len, &mut out));
    out
}

/// Both ends of one direction.
pub struct Pair {
    pub send: Chain,
    pub receive: Chain,
}

impl Pair {
    pub fn of(specs: &[&str]) -> Pair {
        let half = |spec: &str, half| {
            let spec = Spec::parse(spec).expect("a specification");
            open(&spec, &site(half)).unwrap_or_else(|why| panic!("{why}"))
        };
        let (mut send, mut receive) = (Chain::new(), Chain::new());
        specs.iter().for_each(|spec| send.attach(half(spec, Half::Send)));
        specs.iter().rev().for_each(|spec| receive.attach(half(spec, Half::Receive)));
        Pair { send, receive }
    }

    /// What the message is on the wire.
    pub fn down(&mut self, header: Header, slab: Slab) -> (Header, Vec<u8>) {
        let irb = Irb::new(Command::Send, 5, header, slab);
        let Outcome::Passed(irb) = dispatch(&mut self.send, irb) else { panic!("not passed") };
        let wire = text(&irb);
        let header = Header { len: wire.len(), ..irb.header };
        complete(&mut self.send, irb);
        (header, wire)
    }

    /// What becomes of bytes from the wire.
    pub fn up(&mut self, header: Header, wire: &[u8]) -> Result<(Header, Vec<u8>), String> {
        let header = Header { len: wire.len(), ..header };
        let irb = Irb::new(Command::Receive, 3, header, Slab::of(Buffer::adopt(wire.to_vec())));
        match dispatch(&mut self.receive, irb) {
            Outcome::Passed(irb) => Ok((irb.header, text(&complete(&mut self.receive, irb)))),
            Outcome::Completed(irb) => match irb.status {
                Status::Failed(why) => Err(why),
                Status::Success => Err("swallowed".into()),
            },
            Outcome::Pending => Err("pended".into()),
        }
    }
}

fn header(random: &mut Random, len: usize) -> Header {
    let meta = [random.below(1 << 31) as u32, random.below(9) as u32, u32::MAX];
    Header { kind: random.below(239) as u8 + 1, meta, len }
}

fn specs(random: &mut Random, log: &str) -> Vec<String> {
    let all = [
        "profile",
        "checksum",
        "compress min=1",
        "compress level=3",
        "crypt rekey=3",
        "crypt",
        "fault",
        "pass",
        log,
    ];
    (0..random.below(6) + 1).map(|_| all[random.below(all.len())].to_string()).collect()
}

fn scratch(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("vmi-filters-{}-{name}", std::process::id()))
}

#[test]
fn any_chain_undoes_itself() {
    let mut random = Random(42);
    let file = scratch("any.pcapng");
    let log = format!("log file={} snap=64", file.display());
    for _ in 0..60 {
        let specs = specs(&mut random, &log);
        let names: Vec<&str> = specs.iter().map(String::as_str).collect();
        let mut pair = Pair::of(&names);
        for _ in 0..12 {
            let message = random.message();
            let header = header(&mut random, message.len());
            let (outside, wire) = pair.down(header, scattered(&message, &mut random));
            assert!(
                wire.len() <= message.len() + GROWTH * names.len(),
                "{names:?}: {} bytes more",
                wire.len()
            );
            let (back, got) = pair.up(outside, &wire).unwrap_or_else(|why| panic!("{names:?}: {why}"));
            assert!(got == message, "{names:?}: another message of {} bytes", message.len());
            assert_eq!(back, header, "{names:?}");
        }
    }
    let _ = std::fs::remove_file(file);
}

#[test]
fn the_program_s_memory_is_not_written() {
    for name in ["profile", "checksum", "compress min=1", "crypt", "fault corrupt=1", "pass"] {
        let mut pair = Pair::of(&[name]);
        let mut theirs: Vec<u8> = (0..2000).map(|i| (i / 100) as u8).collect();
        let before = theirs.clone();
        let slab = {
            let buffer = Buffer::register(UserBuf::of(&mut theirs), 2000);
            let mut slab = Slab::default();
            slab.push(BufferOp::new(buffer, 100, 1900).expect("inside"));
            slab
        };
        pair.down(Header { kind: 1, meta: [0; 3], len: 1900 }, slab);
        assert!(theirs == before, "{name} wrote into the program's memory");
    }
}

#[test]
fn other_requests_pass_untouched() {
    for entry in list().iter().filter(|entry| entry.name != "log") {
        let mut pair = Pair::of(&[entry.name]);
        for command in [Command::Flush, Command::Attach, Command::Put, Command::Alert, Command::Reconfigure] {
            for chain in [&mut pair.send, &mut pair.receive] {
                let slab = Slab::of(Buffer::adopt(vec![1, 2, 3]));
                let irb = Irb::new(command, 1, Header { kind: 9, meta: [1, 2, 3], len: 3 }, slab);
                let Outcome::Passed(irb) = dispatch(chain, irb) else {
                    panic!("{} keeps {command:?}", entry.name)
                };
                assert_eq!((text(&irb), irb.header.meta), (vec![1, 2, 3], [1, 2, 3]));
            }
        }
    }
}

#[test]
fn damaged_frames_are_refused_or_come_out_as_something_else_but_never_panic() {
    let mut random = Random(7);
    for spec in ["checksum", "crypt", "compress min=1", "profile", "pass", "fault"] {
        for round in 0..400 {
            let mut pair = Pair::of(&[spec]);
            let message = random.message();
            let message = &message[..message.len().min(3000)];
            let header = header(&mut random, message.len());
            let (outside, mut wire) = pair.down(header, scattered(message, &mut random));
            match round % 4 {
                0 => wire.truncate(random.below(wire.len() + 1)),
                1 => wire.extend((0..random.below(50) + 1).map(|i| i as u8)),
                2 if !wire.is_empty() => {
                    let at = random.below(wire.len());
                    wire[at] ^= 1 << random.below(8);
                }
                _ => wire = (0..random.below(200)).map(|_| random.below(256) as u8).collect(),
            }
            let result = pair.up(outside, &wire);
            if let Err(why) = &result {
                assert!(why.contains("rank 3") && why.contains("frame 0"), "{why}");
            }
            // A cut of nothing changes nothing.
            if matches!(spec, "checksum" | "crypt") && result.is_ok() {
                assert!(result.is_ok_and(|(_, got)| got == message), "{spec} let damage pass");
            }
        }
    }
}

#[test]
fn every_bit_of_a_frame_is_protected() {
    for spec in ["checksum", "crypt"] {
        let mut down = Pair::of(&[spec]);
        let header = Header { kind: 4, meta: [1, 2, 3], len: 10 };
        let (outside, wire) = down.down(header, Slab::of(Buffer::adopt(b"0123456789".to_vec())));
        for bit in 0..wire.len() * 8 {
            let mut damaged = wire.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Pair::of(&[spec]).up(outside, &damaged).is_err(), "{spec}: bit {bit}");
        }
        let other_kind = Header { kind: 5, ..outside };
        assert!(Pair::of(&[spec]).up(other_kind, &wire).is_err(), "{spec}: kind");
        assert_eq!(Pair::of(&[spec]).up(outside, &wire).expect("whole").1, b"0123456789");
    }
}

#[test]
fn lost_doubled_and_reordered_frames_are_noticed() {
    for spec in ["checksum", "crypt"] {
        let message = |n: u8| Slab::of(Buffer::adopt(vec![n; 5]));
        let header = Header { kind: 1, meta: [0; 3], len: 5 };
        let mut pair = Pair::of(&[spec]);
        let frames: Vec<_> = (0..4).map(|n| pair.down(header, message(n))).collect();
        let mut arrive = |n: usize| pair.up(frames[n].0, &frames[n].1);
        assert!(arrive(0).is_ok() && arrive(2).is_err() && arrive(2).is_ok() && arrive(2).is_err(), "{spec}");
    }
}

#[test]
fn checksum_detects_a_corrupting_device_below_it() {
    let mut pair = Pair::of(&["checksum", "fault corrupt=0.5 seed=3"]);
    let mut refused = 0;
    for n in 0..200u32 {
        let message = vec![n as u8; 100];
        let header = Header { kind: 1, meta: [n, 0, 0], len: 100 };
        let (outside, wire) = pair.down(header, Slab::of(Buffer::adopt(message.clone())));
        match pair.up(outside, &wire) {
            Ok((_, got)) => assert_eq!(got, message),
            Err(why) => {
                refused += 1;
                assert!(why.starts_with(&format!("checksum: frame {n} from rank 3 is damaged")), "{why}");
            }
        }
    }
    let report = pair.send.device_mut(1).expect("fault").report();
    assert!(report.contains(&format!(r#""damaged":{refused},"#)), "{refused} refused, {report}");
    assert!((60..140).contains(&refused), "{refused}");
}

#[test]
fn delayed_frames_go_on_later_in_order() {
    let mut pair = Pair::of(&["fault delay=2000 jitter=3000"]);
    for n in 0..20 {
        let irb = Irb::new(Command::Send, 5, Header { kind: 1, meta: [n, 0, 0], len: 0 }, Slab::default());
        assert!(matches!(dispatch(&mut pair.send, irb), Outcome::Pending));
    }
    let device = pair.send.device_mut(0).expect("fault");
    assert!(device.is_pending() && device.poll().is_empty());
    let mut seen = Vec::new();
    while device.is_pending() {
        seen.extend(device.poll().iter().map(|irb| irb.header.meta[0]));
    }
    assert_eq!(seen, (0..20).collect::<Vec<_>>());
}

#[test]
fn lost_frames_complete_and_do_not_travel() {
    let mut pair = Pair::of(&["fault loss=1"]);
    let irb = Irb::new(Command::Send, 5, Header { kind: 1, meta: [0; 3], len: 0 }, Slab::default());
    let Outcome::Completed(irb) = dispatch(&mut pair.send, irb) else { panic!("it travels") };
    assert_eq!(irb.status, Status::Success);
}

#[test]
fn two_ciphers_in_a_row_do_not_undo_each_other() {
    let header = Header { kind: 1, meta: [0; 3], len: 64 };
    let mut pair = Pair::of(&["crypt", "crypt"]);
    let zeros = || Slab::of(Buffer::allocate(64));
    let (outside, wire) = pair.down(header, zeros());
    assert!(!wire.windows(16).any(|w| w == [0; 16]));
    let other = Pair::of(&["crypt", "crypt"]).down(header, zeros()).1;
    assert_ne!(wire, other, "the same key twice");
    assert_eq!(pair.up(outside, &wire).expect("undone").1, [0; 64]);
}

#[test]
fn keys_change_and_both_halves_change_together() {
    for spec in ["crypt rekey=2", "crypt rekey_bytes=40"] {
        let mut pair = Pair::of(&[spec]);
        for n in 0..9 {
            let header = Header { kind: 2, meta: [n, 0, 0], len: 8 };
            let (outside, wire) = pair.down(header, Slab::of(Buffer::allocate(8)));
            assert_eq!(outside.meta, [0; 3], "the numbers are secret");
            assert_eq!(pair.up(outside, &wire).expect("authentic").0.meta[0], n);
        }
        let report = pair.receive.device_mut(0).expect("crypt").report();
        assert!(report.contains(r#""key":4"#), "{report}");
    }
}

#[test]
fn another_secret_or_place_does_not_authenticate() {
    let (spec, header) = (Spec::parse("crypt").expect("a name"), Header { kind: 1, meta: [0; 3], len: 3 });
    let (outside, wire) = Pair::of(&["crypt"]).down(header, Slab::of(Buffer::adopt(b"abc".to_vec())));
    let right = site(Half::Receive);
    let wrong = [
        Site { secret: [8; 32], ..right },
        Site { sender: 4, ..right },
        Site { receiver: 4, ..right },
        Site { epoch: 8, ..right },
    ];
    for (site, good) in wrong.into_iter().map(|site| (site, false)).chain([(right, true)]) {
        let mut receive = Chain::new();
        receive.attach(open(&spec, &site).expect("opens"));
        let mut pair = Pair { send: Chain::new(), receive };
        assert_eq!(pair.up(outside, &wire).is_ok(), good);
    }
}

#[test]
fn compression_saves_where_it_can_and_leaves_noise_alone() {
    let mut random = Random(5);
    let header = Header { kind: 1, meta: [0; 3], len: 0 };
    let mut pair = Pair::of(&["compress"]);
    let (_, wire) = pair.down(header, Slab::of(Buffer::allocate(100_000)));
    assert!(wire.len() < 1000);
    for _ in 0..300 {
        let noise: Vec<u8> = (0..4000).map(|_| random.below(256) as u8).collect();
        assert_eq!(pair.down(header, Slab::of(Buffer::adopt(noise))).1.len(), 4001);
    }
    // It stopped trying; when the data change it finds out.
    let sizes: Vec<usize> =
        (0..300).map(|_| pair.down(header, Slab::of(Buffer::allocate(4000))).1.len()).collect();
    assert_eq!(sizes[0], 4001);
    assert!(sizes[299] < 100 && sizes[260] < 100, "{sizes:?}");
}

#[test]
fn a_compression_bomb_is_refused_before_memory_is_taken() {
    let header = Header { kind: 1, meta: [0; 3], len: 0 };
    let mut bomb = vec![1];
    bomb.extend_from_slice(&u32::MAX.to_le_bytes());
    bomb.extend_from_slice(&[0xff; 300]);
    let why = Pair::of(&["compress"]).up(header, &bomb).expect_err("a bomb");
    assert!(why.contains("claims to become 4294967295 bytes, expected at most 76500"), "{why}");
}

#[test]
fn profile_counts_by_class() {
    let mut pair = Pair::of(&["profile"]);
    for (kind, context, len) in [(1, 0, 8), (1, 1, 8), (1, 2, 100), (4, 1, 70_000), (200, 0, 0)] {
        let header = Header { kind, meta: [context, 0, 0], len };
        let (outside, wire) = pair.down(header, Slab::of(Buffer::allocate(len)));
        pair.up(outside, &wire).expect("passes");
    }
    let send = pair.send.device_mut(0).expect("profile").report();
    for part in [
        r#""half":"send","sender":3,"receiver":5,"epoch":7,"messages":5,"bytes":70116"#,
        r#""class":"eager","kind":1,"collective":false,"messages":2,"bytes":108,"failed":0,"sizes":[[8,1],[64,1]],"latency_ns":{"count":2,"#,
        r#""class":"eager collective","kind":1,"collective":true,"messages":1"#,
        r#""class":"data","kind":4"#,
        r#""class":"kind 200","#,
    ] {
        assert!(send.contains(part), "{part} is not in {send}");
    }
    let receive = pair.receive.device_mut(0).expect("profile").report();
    assert!(receive.contains(r#""interval_ns":{"count":1,"#), "{receive}");
}

#[test]
fn wrong_names_and_options_are_refused_with_a_sentence() {
    for (spec, expected) in [
        ("zip", "there is no filter 'zip', expected profile, log, checksum"),
        ("crypt keys=3", "crypt has no option 'keys', expected rekey, rekey_bytes"),
        ("crypt rekey=0", "crypt: rekey=0, expected a whole number between 1"),
        ("compress min=x", "compress: min=x, expected a whole number"),
        ("compress level=9", "level=9, expected a whole number between 1 and 3"),
        ("fault loss=2", "fault: loss=2, expected a probability"),
        ("fault half=both", "fault: half=both, expected send or receive"),
        ("pass x=1", "pass has no option 'x', expected no options"),
        ("log file=%x", "log: file=%x, expected one of j, r, p, %"),
        ("log file=/nonexistent/x", "log: cannot write /nonexistent/x: No such file"),
    ] {
        let spec = Spec::parse(spec).expect("well-formed");
        let why = open(&spec, &site(Half::Send)).err().unwrap_or_else(|| panic!("{spec} opens"));
        assert!(why.contains(expected), "{why}");
    }
}

/// Not a test of correctness: prints what each filter costs. `cargo test --release -- --ignored --nocapture costs`
#[test]
#[ignore = "a measurement"]
fn costs() {
    let log = format!("log file={}", scratch("costs.pcapng").display());
    // One more, such as the path of a plug-in.
    let more = std::env::var("VMI_COSTS").unwrap_or_else(|_| "pass".into());
    for spec in ["pass", "profile", "checksum", "compress", "crypt", "fault", &log, &more] {
        for len in [8, 65536] {
            let (down, up) = cost(spec, len);
            let name = spec.split(' ').next().unwrap_or("");
            println!("{name:10} {len:6} bytes  send {down:8.0} ns  receive {up:8.0} ns");
        }
    }
    let _ = std::fs::remove_file(scratch("costs.pcapng"));
}

/// Nanoseconds per message beyond what an empty chain costs. The least of many batches: others use the machine, too.
fn cost(spec: &str, len: usize) -> (f64, f64) {
    let (mut with, mut bare) = (Pair::of(&[spec]), Pair::of(&[]));
    let (mut least, mut base) = ((f64::MAX, f64::MAX), (f64::MAX, f64::MAX));
    for _ in 0..if len < 1000 { 1000 } else { 100 } {
        let (now, empty) = (batch(&mut with, len), batch(&mut bare, len));
        least = (least.0.min(now.0), least.1.min(now.1));
        base = (base.0.min(empty.0), base.1.min(empty.1));
    }
    (least.0 - base.0, least.1 - base.1)
}

/// Nanoseconds per message, down and up.
fn batch(pair: &mut Pair, len: usize) -> (f64, f64) {
    const COUNT: usize = 50;
    // Doubles of a smooth field: what a program might send.
    let field = (0..len.div_ceil(8)).flat_map(|i| ((i / 7) as f64).to_le_bytes());
    let message: Vec<u8> = field.take(len).collect();
    let header = Header { kind: 1, meta: [0; 3], len };
    let irb =
        |command, header, wire: &[u8]| Irb::new(command, 1, header, Slab::of(Buffer::adopt(wire.to_vec())));
    let fresh: Vec<_> = (0..COUNT).map(|_| irb(Command::Send, header, &message)).collect();
    let begin = std::time::Instant::now();
    let sent: Vec<_> = fresh.into_iter().map(|irb| pass(&mut pair.send, irb)).collect();
    let down = begin.elapsed().as_nanos() as f64;
    let fresh: Vec<_> = sent.iter().map(|sent| irb(Command::Receive, sent.header, &text(sent))).collect();
    let begin = std::time::Instant::now();
    let got: Vec<_> = fresh.into_iter().map(|irb| pass(&mut pair.receive, irb)).collect();
    let up = begin.elapsed().as_nanos() as f64;
    assert!(got.iter().all(|irb| irb.status == Status::Success && irb.slab.len() == len));
    (down / COUNT as f64, up / COUNT as f64)
}

fn pass(chain: &mut Chain, irb: Box<Irb>) -> Box<Irb> {
    match dispatch(chain, irb) {
        Outcome::Passed(irb) => complete(chain, irb),
        Outcome::Completed(irb) => irb,
        Outcome::Pending => panic!("pended"),
    }
}
