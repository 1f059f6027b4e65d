//! Against a server made of a thread and a map, answering as hydra does.

use super::*;
use std::collections::HashMap;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Barrier, Mutex};

type Store = Arc<Mutex<HashMap<String, String>>>;

/// Serves one rank until it disconnects.
fn serve(socket: UnixStream, store: Store, barrier: Arc<Barrier>) {
    let mut output = socket.try_clone().unwrap();
    for line in BufReader::new(socket).lines() {
        let line = line.unwrap();
        let field = |name| word(&line, name).unwrap_or_default().to_string();
        let answer = match word(&line, "cmd").unwrap() {
            "init" => "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0".into(),
            "get_maxes" => "cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=100 rc=0".into(),
            "get_my_kvsname" => "cmd=my_kvsname kvsname=kvs_1_0".into(),
            "get_appnum" => "cmd=appnum appnum=2 rc=0".into(),
            "get_universe_size" => "cmd=universe_size size=9 rc=0".into(),
            "put" => {
                assert!(field("value").len() < 100 && field("key").len() < 64);
                store.lock().unwrap().insert(field("key"), field("value"));
                "cmd=put_result rc=0 msg=success".into()
            }
            "get" => match store.lock().unwrap().get(&field("key")) {
                Some(value) => format!("cmd=get_result rc=0 msg=success value={value}"),
                None => format!("cmd=get_result rc=-1 msg=key_{}_not_found value=unknown", field("key")),
            },
            "barrier_in" => {
                barrier.wait();
                "cmd=barrier_out".into()
            }
            "finalize" => "cmd=finalize_ack".into(),
            other => panic!("unexpected command {other}"),
        };
        writeln!(output, "{answer}").unwrap();
    }
}

/// Runs `body` as each of `size` ranks of one job.
fn job(size: u32, body: impl Fn(super::super::Job) + Send + Sync) {
    let (store, barrier) = (Store::default(), Arc::new(Barrier::new(size as usize)));
    std::thread::scope(|scope| {
        for rank in 0..size {
            let (ours, theirs) = UnixStream::pair().unwrap();
            let (store, barrier, body) = (store.clone(), barrier.clone(), &body);
            scope.spawn(move || serve(theirs, store, barrier));
            scope.spawn(move || {
                let (place, segment, link) = join(&PmiServer { fd: ours.as_raw_fd(), rank, size }).unwrap();
                drop(ours);
                body(super::super::Job::new(place, segment, link).unwrap());
            });
        }
    });
}

#[test]
fn ranks_meet_and_exchange_cards_longer_than_a_value() {
    let secrets = Mutex::new(Vec::new());
    job(3, |job| {
        assert_eq!(
            (job.size(), job.local_ranks(), job.appnum(), job.universe_size()),
            (3, &[0, 1, 2][..], 2, 9)
        );
        assert_eq!(job.local_index() as u32, job.rank());
        job.put("long", &vec![job.rank() as u8; 1000]).unwrap();
        job.put("empty", b"").unwrap();
        job.fence().unwrap();
        for rank in 0..3 {
            assert_eq!(job.get(rank, "long"), Ok(vec![rank as u8; 1000]));
            assert_eq!(job.get(rank, "empty"), Ok(vec![]));
        }
        assert!(job.get(0, "none").is_err());
        assert!(job.put(&"k".repeat(80), b"").unwrap_err().to_string().contains("longer"));
        job.fence().unwrap();
        secrets.lock().unwrap().push(job.secret());
        job.finalize().unwrap();
    });
    let secrets = secrets.into_inner().unwrap();
    assert!(secrets.iter().all(|s| *s == secrets[0]) && secrets[0] != [0; 32]);
}

#[test]
fn a_descriptor_that_is_no_socket_is_explained() {
    let file = File::open("/dev/null").unwrap();
    for fd in [9999, file.as_raw_fd()] {
        let error = join(&PmiServer { fd, rank: 0, size: 1 }).err().unwrap();
        assert!(error.to_string().starts_with(&format!("PMI_FD={fd} cannot be used")), "{error}");
    }
}

#[test]
fn a_server_that_hangs_up_or_talks_nonsense_is_an_error() {
    for answer in ["", "cmd=what\n", "cmd=response_to_init rc=-1\n"] {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(answer.as_bytes()).unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(join(&PmiServer { fd: ours.as_raw_fd(), rank: 0, size: 1 }).is_err());
    }
}

#[test]
fn node_cards_are_checked() {
    let card = NodeCard {
        machine: "boot/net".into(),
        host: "here".into(),
        meeting: "name".into(),
        ticket: [1; 32],
        secret: [2; 32],
    };
    let bytes = card.encode();
    assert_eq!(NodeCard::decode(&bytes), Ok(card));
    assert!(NodeCard::decode(&bytes[..bytes.len() - 1]).is_err());
    assert!(NodeCard::decode(b"garbage").is_err());
}

#[test]
fn ranks_are_grouped_by_machine() {
    let card = |machine: &str, host: &str| NodeCard {
        machine: machine.into(),
        host: host.into(),
        meeting: String::new(),
        ticket: [0; 32],
        secret: [0; 32],
    };
    let cards = [card("m1", "a"), card("m2", "a"), card("m1", "a")];
    assert_eq!(group(&cards), (vec!["a".to_string(), "a".to_string()], vec![0, 1, 0]));
}
