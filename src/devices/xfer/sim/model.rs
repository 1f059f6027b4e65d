//! Random histories against the oracle in [`super::end`], and histories with known outcome.

use super::super::{Mode, Settings};
use super::Random;
use super::end::Plan;
use super::net::Spec;
use super::world::{Deed, World};

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;

fn plan(frames: u64, most: u64, pause: u64) -> Plan {
    Plan { frames, least: 0, most, pause, inattention: 0 }
}

fn settings(mode: Mode, dead_ms: u64) -> Settings {
    Settings { mode, dead_after_ns: dead_ms * MS, ..Settings::default() }
}

fn random_spec(random: &mut Random) -> Spec {
    let (mb, us) = (random.between(5, 500) as f64, random.between(1, 2000));
    let mut spec = if random.one_in(3) {
        let loss = random.below(1000);
        Spec::udp(mb, us, loss)
    } else {
        Spec::tcp(mb, us)
    };
    spec.buffer = random.between(1 << 10, 1 << 19) as usize;
    spec.boast = [0.01, 1.0, 100.0][random.below(3) as usize];
    spec
}

fn random_settings(random: &mut Random) -> Settings {
    let mode = if random.one_in(2) { Mode::Striping } else { Mode::Standby };
    let mut settings = settings(mode, random.between(40, 1000));
    settings.window_bytes = 1 << random.between(12, 24);
    settings.window_frames = random.between(4, 4096) as usize;
    settings.ack_frames = random.between(1, 64) as usize;
    settings.small_bytes = random.between(100, 16 << 10) as usize;
    settings
}

fn random_plan(random: &mut Random) -> Plan {
    let most = [16, 2000, 60_000][random.below(3) as usize];
    let inattention = [0, 0, 100_000, 5 * MS][random.below(4) as usize];
    let pause = [0, 100_000, 10 * MS][random.below(3) as usize];
    Plan { frames: random.between(0, 400), least: 0, most, pause, inattention }
}

fn random_script(nets: usize, random: &mut Random) -> Vec<(u64, usize, Deed)> {
    let end = 3 * S;
    let mut script: Vec<_> = (0..random.below(14))
        .map(|_| {
            let side = random.below(2) as usize;
            let deeds = [
                Deed::Silent(side),
                Deed::Dead,
                Deed::Reset,
                Deed::HalfReset(side),
                Deed::Unplug,
                Deed::Restore,
                Deed::Restore,
                Deed::Disable(side),
                Deed::Enable(side),
            ];
            (random.below(end), random.below(nets as u64) as usize, deeds[random.below(9) as usize])
        })
        .collect();
    // In the end, some network lives.
    let survivor = random.below(nets as u64) as usize;
    for net in (0..nets).filter(|&net| net == survivor || random.one_in(2)) {
        script.extend([(end, net, Deed::Restore), (end, net, Deed::Enable(0)), (end, net, Deed::Enable(1))]);
    }
    script
}

fn history(seed: u64) -> World {
    let mut random = Random::new(seed + 1000);
    let specs: Vec<Spec> = (0..random.between(1, 4)).map(|_| random_spec(&mut random)).collect();
    let settings = random_settings(&mut random);
    let plans = [random_plan(&mut random), random_plan(&mut random)];
    let mut world = World::new(seed, &specs, &settings, plans);
    if random.one_in(2) {
        world.number_from(u32::MAX - random.below(500) as u32);
    }
    let script = random_script(specs.len(), &mut random);
    world.script(script);
    world
}

/// `VMI_XFER_HISTORIES` says how many, `VMI_XFER_SEED` from which on.
#[test]
fn every_history_ends_with_everything_delivered_once_and_in_order() {
    let number =
        |name, default| std::env::var(name).ok().and_then(|v: String| v.parse().ok()).unwrap_or(default);
    let (first, histories) = (number("VMI_XFER_SEED", 0), number("VMI_XFER_HISTORIES", 1500));
    let (mut frames, mut resent, mut failures) = (0, 0, 0);
    for seed in first..first + histories {
        let mut world = history(seed);
        assert!(world.run(90 * S), "seed {seed}: {}", world.describe());
        for end in &world.ends {
            (frames, resent, failures) =
                (frames + end.received, resent + end.resent(), failures + end.failures());
            assert_eq!(end.xfer.given_up(world.now), None, "seed {seed}");
        }
    }
    println!(
        "{histories} histories: {frames} frames, {failures} failures of networks, {resent} frames resent"
    );
}

/// The longest time without a delivery, and the failures seen by the sender.
fn gap(mode: Mode, specs: &[Spec], deed: Deed, restore: Option<u64>) -> (u64, u64) {
    let plans = [plan(30_000, 1000, 200_000), plan(0, 0, 0)];
    let mut world = World::new(1, specs, &settings(mode, 1000), plans);
    let restore = restore.map(|at| (at, 0, Deed::Restore));
    world.script([(1500 * MS, 0, deed)].into_iter().chain(restore).collect());
    assert!(world.run(60 * S), "{}", world.describe());
    (world.ends[1].gap, world.ends[0].failures())
}

