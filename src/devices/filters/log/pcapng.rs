//! Blocks of a pcapng file, and the headers by which Wireshark takes a frame for a UDP datagram between two hosts.
//!
//! Rank r is host 10.x.y.z with x.y.z = r in three bytes; the UDP payload is the frame's kind, three zeros, the
//! header's numbers (little-endian), and the message. The destination port is 61000 + kind.

/// What one packet is.
pub struct Packet {
    pub time_ns: u64,
    pub sender: u32,
    pub receiver: u32,
    pub kind: u8,
    pub meta: [u32; 3],
    /// Bytes of the whole message.
    pub len: usize,
    /// Sent by this process (or else received).
    pub outbound: bool,
}

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const ETHERNET: u16 = 1;

const ETHERNET_LEN: usize = 14;
const IP_LEN: usize = 20;
const UDP_LEN: usize = 8;
const FRAME_LEN: usize = 16;
/// Bytes in front of the message.
pub const HEAD: usize = ETHERNET_LEN + IP_LEN + UDP_LEN + FRAME_LEN;
const SOURCE_PORT: u16 = 60000;
const KIND_PORT: u16 = 61000;

/// Begins a block; [`end`] completes it.
fn begin(out: &mut Vec<u8>, kind: u32) -> usize {
    let at = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    at
}

fn end(out: &mut Vec<u8>, at: usize) {
    let len = (out.len() - at + 4) as u32;
    out[at + 4..at + 8].copy_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&len.to_le_bytes());
}

fn pad(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&[0; 3][..len.wrapping_neg() % 4]);
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    out.extend_from_slice(value);
    pad(out, value.len());
}

/// Begins a section: its header, and the description of its one interface.
pub fn section(out: &mut Vec<u8>) {
    let at = begin(out, SECTION);
    out.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
    out.extend_from_slice(&[1, 0, 0, 0]); // version 1.0
    out.extend_from_slice(&u64::MAX.to_le_bytes()); // length not stated
    option(out, 4, concat!("VMI ", env!("CARGO_PKG_VERSION")).as_bytes());
    option(out, 0, &[]);
    end(out, at);
    let at = begin(out, INTERFACE);
    out.extend_from_slice(&ETHERNET.to_le_bytes());
    out.extend_from_slice(&[0; 6]); // reserved; no limit of the packet length
    option(out, 2, b"vmi");
    option(out, 3, b"frames of a job, as UDP datagrams between 10.rank");
    option(out, 9, &[9]); // nanoseconds
    option(out, 0, &[]);
    end(out, at);
}

/// How many packets are missing because the disk was too slow or full.
pub fn statistics(out: &mut Vec<u8>, time_ns: u64, dropped: u64) {
    let at = begin(out, STATISTICS);
    out.extend_from_slice(&[0; 4]);
    time(out, time_ns);
    option(out, 5, &dropped.to_le_bytes());
    option(out, 0, &[]);
    end(out, at);
}

fn time(out: &mut Vec<u8>, ns: u64) {
    out.extend_from_slice(&((ns >> 32) as u32).to_le_bytes());
    out.extend_from_slice(&(ns as u32).to_le_bytes());
}

/// One packet with the first `snap` bytes of its message, which `fill` appends.
pub fn packet(out: &mut Vec<u8>, packet: &Packet, snap: usize, fill: impl FnOnce(usize, &mut Vec<u8>)) {
    let kept = packet.len.min(snap);
    let at = begin(out, ENHANCED_PACKET);
    out.extend_from_slice(&[0; 4]);
    time(out, packet.time_ns);
    out.extend_from_slice(&((HEAD + kept) as u32).to_le_bytes());
    out.extend_from_slice(&u32::try_from(HEAD + packet.len).unwrap_or(u32::MAX).to_le_bytes());
    headers(out, packet);
    let before = out.len();
    fill(kept, out);
    out.resize(before + kept, 0);
    pad(out, HEAD + kept);
    option(out, 2, &[if packet.outbound { 2 } else { 1 }, 0, 0, 0]);
    option(out, 0, &[]);
    end(out, at);
}

fn headers(out: &mut Vec<u8>, packet: &Packet) {
    let (from, to) = (packet.sender.to_be_bytes(), packet.receiver.to_be_bytes());
    out.extend_from_slice(&[
        2, 0, to[0], to[1], to[2], to[3], 2, 0, from[0], from[1], from[2], from[3], 8, 0,
    ]);
    // Longer messages do not fit into the length fields; the packet's true length is in its block.
    let udp = (UDP_LEN + FRAME_LEN + packet.len).min(usize::from(u16::MAX) - IP_LEN) as u16;
    let mut ip =
        [0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, from[1], from[2], from[3], 10, to[1], to[2], to[3]];
    ip[2..4].copy_from_slice(&(IP_LEN as u16 + udp).to_be_bytes());
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    out.extend_from_slice(&ip);
    out.extend_from_slice(&SOURCE_PORT.to_be_bytes());
    out.extend_from_slice(&(KIND_PORT + u16::from(packet.kind)).to_be_bytes());
    out.extend_from_slice(&udp.to_be_bytes());
    out.extend_from_slice(&[0, 0, packet.kind, 0, 0, 0]); // no UDP checksum
    packet.meta.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
}

/// RFC 1071.
fn checksum(words: &[u8; IP_LEN]) -> u16 {
    let sum: u32 = words.chunks_exact(2).map(|w| u32::from(w[0]) << 8 | u32::from(w[1])).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}
