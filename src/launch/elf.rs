//! What the dynamic linker will look for: the names of needed libraries and the search paths inside an ELF file.
//!
//! The file is the user's and may be anything. Every offset and length in it is checked; only a few small pieces of
//! it are read. Understood is the 64-bit little-endian form; anything else is "not ours to say".

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The parts of the dynamic section that matter here.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Dynamic {
    pub needed: Vec<String>,
    /// Searched before LD_LIBRARY_PATH, unless there is a `runpath`.
    pub rpath: Option<String>,
    /// Searched after LD_LIBRARY_PATH.
    pub runpath: Option<String>,
}

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;

/// Limits for what a hostile file can make us read.
const MOST_SEGMENTS: u64 = 256;
const MOST_DYNAMIC: u64 = 64 * 1024;
const LONGEST_STRING: u64 = 4096;

/// A file, or bytes in a test.
trait Source {
    /// Up to `length` bytes from `offset`; fewer at the end, none beyond it.
    fn piece(&self, offset: u64, length: u64) -> Vec<u8>;
}

impl Source for File {
    fn piece(&self, offset: u64, length: u64) -> Vec<u8> {
        let mut bytes = vec![0; length as usize];
        let got = self.read_at(&mut bytes, offset).unwrap_or(0);
        bytes.truncate(got);
        bytes
    }
}

/// Reads the dynamic section of a file; `None` for a static program, a script, or no ELF file at all.
pub fn read(path: &Path) -> Option<Dynamic> {
    parse(&File::open(path).ok()?)
}

/// One entry of the program header table.
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
}

fn parse(source: &impl Source) -> Option<Dynamic> {
    let header = source.piece(0, 64);
    if header.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let segments = segments(source, &header)?;
    let dynamic = segments.iter().find(|s| s.kind == PT_DYNAMIC)?;
    let table = source.piece(dynamic.offset, dynamic.size.min(MOST_DYNAMIC));
    let entries: Vec<(u64, u64)> = table
        .chunks_exact(16)
        .map_while(|entry| Some((number(entry, 0, 8)?, number(entry, 8, 8)?)))
        .take_while(|(tag, _)| *tag != 0)
        .collect();
    let (_, strings) = entries.iter().find(|(tag, _)| *tag == DT_STRTAB)?;
    let strings = file_offset(&segments, *strings)?;
    let string = |at: u64| text(&source.piece(strings.checked_add(at)?, LONGEST_STRING));
    let first = |wanted: u64| entries.iter().find(|(tag, _)| *tag == wanted).and_then(|(_, at)| string(*at));
    Some(Dynamic {
        needed: entries
            .iter()
            .filter(|(tag, _)| *tag == DT_NEEDED)
            .filter_map(|(_, at)| string(*at))
            .collect(),
        rpath: first(DT_RPATH),
        runpath: first(DT_RUNPATH),
    })
}

fn segments(source: &impl Source, header: &[u8]) -> Option<Vec<Segment>> {
    let (offset, size) = (number(header, 32, 8)?, number(header, 54, 2)?);
    let count = number(header, 56, 2)?.min(MOST_SEGMENTS);
    if size < 56 {
        return None;
    }
    let table = source.piece(offset, size * count);
    let segment = |entry: &[u8]| {
        let kind = number(entry, 0, 4)? as u32;
        Some(Segment {
            kind,
            offset: number(entry, 8, 8)?,
            address: number(entry, 16, 8)?,
            size: number(entry, 32, 8)?,
        })
    };
    Some(table.chunks_exact(size as usize).map_while(segment).collect())
}

/// Where in the file an address of the running program comes from.
fn file_offset(segments: &[Segment], address: u64) -> Option<u64> {
    let inside = |s: &&Segment| s.kind == PT_LOAD && address >= s.address && address - s.address < s.size;
    let segment = segments.iter().find(inside)?;
    segment.offset.checked_add(address - segment.address)
}

/// A little-endian number of `length` bytes.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// The text up to the first zero byte; none if there is no zero byte.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|b| *b == 0)?;
    Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    impl Source for &[u8] {
        fn piece(&self, offset: u64, length: u64) -> Vec<u8> {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
            let end = start.saturating_add(length as usize).min(self.len());
            self[start..end].to_vec()
        }
    }

    /// A minimal file with a dynamic section.
    pub fn image(entries: &[(u64, &str)]) -> Vec<u8> {
        let (mut table, mut strings) = (Vec::new(), vec![0u8]);
        for (tag, value) in entries {
            table.extend([*tag, strings.len() as u64]);
            strings.extend(value.as_bytes());
            strings.push(0);
        }
        let dynamic_at = 64 + 2 * 56;
        let strings_at = dynamic_at + (table.len() + 4) as u64 * 8;
        table.extend([DT_STRTAB, strings_at + 0x1000, 0, 0]);
        let mut bytes = b"\x7fELF\x02\x01".to_vec();
        bytes.resize(64, 0);
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 2;
        let total = strings_at + strings.len() as u64;
        for (kind, offset, size) in [(PT_LOAD, 0, total), (PT_DYNAMIC, dynamic_at, table.len() as u64 * 8)] {
            bytes.extend(u64::from(kind).to_le_bytes());
            for word in [offset, offset + 0x1000, 0, size, size, 0] {
                bytes.extend(word.to_le_bytes());
            }
        }
        table.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        bytes.extend(strings);
        bytes
    }

    #[test]
    fn needed_libraries_and_paths_are_found() {
        let bytes = image(&[(DT_NEEDED, "libmpi.so.12"), (DT_NEEDED, "libc.so.6"), (DT_RPATH, "/opt/lib")]);
        let dynamic = parse(&bytes.as_slice()).unwrap();
        assert_eq!(dynamic.needed, ["libmpi.so.12", "libc.so.6"]);
        assert_eq!((dynamic.rpath.as_deref(), dynamic.runpath), (Some("/opt/lib"), None));
    }

    #[test]
    fn this_test_itself_needs_the_c_library() {
        let dynamic = read(&std::env::current_exe().unwrap()).unwrap();
        assert!(dynamic.needed.iter().any(|name| name.starts_with("libc.so")));
        assert_eq!(read(Path::new("/etc/passwd")), None);
        assert_eq!(read(Path::new("/no/such/file")), None);
    }

    #[test]
    fn damaged_files_never_panic() {
        let good = image(&[(DT_NEEDED, "libmpi.so.12"), (DT_RUNPATH, "$ORIGIN")]);
        for length in 0..good.len() {
            let _ = parse(&&good[..length]);
        }
        let mut state = 0x2545_f491_4f6c_dd1du64;
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..4 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = state as usize % bytes.len();
                bytes[at] = if state >> 60 & 1 == 0 { (state >> 32) as u8 } else { 0xff };
            }
            let _ = parse(&bytes.as_slice());
        }
    }
}
