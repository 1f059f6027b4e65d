//! Which rank is on which host. Pure arithmetic.

/// Hosts are numbered in the order of their first ranks.
pub struct Map {
    host_of: Vec<usize>,
    /// Place of each rank when those of host 0 come first, then those of host 1, and so on.
    place: Vec<usize>,
    /// The rank at each place.
    rank_at: Vec<usize>,
    /// The first place of each host, and the number of all places.
    starts: Vec<usize>,
}

impl Map {
    /// From the names of the ranks' hosts.
    pub fn new(names: &[u32]) -> Map {
        let mut hosts: Vec<u32> = Vec::new();
        let mut number = |name: u32| {
            hosts.iter().position(|&known| known == name).unwrap_or_else(|| {
                hosts.push(name);
                hosts.len() - 1
            })
        };
        let host_of: Vec<usize> = names.iter().map(|&name| number(name)).collect();
        let mut rank_at: Vec<usize> = (0..names.len()).collect();
        rank_at.sort_by_key(|&rank| host_of[rank]);
        let mut place = vec![0; names.len()];
        rank_at.iter().enumerate().for_each(|(at, &rank)| place[rank] = at);
        let starts = (0..=hosts.len()).map(|host| rank_at.partition_point(|&rank| host_of[rank] < host));
        Map { starts: starts.collect(), host_of, place, rank_at }
    }

    /// Whether leaders save anything.
    pub fn pays(&self) -> bool {
        self.hosts() > 1 && self.hosts() < self.ranks()
    }

    pub fn ranks(&self) -> usize {
        self.place.len()
    }

    pub fn hosts(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn host_of(&self, rank: usize) -> usize {
        self.host_of[rank]
    }

    pub fn rank_at(&self, place: usize) -> usize {
        self.rank_at[place]
    }

    /// The places of the ranks of `host`.
    pub fn places(&self, host: usize) -> std::ops::Range<usize> {
        self.starts[host]..self.starts[host + 1]
    }

    /// Number of ranks on `host`.
    pub fn ranks_on(&self, host: usize) -> usize {
        self.places(host).len()
    }

    /// The rank's number on its host.
    pub fn local(&self, rank: usize) -> usize {
        self.place[rank] - self.starts[self.host_of[rank]]
    }

    /// Whether the ranks of every host are neighbours.
    pub fn in_order(&self) -> bool {
        self.place.is_sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_a_host_get_neighbouring_places() {
        let map = Map::new(&[7, 3, 7, 3, 3]);
        let all = |of: &dyn Fn(usize) -> usize| (0..5).map(of).collect::<Vec<_>>();
        assert_eq!(all(&|rank| map.host_of(rank)), [0, 1, 0, 1, 1]);
        assert_eq!(all(&|rank| map.local(rank)), [0, 0, 1, 1, 2]);
        assert_eq!(all(&|place| map.rank_at(place)), [0, 2, 1, 3, 4]);
        assert_eq!((map.places(0), map.places(1), map.hosts(), map.ranks_on(1)), (0..2, 2..5, 2, 3));
        assert!(map.pays() && !map.in_order());
    }

    #[test]
    fn leaders_pay_between_hosts_that_have_several_ranks() {
        assert!(Map::new(&[1, 1, 2]).in_order() && Map::new(&[1, 1, 2]).pays());
        assert!(!Map::new(&[1, 2, 3]).pays() && !Map::new(&[1, 1]).pays());
    }
}