#[test]
fn a_silent_death_is_noticed_in_bounded_time() {
    let two = [Spec::tcp(100.0, 50), Spec::tcp(100.0, 60)];
    for mode in [Mode::Standby, Mode::Striping] {
        let (gap, failures) = gap(mode, &two, Deed::Dead, None);
        println!(
            "{mode:?}, silent death, dead_after 1000 ms: nothing arrived for {:.1} ms",
            gap as f64 / 1e6
        );
        assert!(gap < 1300 * MS && failures == 1, "{gap} ns, {failures}");
    }
}

#[test]
fn a_visible_break_costs_round_trips_only() {
    let two = [Spec::tcp(100.0, 50), Spec::tcp(100.0, 60)];
    for (name, deed) in [("reset", Deed::Reset), ("unplugged", Deed::Unplug)] {
        let (gap, _) = gap(Mode::Standby, &two, deed, None);
        println!("{name}, two networks: nothing arrived for {:.2} ms", gap as f64 / 1e6);
        assert!(gap < 2 * MS, "{gap} ns");
    }
    let (gap, _) = gap(Mode::Standby, &two[..1], Deed::Reset, None);
    println!("reset, one network: nothing arrived for {:.2} ms", gap as f64 / 1e6);
    assert!(gap < 120 * MS, "{gap} ns");
}

#[test]
fn a_lone_network_that_is_silent_for_a_while_resumes() {
    for (name, spec) in [("tcp", Spec::tcp(100.0, 50)), ("udp", Spec::udp(100.0, 50, 10))] {
        let (gap, _) = gap(Mode::Standby, &[spec], Deed::Dead, Some(5 * S));
        println!("{name} alone, silent for 3500 ms: nothing arrived for {:.1} ms", gap as f64 / 1e6);
        assert!(gap < 5500 * MS, "{gap} ns");
    }
}

#[test]
fn a_slow_peer_is_not_declared_dead_and_nothing_is_resent_without_need() {
    let two = [Spec::tcp(100.0, 50), Spec::tcp(50.0, 60)];
    for mode in [Mode::Standby, Mode::Striping] {
        let slow = |frames| Plan { inattention: 120 * MS, ..plan(frames, 3000, 100_000) };
        let mut world = World::new(5, &two, &settings(mode, 1000), [slow(1500), slow(1000)]);
        assert!(world.run(600 * S), "{}", world.describe());
        for end in &world.ends {
            assert_eq!((end.failures(), end.resent()), (0, 0), "{}", world.describe());
        }
    }
}

#[test]
fn traffic_returns_to_the_preferred_network() {
    let two = [Spec::tcp(100.0, 50), Spec::tcp(100.0, 60)];
    let mut world =
        World::new(9, &two, &settings(Mode::Standby, 200), [plan(60_000, 500, 200_000), plan(0, 0, 0)]);
    world.script(vec![(500 * MS, 0, Deed::Dead), (2 * S, 0, Deed::Restore)]);
    let counts = |world: &World, net: usize| world.ends[0].xfer.paths[net].counts.frames_out;
    while world.now < 19 * S / 10 {
        world.step();
    }
    let (before, standby) = (counts(&world, 0), counts(&world, 1));
    assert!(standby > 5000, "{}", world.describe());
    while world.now < 32 * S / 10 {
        world.step();
    }
    let standby = counts(&world, 1);
    assert!(world.run(60 * S), "{}", world.describe());
    assert!(counts(&world, 0) > before + 20_000 && counts(&world, 1) == standby, "{}", world.describe());
}

#[test]
fn a_reliable_network_keeps_nothing_and_may_be_taken_down_and_up() {
    let shm = Spec { reliable: true, ..Spec::tcp(5000.0, 1) };
    let plans = [plan(20_000, 3000, 100_000), plan(20_000, 3000, 100_000)];
    let mut world = World::new(3, &[shm, Spec::tcp(100.0, 50)], &settings(Mode::Standby, 1000), plans);
    let toggle = |i: u64| {
        let side = i as usize / 2 % 2;
        (
            100 * MS + i * 15 * MS,
            0,
            if i.is_multiple_of(2) { Deed::Disable(side) } else { Deed::Enable(side) },
        )
    };
    world.script((0..40).map(toggle).collect());
    assert!(world.run(60 * S), "{}", world.describe());
    let [a, b] = &world.ends;
    assert_eq!(a.resent() + b.resent(), 0);
    assert!(a.xfer.paths.iter().all(|path| path.counts.frames_out > 1000), "{}", world.describe());
}

#[test]
fn a_peer_out_of_reach_is_given_up_and_the_message_says_what_was_tried() {
    let two = [Spec::tcp(100.0, 50), Spec::tcp(100.0, 60)];
    let mut world =
        World::new(4, &two, &settings(Mode::Standby, 500), [plan(100_000, 100, 100_000), plan(0, 0, 0)]);
    world.script(vec![(500 * MS, 0, Deed::Dead), (600 * MS, 1, Deed::Unplug)]);
    while world.now < 59 * S {
        world.step();
        assert_eq!(world.ends[0].xfer.given_up(world.now), None);
    }
    let outage = world.ends[0].xfer.outage().expect("an outage");
    assert!((600 * MS..1200 * MS).contains(&outage.since), "{outage:?}");
    while world.now < 63 * S {
        world.step();
    }
    let text = world.ends[0].xfer.given_up(world.now).expect("given up").text;
    assert_eq!(text, "net0: connection timed out; net1: connection refused");
}
