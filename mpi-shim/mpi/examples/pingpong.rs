//! Half round trip and message rate of the engine itself, without an ABI library around it.
//! Run with `vmirun -n 2 target/release/examples/pingpong`.

use std::time::Instant;
use vmi_mpi::{CommId, Eng, RequestId, Status, Statuses, TypeId, UserBuf, engine, p2p, request};

const BYTE: TypeId = TypeId(583);
const WORLD: CommId = CommId(257);

fn none() -> Statuses {
    unsafe fn store(_: *mut u8, _: usize, _: &Status, _: bool) {}
    unsafe fn load(_: *const u8, _: usize) -> Status {
        Status::EMPTY
    }
    // SAFETY: a null status is ignored.
    unsafe { Statuses::new(std::ptr::null_mut(), vmi_mpi_args::StatusCodec { load, store }) }
}

fn main() {
    let guard = engine::enter();
    let e: Eng = guard.value();
    let job = vmi::job::Job::discover().unwrap_or_else(|why| panic!("{why}"));
    let job: &'static vmi::job::Job = Box::leak(Box::new(job));
    vmi_mpi::comm::set_up(e, job.rank(), job.size()).expect("set up");
    e.start(job).expect("start");
    let me = job.rank() as i32;
    let peer = 1 - me;
    for len in [0usize, 8, 48, 64, 256, 1024, 4096, 8192, 16384, 65536, 262144, 1 << 20, 4 << 20] {
        let rounds = if len <= 4096 { 200_000 } else { (400 << 20) / len / 2 };
        let mut buf = vec![me as u8; len.max(1)];
        let b = UserBuf::of(&mut buf);
        let start = Instant::now();
        for _ in 0..rounds {
            if me == 0 {
                p2p::send(e, b, len as i64, BYTE, peer, 1, WORLD).expect("send");
                p2p::recv(e, b, len as i64, BYTE, peer, 1, WORLD, none()).expect("recv");
            } else {
                p2p::recv(e, b, len as i64, BYTE, peer, 1, WORLD, none()).expect("recv");
                p2p::send(e, b, len as i64, BYTE, peer, 1, WORLD).expect("send");
            }
        }
        let half = start.elapsed().as_secs_f64() / rounds as f64 / 2.0;
        let window = 64;
        let rounds = if len <= 4096 { 5_000 } else { ((400 << 20) / len / window).max(4) };
        let mut bufs = vec![vec![me as u8; len.max(1)]; window];
        let start = Instant::now();
        for _ in 0..rounds {
            let go = |buf: &mut Vec<u8>| {
                let b = UserBuf::of(buf);
                if me == 0 {
                    p2p::isend(e, b, len as i64, BYTE, peer, 1, WORLD).expect("isend")
                } else {
                    p2p::irecv(e, b, len as i64, BYTE, peer, 1, WORLD).expect("irecv")
                }
            };
            let mut all: Vec<RequestId> = bufs.iter_mut().map(go).collect();
            for r in &mut all {
                request::wait(e, r, none()).expect("wait");
            }
            if me == 0 {
                p2p::recv(e, b, 0, BYTE, peer, 2, WORLD, none()).expect("recv");
            } else {
                p2p::send(e, b, 0, BYTE, peer, 2, WORLD).expect("send");
            }
        }
        let per = start.elapsed().as_secs_f64() / (rounds * window) as f64;
        if me == 0 {
            println!(
                "{len:>8} B  {:8.3} us  {:7.2} GB/s | window {:8.3} us/msg {:7.2} Mmsg/s {:7.2} GB/s",
                half * 1e6,
                len as f64 / half / 1e9,
                per * 1e6,
                1e-6 / per,
                len as f64 / per / 1e9
            );
        }
    }
    e.stop().expect("stop");
    job.finalize().expect("finalize");
}
