//! Striping in virtual time: what several networks reach together.

use super::super::{Mode, Settings};
use super::end::Plan;
use super::net::Spec;
use super::world::World;

/// MB/s of a long one-way stream of frames of `size` bytes.
fn throughput(specs: &[Spec], size: u64, mb: u64) -> f64 {
    let stream = Plan { frames: mb * 1_000_000 / size, least: size, most: size, pause: 0, inattention: 2000 };
    let none = Plan { frames: 0, least: 0, most: 0, pause: 0, inattention: 2000 };
    let settings = Settings { mode: Mode::Striping, ..Settings::default() };
    let mut world = World::new(11, specs, &settings, [stream, none]);
    assert!(world.run(1_000_000_000_000), "{}", world.describe());
    if std::env::var("VMI_XFER_SHOW").is_ok() {
        println!("{}", world.describe());
    }
    world.ends[1].received_bytes as f64 * 1000.0 / world.ends[1].last_delivery as f64
}

fn compare(name: &str, specs: &[Spec], size: u64, mb: u64) -> (f64, f64) {
    // 5 MB at least; about as long as the others.
    let fastest = specs.iter().map(|spec| spec.rate).fold(0.0, f64::max);
    let share = |spec: &Spec| 5 + (mb as f64 * spec.rate / fastest) as u64;
    let alone: Vec<f64> = specs.iter().map(|spec| throughput(&[*spec], size, share(spec))).collect();
    let (sum, best) = (alone.iter().sum::<f64>(), alone.iter().copied().fold(0.0, f64::max));
    let both = throughput(specs, size, mb);
    println!(
        "{name}, {size} bytes: {both:.1} MB/s, alone {alone:.1?}; {:.3} of the sum, {:.3} of the best",
        both / sum,
        both / best
    );
    (both / sum, both / best)
}

#[test]
fn two_equal_networks_add_up() {
    for boast in [1.0, 0.05, 20.0] {
        let twin = |us| Spec { boast, ..Spec::tcp(500.0, us) };
        assert!(compare("equal", &[twin(50), twin(80)], 65_000, 200).0 >= 0.9);
    }
}

#[test]
fn four_to_one_adds_up() {
    for boast in [1.0, 0.05, 20.0] {
        let other = Spec { boast, ..Spec::tcp(100.0, 80) };
        assert!(compare("4:1", &[Spec::tcp(400.0, 50), other], 65_000, 200).0 >= 0.9);
        assert!(compare("1:4", &[other, Spec::tcp(400.0, 50)], 65_000, 200).0 >= 0.9);
    }
}

#[test]
fn a_slow_network_does_not_make_the_whole_slower() {
    for boast in [1.0, 100.0] {
        let slow = Spec { boast, ..Spec::tcp(10.0, 500) };
        assert!(compare("100:1", &[Spec::tcp(1000.0, 50), slow], 65_000, 400).1 >= 0.97);
        assert!(compare("1:100", &[slow, Spec::tcp(1000.0, 50)], 65_000, 400).1 >= 0.97);
    }
}

#[test]
fn nor_does_one_that_is_fast_after_a_pause() {
    let shaped = |mb| Spec { burst: 128 << 10, boast: 250.0, ..Spec::tcp(mb, 50) };
    for size in [4_000, 116_000] {
        let (_, best) = compare("shaped, 100:1", &[Spec::tcp(50.0, 50), shaped(0.5)], size, 300);
        assert!(best >= 0.97, "{best}");
    }
}

#[test]
fn small_frames_are_not_slowed_down_either() {
    let specs = [Spec::tcp(400.0, 50), Spec::tcp(100.0, 80)];
    for size in [64, 1000, 8000] {
        assert!(compare("4:1", &specs, size, 20 + size / 100).1 >= 0.95);
    }
}

#[test]
fn a_lossy_network_gets_through() {
    let specs = [Spec::tcp(100.0, 50), Spec::udp(100.0, 50, 10)];
    let (sum, best) = compare("tcp and udp with 0.1 % loss", &specs, 8000, 60);
    assert!(sum > 0.7 && best > 0.97, "{sum} {best}");
}

/// MB/s of a stream while the processes look at the networks late and both directions are in use.
#[test]
fn two_way_traffic_of_lazy_processes_adds_up_too() {
    let run = |specs: &[Spec], number: u64| {
        let stream = Plan { frames: number, least: 30_000, most: 65_000, pause: 0, inattention: 100_000 };
        let settings = Settings { mode: Mode::Striping, ..Settings::default() };
        let mut world = World::new(13, specs, &settings, [stream.clone(), stream]);
        assert!(world.run(1_000_000_000_000), "{}", world.describe());
        let resent: u64 = world.ends.iter().map(|end| end.resent() + end.failures()).sum();
        assert_eq!(resent, 0, "{}", world.describe());
        let rate = |side: usize| {
            world.ends[side].received_bytes as f64 * 1000.0 / world.ends[side].last_delivery as f64
        };
        rate(0).min(rate(1))
    };
    let pairs = [
        [Spec::tcp(400.0, 50), Spec::tcp(400.0, 100)],
        [Spec::tcp(400.0, 50), Spec::tcp(100.0, 100)],
        [Spec::tcp(100.0, 10), Spec::tcp(400.0, 3000)],
        [Spec::tcp(400.0, 50), Spec::tcp(4.0, 10_000)],
    ];
    for mut pair in pairs {
        for buffer in [256 << 10, 4 << 20] {
            pair.iter_mut().for_each(|spec| spec.buffer = buffer);
            let number = |spec: &Spec| (spec.rate * 8_000.0) as u64 + 100;
            let alone = [run(&pair[..1], number(&pair[0])), run(&pair[1..], number(&pair[1]))];
            let (sum, both) = (alone[0] + alone[1], run(&pair, number(&pair[0]) + number(&pair[1])));
            println!(
                "two-way, buffers of {buffer}: {both:.1} MB/s, alone {alone:.1?}; {:.3} of the sum",
                both / sum
            );
            assert!(both >= 0.9 * sum.min(1.05 * alone[0].max(alone[1])), "{pair:?}");
        }
    }
}

#[test]
fn a_network_that_becomes_slow_is_noticed() {
    let settings = Settings { mode: Mode::Striping, ..Settings::default() };
    let stream = Plan { frames: 10_000, least: 60_000, most: 60_000, pause: 0, inattention: 2000 };
    let none = Plan { frames: 0, ..stream.clone() };
    let specs = [Spec::tcp(400.0, 50), Spec::tcp(400.0, 50)];
    let mut world = World::new(17, &specs, &settings, [stream, none]);
    while world.now < 200_000_000 {
        world.step();
    }
    let before = world.ends[1].received_bytes;
    world.nets[1].spec.rate = 0.004;
    while world.now < 700_000_000 {
        world.step();
    }
    let rate = (world.ends[1].received_bytes - before) as f64 * 1000.0 / 500_000_000.0;
    println!("400 MB/s + 400 MB/s, one of which falls to 4: {rate:.1} MB/s over the next 500 ms");
    world.nets[1].spec.rate = 0.4;
    let before = world.ends[1].received_bytes;
    while world.now < 1_200_000_000 {
        world.step();
    }
    let after = (world.ends[1].received_bytes - before) as f64 * 1000.0 / 500_000_000.0;
    println!("and rises again: {after:.1} MB/s over the next 500 ms");
    assert!(rate > 250.0 && after > 500.0);
}
