//! Fuzzing the receiving halves: any bytes are undone or refused, within bounds; what the other half has made is undone
//! to what it was; and what was changed on the way is refused by the halves that promise to notice.

use super::open;
use crate::core::buffer::Buffer;
use crate::core::chain::Chain;
use crate::core::filter::{Half, Site, Spec};
use crate::core::frame::Header;
use crate::core::io::{Command, Irb, Outcome, Status, complete, dispatch};
use crate::core::slab::{BufferOp, Slab};
use crate::fuzz::Input;

const FILTERS: [&str; 6] =
    ["checksum", "compress min=1 level=3", "crypt rekey=3", "profile", "pass", "compress min=64"];
/// What a filter may add to a frame.
const GROWTH: usize = 64;

/// The halves of these filters, in the order in which a frame passes them.
fn chain(specs: &[&str], half: Half) -> Chain {
    let site = Site { half, sender: 3, receiver: 5, epoch: 7, secret: [9; 32] };
    let mut chain = Chain::new();
    let mut specs = specs.to_vec();
    if half == Half::Receive {
        specs.reverse();
    }
    for spec in specs {
        let spec = Spec::parse(spec).expect("a specification");
        chain.attach(open(&spec, &site).unwrap_or_else(|why| panic!("{why}")));
    }
    chain
}

fn bytes_of(irb: &Irb) -> Vec<u8> {
    let mut out = Vec::new();
    irb.slab.rest().for_each(|(at, len)| at.append_to(len, &mut out));
    out
}

/// `bytes` in two pieces.
fn slab(bytes: &[u8], cut: usize) -> Slab {
    let mut slab = Slab::default();
    let (front, back) = bytes.split_at(cut.min(bytes.len()));
    for part in [front, back] {
        slab.push(BufferOp::new(Buffer::adopt(part.to_vec()), 0, part.len()).expect("inside"));
    }
    slab
}

/// What the receiving halves make of a frame. Err: they refuse it.
fn up(receive: &mut Chain, header: Header, wire: &[u8], cut: usize) -> Result<(Header, Vec<u8>), String> {
    let header = Header { len: wire.len(), ..header };
    match dispatch(receive, Irb::new(Command::Receive, 3, header, slab(wire, cut))) {
        Outcome::Passed(irb) => {
            let irb = complete(receive, irb);
            let bytes = bytes_of(&irb);
            assert_eq!(irb.header.len, bytes.len());
            Ok((irb.header, bytes))
        }
        Outcome::Completed(irb) => match irb.status {
            Status::Failed(why) => Err(why),
            Status::Success => panic!("swallowed"),
        },
        Outcome::Pending => panic!("kept"),
    }
}

fn down(send: &mut Chain, header: Header, message: &[u8], cut: usize) -> (Header, Vec<u8>) {
    let irb = Irb::new(Command::Send, 5, header, slab(message, cut));
    let Outcome::Passed(irb) = dispatch(send, irb) else { panic!("not sent") };
    let wire = bytes_of(&irb);
    let header = Header { len: wire.len(), ..irb.header };
    complete(send, irb);
    (header, wire)
}

fn message(input: &mut Input<'_>) -> (Header, Vec<u8>) {
    let (count, fill) = (input.size(9000), input.byte());
    let own = input.byte();
    let mut bytes = input.take(usize::from(own)).to_vec();
    match fill % 3 {
        0 => bytes.resize(bytes.len() + count, fill),
        1 => bytes.extend((0..count).map(|i| (i / 7) as u8 ^ fill)),
        _ => {}
    }
    let meta = [input.word(), u32::from(fill), 9];
    (Header { kind: 1 + input.byte() % 239, meta, len: bytes.len() }, bytes)
}

/// One frame changed on its way; true if it was changed at all.
fn damage(input: &mut Input<'_>, header: &mut Header, wire: &mut Vec<u8>) -> bool {
    match input.byte() % 8 {
        0 if !wire.is_empty() => {
            let at = input.below(wire.len().min(65536));
            let bits = input.byte();
            wire[at] ^= bits;
            bits != 0
        }
        1 if !wire.is_empty() => {
            let at = wire.len() - 1 - input.below(wire.len().min(65536));
            wire[at] ^= 1;
            true
        }
        2 => {
            header.kind ^= 1;
            true
        }
        3 if !wire.is_empty() => {
            wire.truncate(input.below(wire.len().min(65536)));
            true
        }
        _ => false,
    }
}

fn is_guarded(specs: &[&str]) -> bool {
    specs.iter().any(|spec| spec.starts_with("crypt"))
}

/// Frames from an honest sender, some of them damaged.
fn honest(input: &mut Input<'_>, specs: &[&str]) {
    let (mut send, mut receive) = (chain(specs, Half::Send), chain(specs, Half::Receive));
    while !input.is_empty() {
        let (header, text) = message(input);
        let cut = input.below(300);
        let (mut sent, mut wire) = down(&mut send, header, &text, cut);
        assert!(wire.len() <= text.len() + GROWTH * specs.len(), "grows by too much");
        let damaged = damage(input, &mut sent, &mut wire);
        let got = up(&mut receive, sent, &wire, input.below(300));
        match got {
            Ok((header_up, bytes)) if !damaged => {
                assert_eq!((header_up.kind, header_up.meta), (header.kind, header.meta));
                assert!(bytes == text, "another message comes out");
            }
            Ok(_) => assert!(!is_guarded(specs), "a damaged frame comes out"),
            Err(why) => {
                assert!(damaged, "{why}");
                assert!(why.contains("rank 3"), "{why}");
                // Both halves count frames alike only while none is refused before its number is known.
                return;
            }
        }
    }
}

/// Arbitrary frames.
fn hostile(input: &mut Input<'_>, specs: &[&str]) {
    let mut receive = chain(specs, Half::Receive);
    while !input.is_empty() {
        let len = input.below(600);
        let header = Header { kind: input.byte().clamp(1, 239), meta: [input.word(), 1, 2], len };
        let wire = input.take(len);
        let cut = input.below(20);
        if let Ok((_, bytes)) = up(&mut receive, header, wire, cut) {
            assert!(bytes.len() <= wire.len().max(1) * 255 * 255, "more than LZ4 can hold");
        }
        receive.reports().iter().for_each(|(name, report)| assert!(!name.is_empty() && !report.is_empty()));
    }
}

/// Up to three filters, and frames for them.
pub fn receive(data: &[u8]) {
    let mut input = Input(data);
    let choice = input.byte();
    let specs: Vec<&str> =
        (0..1 + choice % 3).map(|_| FILTERS[usize::from(input.byte()) % FILTERS.len()]).collect();
    if choice & 64 == 0 { hostile(&mut input, &specs) } else { honest(&mut input, &specs) }
}

#[cfg(test)]
#[test]
fn the_corpus_holds() {
    crate::fuzz::replay("filters", receive);
}
