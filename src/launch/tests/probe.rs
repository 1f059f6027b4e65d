//! A rank for the tests of `vmirun`: joins the job and does what its argument says.

use std::io::Write;
use std::os::unix::fs::FileExt;
use vmi::job::Job;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let job = match Job::discover() {
        Ok(job) => job,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(9);
        }
    };
    let rank = job.rank().to_string();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["hello"] => hello(&job),
        ["abort", code, who] if who == rank => job.abort(code.parse().unwrap_or(1), "because"),
        // The rank named leaves in its own way; the others compute for ever without calling anything.
        ["exit", code, who] if who == rank => std::process::exit(code.parse().unwrap_or(1)),
        ["kill", who] if who == rank => {
            let _ = vmi::sys::process::kill(std::process::id() as i32, 9);
        }
        ["after", code] => {
            finalize(&job);
            std::process::exit(code.parse().unwrap_or(1));
        }
        ["twice"] => twice(&job),
        _ => compute(&job),
    }
}

fn finalize(job: &Job) {
    job.fence().and_then(|()| job.finalize()).expect("the launcher lets the job end");
}

/// Everything a job offers, checked from every rank.
fn hello(job: &Job) {
    let card = |rank: u32| format!("card of {rank}").into_bytes();
    job.put("card", &card(job.rank())).expect("put");
    let segment = std::fs::File::from(job.node_segment().try_clone_to_owned().expect("descriptor"));
    // Far behind anything of the segment's header.
    let mark = |rank: u32| 65536 + u64::from(rank);
    segment.write_all_at(&[mark_of(job.rank())], mark(job.rank())).expect("write to the segment");
    job.fence().expect("fence");
    for rank in 0..job.size() {
        assert_eq!(job.get(rank, "card"), Ok(card(rank)));
        let mut byte = [0];
        segment.read_exact_at(&mut byte, mark(rank)).expect("read from the segment");
        assert_eq!(byte[0], if job.is_local(rank) { mark_of(rank) } else { 0 });
    }
    let hosts: Vec<&str> = (0..job.size()).map(|rank| job.host_of(rank)).collect();
    println!(
        "rank {} of {} local {:?} app {} hosts {hosts:?}",
        job.rank(),
        job.size(),
        job.local_ranks(),
        job.appnum()
    );
    finalize(job);
}

/// Never 0, which is what nobody has written.
fn mark_of(rank: u32) -> u8 {
    (rank % 255) as u8 + 1
}

fn twice(job: &Job) {
    let error = Job::discover().err().expect("a second place for one rank");
    println!("{error}");
    finalize(job);
}

/// Says where it is and computes until it is killed.
fn compute(job: &Job) {
    job.fence().expect("fence");
    println!("socket {} process {}", std::env::var("VMI_JOB_SOCKET").unwrap_or_default(), std::process::id());
    let _ = std::io::stdout().flush();
    loop {
        std::hint::spin_loop();
    }
}
