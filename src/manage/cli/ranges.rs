//! Sets of ranks as users write them: `0,4-7`.

use crate::core::manage::Peers;

/// Reads a list of ranks below `size`.
pub fn parse(text: &str, size: u32) -> Result<Vec<u32>, String> {
    let wrong = || format!("'{text}' names no ranks, expected a list such as 0,4-7");
    let Ok(Peers::Listed(ranges)) = Peers::parse(text) else { return Err(wrong()) };
    if let Some((_, last)) = ranges.iter().find(|(_, last)| *last >= size) {
        return Err(format!("there is no rank {last}, the job has {size}"));
    }
    let mut ranks: Vec<u32> = ranges.into_iter().flat_map(|(first, last)| first..=last).collect();
    ranks.sort_unstable();
    ranks.dedup();
    Ok(ranks)
}

/// Writes ascending ranks.
pub fn write(ranks: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for rank in ranks {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *rank => *last = *rank,
            _ => ranges.push((*rank, *rank)),
        }
    }
    let one = |(first, last): &(u32, u32)| {
        if first == last { format!("{first}") } else { format!("{first}-{last}") }
    };
    ranges.iter().map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_written() {
        assert_eq!(parse("4-6,0,5", 7), Ok(vec![0, 4, 5, 6]));
        assert_eq!(write(&[0, 4, 5, 6]), "0,4-6");
        assert_eq!(write(&[]), "");
        assert!(parse("4-7", 7).unwrap_err().contains("no rank 7"));
        for bad in ["all", "", "x", "-1", "3-1"] {
            assert!(parse(bad, 9).is_err(), "{bad}");
        }
    }
}
