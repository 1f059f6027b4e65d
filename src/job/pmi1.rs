//! The conversation with a PMI-1 server, as `mpiexec` of MPICH and of Intel MPI provide it: lines of `key=value`
//! words over an inherited socket, one answer per question.
//!
//! Cards are written in hexadecimal, cut to the server's longest value.

use super::environment::PmiServer;
use super::node::{self, Meeting};
use super::protocol::{from_hex, to_hex};
use super::{JobError, Link, Place};
use crate::sys::fd::{self, Interest, PollSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// The server's socket and what it said about itself.
struct Server {
    input: BufReader<File>,
    output: File,
    rank: u32,
    space: String,
    longest_key: usize,
    longest_value: usize,
}

/// The card by which ranks find the others of their node.
#[derive(Debug, PartialEq, Eq)]
struct NodeCard {
    machine: String,
    host: String,
    meeting: String,
    ticket: [u8; 32],
    /// Rank 0's becomes the job's secret.
    secret: [u8; 32],
}

/// Joins the job of a PMI-1 server and shares the node segment among the ranks of this host.
pub(super) fn join(server: &PmiServer) -> Result<(Place, OwnedFd, Box<dyn Link>), JobError> {
    let mut pmi = Server::connect(server)?;
    let meeting = Meeting::open()?;
    let card = NodeCard {
        machine: node::identity()?,
        host: node::host_name(),
        meeting: meeting.name.clone(),
        ticket: meeting.ticket,
        secret: fd::random_bytes().map_err(|e| JobError::Lost(format!("no random bytes: {e}")))?,
    };
    pmi.put("node", &card.encode())?;
    pmi.fence()?;
    let cards = (0..server.size).map(|rank| NodeCard::decode(&pmi.get(rank, "node")?));
    let cards = cards.collect::<Result<Vec<NodeCard>, JobError>>()?;
    let (hosts, host_of) = group(&cards);
    let segment = share_segment(server.rank, &cards, &host_of, &meeting)?;
    let place = Place {
        rank: server.rank,
        host_of,
        hosts,
        app: pmi.question("cmd=get_appnum", "appnum")?.parse().unwrap_or(0),
        universe: pmi.question("cmd=get_universe_size", "size")?.parse().unwrap_or(server.size),
        secret: cards[0].secret,
    };
    Ok((place, segment, Box::new(pmi)))
}

/// Ranks with equal machines share a host number; numbers ascend with the first rank of each.
fn group(cards: &[NodeCard]) -> (Vec<String>, Vec<u32>) {
    let mut numbers = std::collections::HashMap::new();
    let mut hosts = Vec::new();
    let host_of = cards.iter().map(|card| {
        *numbers.entry(card.machine.as_str()).or_insert_with(|| {
            hosts.push(card.host.clone());
            hosts.len() as u32 - 1
        })
    });
    let host_of = host_of.collect();
    (hosts, host_of)
}

fn share_segment(
    rank: u32,
    cards: &[NodeCard],
    host_of: &[u32],
    meeting: &Meeting,
) -> Result<OwnedFd, JobError> {
    let host = host_of[rank as usize];
    let local: Vec<usize> = (0..cards.len()).filter(|r| host_of[*r] == host).collect();
    let leader = local[0];
    if leader as u32 != rank {
        return node::fetch(&cards[leader].meeting, &cards[leader].ticket);
    }
    let segment = node::new_segment(local.len())?;
    meeting.serve(&segment, local.len() - 1)?;
    Ok(segment)
}

impl NodeCard {
    fn encode(&self) -> Vec<u8> {
        let (ticket, secret) = (to_hex(&self.ticket), to_hex(&self.secret));
        [&self.machine, &self.host, &self.meeting, &ticket, &secret]
            .map(String::as_str)
            .join("\n")
            .into_bytes()
    }

    fn decode(bytes: &[u8]) -> Result<NodeCard, JobError> {
        let text = String::from_utf8_lossy(bytes);
        let fields: Vec<&str> = text.split('\n').collect();
        let key = |hex: &str| from_hex(hex).and_then(|k| k.try_into().ok());
        if let [machine, host, meeting, ticket, secret] = fields[..]
            && let (Some(ticket), Some(secret)) = (key(ticket), key(secret))
        {
            let [machine, host, meeting] = [machine, host, meeting].map(str::to_string);
            return Ok(NodeCard { machine, host, meeting, ticket, secret });
        }
        Err(JobError::Protocol(
            "a rank's node card is damaged; are all ranks of the job running the same MPI library?".into(),
        ))
    }
}

impl Server {
    fn connect(server: &PmiServer) -> Result<Server, JobError> {
        let explain = |error| {
            JobError::Environment(format!(
                "PMI_FD={} cannot be used ({error}): the program was started through a wrapper that closed it, or the \
                 variable is left over from another process",
                server.fd
            ))
        };
        let socket = fd::adopt_socket(server.fd).map_err(explain)?;
        let output = File::from(socket.try_clone().map_err(explain)?);
        let input = BufReader::new(File::from(socket));
        let rank = server.rank;
        let mut pmi = Server { input, output, rank, space: String::new(), longest_key: 0, longest_value: 0 };
        pmi.introduce()?;
        Ok(pmi)
    }

    fn introduce(&mut self) -> Result<(), JobError> {
        let answer = self.ask("cmd=init pmi_version=1 pmi_subversion=1")?;
        expect(&answer, "response_to_init")?;
        let maxes = self.ask("cmd=get_maxes")?;
        let limit =
            |name: &str, default: usize| word(&maxes, name).and_then(|v| v.parse().ok()).unwrap_or(default);
        // One byte stays free for a server that counts the terminator.
        self.longest_key = limit("keylen_max", 64) - 1;
        self.longest_value = limit("vallen_max", 256) - 1;
        self.space = self.question("cmd=get_my_kvsname", "kvsname")?;
        Ok(())
    }

    fn send(&mut self, line: &str) -> Result<(), JobError> {
        let sent = self.output.write_all(format!("{line}\n").as_bytes());
        sent.map_err(|e| JobError::Lost(format!("the PMI server does not listen: {e}")))
    }

    fn ask(&mut self, line: &str) -> Result<String, JobError> {
        self.send(line)?;
        let mut answer = String::new();
        match self.input.read_line(&mut answer) {
            Ok(0) => Err(JobError::Lost("the PMI server has closed the connection".into())),
            Ok(_) => Ok(answer.trim_end().to_string()),
            Err(e) => Err(JobError::Lost(format!("the PMI server does not answer: {e}"))),
        }
    }

    /// Asks and returns one word of the answer.
    fn question(&mut self, line: &str, wanted: &str) -> Result<String, JobError> {
        let answer = self.ask(line)?;
        let missing = || JobError::Protocol(format!("'{answer}' to '{line}', expected {wanted}="));
        succeeded(&answer)?;
        word(&answer, wanted).map(str::to_string).ok_or_else(missing)
    }

    fn key(&self, rank: u32, key: &str, part: usize) -> Result<String, JobError> {
        let full = format!("vmi-{rank}-{key}-{part}");
        if full.len() <= self.longest_key {
            return Ok(full);
        }
        Err(JobError::Protocol(format!(
            "key '{full}' is longer than the PMI server's {} bytes",
            self.longest_key
        )))
    }

    fn put_text(&mut self, key: &str, value: &str) -> Result<(), JobError> {
        let answer = self.ask(&format!("cmd=put kvsname={} key={key} value={value}", self.space))?;
        expect(&answer, "put_result")
    }

    fn get_text(&mut self, key: &str) -> Result<String, JobError> {
        self.question(&format!("cmd=get kvsname={} key={key}", self.space), "value")
    }
}

/// The value of `name=` in a line of the protocol.
fn word<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_ascii_whitespace().find_map(|w| w.strip_prefix(name)?.strip_prefix('='))
}

