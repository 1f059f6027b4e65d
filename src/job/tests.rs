//! A job of one, as a program started without a launcher sees it.

use super::*;

fn alone() -> Job {
    let (place, segment, link) = single::join().unwrap();
    Job::new(place, segment, link).unwrap()
}

#[test]
fn a_lone_process_is_rank_0_of_1() {
    let job = alone();
    assert_eq!((job.rank(), job.size(), job.local_ranks(), job.local_index()), (0, 1, &[0][..], 0));
    assert!(job.all_local() && job.is_local(0) && !job.is_local(1));
    assert!(job.event_fd().is_none() && !job.host_of(0).is_empty());
}

#[test]
fn cards_of_a_lone_process() {
    let job = alone();
    job.put("tcp", b"address").unwrap();
    job.fence().unwrap();
    assert_eq!(job.get(0, "tcp"), Ok(b"address".to_vec()));
    assert!(job.get(0, "none").unwrap_err().to_string().contains("'none'"));
    assert!(job.get(1, "tcp").unwrap_err().to_string().contains("rank 1 in a job of 1"));
    job.finalize().unwrap();
}

#[test]
fn a_place_that_does_not_fit_is_an_error() {
    let (place, segment, link) = single::join().unwrap();
    let place = Place { host_of: vec![3], ..place };
    assert!(Job::new(place, segment, link).is_err());
}
