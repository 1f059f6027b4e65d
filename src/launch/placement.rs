//! Which rank runs which program on which host.

use super::options::Options;

/// Host and program of every rank.
#[derive(Debug, PartialEq, Eq)]
pub struct Placement {
    pub hosts: Vec<String>,
    pub host_of: Vec<u32>,
    pub app_of: Vec<u32>,
}

/// Hosts are filled in turn, each with its count; when all are full it starts again from the first. Hosts without a
/// count take `-ppn` ranks, or an equal part of the job.
pub fn place(options: &Options, own_host: &str) -> Placement {
    let counted: u32 = options.hosts.iter().map(|host| host.count.unwrap_or(0)).sum();
    let mut app_of = Vec::new();
    for (number, program) in options.programs.iter().enumerate() {
        // Without -n, a lone program fills the counted hosts.
        let default = if options.programs.len() == 1 { counted.max(1) } else { 1 };
        app_of.extend((0..program.ranks.unwrap_or(default)).map(|_| number as u32));
    }
    if options.hosts.is_empty() {
        return Placement { hosts: vec![own_host.to_string()], host_of: vec![0; app_of.len()], app_of };
    }
    let equal = app_of.len().div_ceil(options.hosts.len()) as u32;
    let (mut hosts, mut turns) = (Vec::<String>::new(), Vec::new());
    for host in &options.hosts {
        let known = hosts.iter().position(|name| *name == host.name);
        let number = known.unwrap_or_else(|| {
            hosts.push(host.name.clone());
            hosts.len() - 1
        });
        let count = host.count.or(options.per_host).unwrap_or(equal);
        turns.extend((0..count).map(|_| number as u32));
    }
    let host_of: Vec<u32> = turns.into_iter().cycle().take(app_of.len()).collect();
    without_idle(Placement { hosts, host_of, app_of })
}

/// Removes hosts that got no rank.
fn without_idle(placement: Placement) -> Placement {
    let used = |host: usize| placement.host_of.contains(&(host as u32));
    let kept: Vec<usize> = (0..placement.hosts.len()).filter(|host| used(*host)).collect();
    let renumber = |old: &u32| kept.iter().position(|k| *k == *old as usize).unwrap_or_default() as u32;
    Placement {
        hosts: kept.iter().map(|host| placement.hosts[*host].clone()).collect(),
        host_of: placement.host_of.iter().map(renumber).collect(),
        app_of: placement.app_of,
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::{Request, parse};
    use super::*;

    fn placed(line: &str) -> (Vec<String>, Vec<u32>, Vec<u32>) {
        let Ok(Request::Run(options)) = parse(line.split_ascii_whitespace().map(Into::into)) else {
            panic!()
        };
        let placement = place(&options, "here");
        (placement.hosts, placement.host_of, placement.app_of)
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn without_hosts_everything_is_local() {
        assert_eq!(placed("-n 2 p : q"), (names(&["here"]), vec![0, 0, 0], vec![0, 0, 1]));
    }

    #[test]
    fn counts_fill_hosts_in_turn_and_wrap() {
        assert_eq!(placed("-n 5 --hosts a:2,b:1 p").1, [0, 0, 1, 0, 0]);
        assert_eq!(placed("--hosts a:2,b:1 p").1, [0, 0, 1]);
    }

    #[test]
    fn hosts_without_counts_share_equally() {
        assert_eq!(placed("-n 4 --hosts a,b p").1, [0, 0, 1, 1]);
        assert_eq!(placed("-n 4 -ppn 1 --hosts a,b p").1, [0, 1, 0, 1]);
        assert_eq!(placed("-n 2 --hosts a,a p"), (names(&["a"]), vec![0, 0], vec![0, 0]));
    }

    #[test]
    fn idle_hosts_are_left_out() {
        assert_eq!(placed("-n 1 --hosts a:1,b:1 p"), (names(&["a"]), vec![0], vec![0]));
    }
}
