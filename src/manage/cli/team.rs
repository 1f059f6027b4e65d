//! Talking to the processes of a job: those of this node over their control sockets, the others through one of them.

use super::find::Job;
use crate::manage::{Address, json::Json};
use crate::sys::unix_socket::{connect_abstract, own_uid, peer_credentials};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long a process may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two questions whether an answer is there.
const PAUSE: Duration = Duration::from_millis(2);

/// A connection to one process.
struct Line {
    address: Address,
    reader: BufReader<UnixStream>,
}

impl Line {
    fn open(address: &Address) -> Result<Line, String> {
        let who = format!("rank {} (process {})", address.rank, address.pid);
        let failed = |e: std::io::Error| format!("{who} cannot be reached: {e}");
        let socket = connect_abstract(&address.name()).map_err(failed)?;
        // Anybody can listen on any name: do not tell a stranger what we want.
        let peer = peer_credentials(socket.as_fd()).map_err(failed)?;
        if peer.uid != address.uid || (own_uid() != 0 && peer.uid != own_uid()) {
            return Err(format!("{who}: user {} listens there, not user {}", peer.uid, address.uid));
        }
        socket.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        socket.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
        Ok(Line { address: address.clone(), reader: BufReader::new(socket) })
    }

    fn lost(&self, why: &dyn std::fmt::Display) -> String {
        format!("rank {} (process {}) does not answer: {why}", self.address.rank, self.address.pid)
    }

    fn send(&mut self, request: &str) -> Result<(), String> {
        let line = format!("{request}\n");
        self.reader.get_mut().write_all(line.as_bytes()).map_err(|e| self.lost(&e))
    }

    fn receive(&mut self) -> Result<Json, String> {
        let mut text = String::new();
        match self.reader.read_line(&mut text) {
            Ok(0) => Err(self.lost(&"it has ended")),
            Ok(_) => answer(&text),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
                Err(self.lost(&format!("nothing for {} s (is it stopped?)", PATIENCE.as_secs())))
            }
            Err(e) => Err(self.lost(&e)),
        }
    }

    fn ask(&mut self, request: &str) -> Result<Json, String> {
        self.send(request)?;
        self.receive()
    }
}

/// An answer that says yes, or why not.
fn answer(text: &str) -> Result<Json, String> {
    let json = Json::parse(text.trim_end())?;
    if json.get("ok").is_true() { Ok(json) } else { Err(json.get("error").text().to_string()) }
}

/// All processes of a job.
pub struct Team {
    pub job: Job,
    /// The host of each rank.
    pub hosts: Vec<String>,
    /// To the processes of this node.
    lines: BTreeMap<u32, Line>,
}

impl Team {
    pub fn open(job: Job) -> Result<Team, String> {
        let mut lines = BTreeMap::new();
        for member in &job.members {
            lines.insert(member.rank, Line::open(member)?);
        }
        let first = lines.values_mut().next().ok_or("the job has no process on this node")?;
        let answer = first.ask("ranks")?;
        let hosts = answer.get("hosts").list().iter().map(|h| h.text().to_string()).collect();
        Ok(Team { job, hosts, lines })
    }

    pub fn size(&self) -> u32 {
        self.hosts.len() as u32
    }

    /// Process id of a rank of this node.
    pub fn pid(&self, rank: u32) -> Option<u32> {
        self.lines.get(&rank).map(|l| l.address.pid)
    }

    /// The processes of this node make progress for a moment although the program computes.
    pub fn tend(&mut self) -> Result<(), String> {
        self.lines.values_mut().try_for_each(|line| line.send("tend"))?;
        self.lines.values_mut().try_for_each(|line| line.receive().map(drop))
    }

    /// Asks several processes, at most once each, and waits for all answers. They are in the order of the requests.
    pub fn ask_all(&mut self, requests: &[(u32, String)]) -> Vec<Result<Json, String>> {
        let near = |team: &Team, rank: u32| team.lines.contains_key(&rank);
        let mut answers: Vec<Option<Result<Json, String>>> = vec![None; requests.len()];
        for ((rank, request), answer) in requests.iter().zip(&mut answers) {
            if let Some(line) = self.lines.get_mut(rank) {
                *answer = line.send(request).err().map(Err);
            }
        }
        for ((rank, _), answer) in requests.iter().zip(&mut answers) {
            if let (Some(line), None) = (self.lines.get_mut(rank), &answer) {
                *answer = Some(line.receive());
            }
        }
        let far: Vec<usize> = (0..requests.len()).filter(|at| !near(self, requests[*at].0)).collect();
        if !far.is_empty() {
            self.relay(requests, &far, &mut answers);
        }
        let missing = || Err("no answer".to_string());
        answers.into_iter().map(|a| a.unwrap_or_else(missing)).collect()
    }

    /// Asks processes of other hosts.
    fn relay(
        &mut self,
        requests: &[(u32, String)],
        far: &[usize],
        answers: &mut [Option<Result<Json, String>>],
    ) {
        let Some((_, line)) = self.lines.iter_mut().next() else { return };
        let mut open = Vec::new();
        for at in far {
            let (rank, request) = &requests[*at];
            match line.ask(&format!("relay {rank} {request}")) {
                Ok(json) => open.push((*at, json.get("request").integer().unwrap_or(0))),
                Err(why) => answers[*at] = Some(Err(why)),
            }
        }
        let end = Instant::now() + PATIENCE;
        while !open.is_empty() && Instant::now() < end {
            let _ = line.ask("tend");
            open.retain(|(at, number)| {
                answers[*at] =
                    line.ask(&format!("reply {number}")).map_or_else(|why| Some(Err(why)), complete);
                answers[*at].is_none()
            });
            if !open.is_empty() {
                std::thread::sleep(PAUSE);
            }
        }
        for (at, _) in open {
            let rank = requests[at].0;
            let host = self.hosts.get(rank as usize).map_or("?", String::as_str);
            let seconds = PATIENCE.as_secs();
            answers[at] = Some(Err(format!("rank {rank} on host {host} does not answer for {seconds} s")));
        }
    }
}

/// What a relayed request has brought, if it is there.
fn complete(reply: Json) -> Option<Result<Json, String>> {
    reply.get("complete").is_true().then(|| answer(reply.get("answer").text()))
}
