//! Which network a frame takes.
//!
//! Striping gives a frame to the network that is expected to deliver it first: what is on its way there, plus the frame,
//! over the measured rate, plus the latency. So small frames and idle connections use the quickest network, and under
//! load each network gets its share. While that network has no room, another one may take a bulk frame, but only if it
//! delivers it before the first network could have delivered all that waits, and so soon that the window does not fill meanwhile:
//! a slow network never makes the whole slower.

use super::path::Path;
use super::{Mode, Xfer};

/// An expected time must be better by so much to count.
const MARGIN: f64 = 1.25;
/// After so many times in vain over one network, another is tried.
const STUBBORN: u8 = 3;

impl Xfer {
    /// The id of the network for this frame, if it can go now.
    #[inline]
    pub(super) fn choose(&self, seq: u32, _now: u64) -> Option<u8> {
        if let [path] = &self.paths[..] {
            return (path.is_usable() && path.is_open()).then_some(path.id);
        }
        self.choose_among(seq)
    }

    fn choose_among(&self, seq: u32) -> Option<u8> {
        let entry = self.window.get(seq)?;
        let able = |path: &&Path| path.is_usable() && path.properties.max_payload >= entry.len;
        let stubborn = entry.tries >= STUBBORN;
        let avoid = stubborn && self.paths.iter().filter(able).any(|path| path.id != entry.network);
        let avoid = avoid.then_some(entry.network);
        let candidates = || self.paths.iter().filter(able).filter(|path| Some(path.id) != avoid);
        let calm = candidates().any(|path| !path.is_doubtful());
        let candidates = || candidates().filter(move |path| !calm || !path.is_doubtful());
        let path = match self.settings.mode {
            Mode::Standby => candidates().next().filter(|path| path.is_open()),
            Mode::Striping if self.watch.usable == 1 => candidates().next().filter(|path| path.is_open()),
            Mode::Striping => {
                let share = self.window.max_bytes() as f64
                    / 4.0
                    / candidates().map(|path| path.gauge.rate()).sum::<f64>();
                let best = soonest(candidates(), entry.len)?;
                if takes(best, share) {
                    Some(best)
                } else {
                    let other = soonest(candidates().filter(|path| takes(path, share)), entry.len);
                    other.filter(|path| self.helps(path, best, entry.len))
                }
            }
        };
        path.map(|path| path.id)
    }

    /// A frame over `path` arrives before `best` could have delivered what waits.
    fn helps(&self, path: &Path, best: &Path, len: usize) -> bool {
        if len < self.settings.small_bytes {
            return false;
        }
        let time = MARGIN * path.gauge.completion(path.flights.bytes(), len);
        let queued = best.flights.bytes() + self.window.waiting_bytes();
        let window = self.window.max_bytes() as f64 / 2.0 / best.gauge.rate();
        time <= best.gauge.completion(queued, 0).min(window)
    }
}

/// There is room, not too much is risked on hearsay, and the network has no more than what it carries in `time`, so that
/// acks are soon back and the window never is what limits.
fn takes(path: &Path, time: f64) -> bool {
    let bytes = path.flights.bytes();
    path.is_open()
        && (path.properties.reliable || (path.gauge.risks(bytes) && bytes < path.gauge.limit(time as u64)))
}

fn soonest<'a>(paths: impl Iterator<Item = &'a Path>, len: usize) -> Option<&'a Path> {
    let time = |path: &Path| path.gauge.completion(path.flights.bytes(), len);
    let timed = paths.map(|path| (time(path), path));
    timed.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, path)| path)
}
