//! Bytes that a fuzzer has chosen, as choices. What is to be fuzzed has a file `fuzz.rs` beside it: a function of bytes
//! that panics when a model is violated. `c-tests/fuzz` drives them; ordinary tests replay its corpus.

/// The choices, one after the other; zeros when there are no more.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let taken = self.take(N);
        out[..taken.len()].copy_from_slice(taken);
        out
    }

    pub fn byte(&mut self) -> u8 {
        self.bytes::<1>()[0]
    }

    pub fn half(&mut self) -> u16 {
        u16::from_le_bytes(self.bytes())
    }

    pub fn word(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes())
    }

    /// Less than `end`, which is at most 65536.
    pub fn below(&mut self, end: usize) -> usize {
        let choice = if end <= 256 { usize::from(self.byte()) } else { usize::from(self.half()) };
        choice % end.max(1)
    }

    /// Small, near a limit, or anything.
    pub fn size(&mut self, limit: usize) -> usize {
        match self.byte() % 4 {
            0 => usize::from(self.byte() % 64).min(limit),
            1 => limit.saturating_sub(usize::from(self.byte() % 16)),
            _ => self.below(limit + 1),
        }
    }

    /// The next bytes, at most `len`.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (now, later) = self.0.split_at(len.min(self.0.len()));
        self.0 = later;
        now
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.take(usize::MAX)
    }
}

/// Runs a target over its committed corpus.
#[cfg(test)]
pub fn replay(name: &str, target: impl Fn(&[u8])) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("c-tests/fuzz/corpus").join(name);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut count = 0;
    for file in files {
        let path = file.expect("a file of the corpus").path();
        eprintln!("{}", path.display());
        target(&std::fs::read(&path).expect("a file of the corpus"));
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
    target(&[]);
}