fn succeeded(answer: &str) -> Result<(), JobError> {
    match word(answer, "rc") {
        None | Some("0") => Ok(()),
        Some(_) => Err(JobError::Refused(format!("the PMI server answered '{answer}'"))),
    }
}

fn expect(answer: &str, command: &str) -> Result<(), JobError> {
    succeeded(answer)?;
    match word(answer, "cmd") {
        Some(found) if found == command => Ok(()),
        _ => Err(JobError::Protocol(format!("'{answer}' from the PMI server, expected {command}"))),
    }
}

impl Link for Server {
    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), JobError> {
        // The first part starts with the number of parts.
        let hex = to_hex(value);
        let room = self.longest_value.saturating_sub(8).max(1);
        let parts: Vec<&[u8]> =
            if hex.is_empty() { vec![&[]] } else { hex.as_bytes().chunks(room).collect() };
        for (index, part) in parts.iter().enumerate() {
            let name = self.key(self.rank, key, index)?;
            let text = String::from_utf8_lossy(part);
            let text = if index == 0 { format!("{}:{text}", parts.len()) } else { text.into_owned() };
            self.put_text(&name, &text)?;
        }
        Ok(())
    }

    fn get(&mut self, rank: u32, key: &str) -> Result<Vec<u8>, JobError> {
        let damaged = || JobError::Protocol(format!("the card '{key}' of rank {rank} is damaged"));
        let name = self.key(rank, key, 0)?;
        let first = self.get_text(&name)?;
        let (count, text) = first.split_once(':').ok_or_else(damaged)?;
        let mut hex = text.to_string();
        for part in 1..count.parse::<usize>().map_err(|_| damaged())? {
            let name = self.key(rank, key, part)?;
            hex += &self.get_text(&name)?;
        }
        from_hex(&hex).ok_or_else(damaged)
    }

    fn fence(&mut self) -> Result<(), JobError> {
        let answer = self.ask("cmd=barrier_in")?;
        expect(&answer, "barrier_out")
    }

    fn finalize(&mut self) -> Result<(), JobError> {
        let answer = self.ask("cmd=finalize")?;
        expect(&answer, "finalize_ack")
    }

    fn abort(&mut self, code: i32, text: &str) {
        if !text.is_empty() {
            let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
            // The order to abort must not overtake its reason: hydra drops what it has not read by then.
            fd::wait_until_taken(std::io::stderr().as_fd(), Duration::from_millis(200));
        }
        if self.send(&format!("cmd=abort exitcode={code}")).is_ok() {
            // The server ends this process; it closes the socket if it cannot.
            let mut set = PollSet::default();
            set.add(self.output.as_fd(), Interest::Read);
            let _ = set.wait(Some(Duration::from_secs(2)));
        }
    }

    fn event_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.output.as_fd())
    }
}

#[cfg(test)]
mod tests;
