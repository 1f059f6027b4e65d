//! What `vmirun` says to the agent of a host, and what the agent reports.
//!
//! The same messages travel over a socket pair to the local agent and over the standard streams of a remote one.

use crate::job::frame::{Fields, Frame, Malformed};

/// Printed by a remote agent before its first message; whatever a login shell printed earlier is skipped.
pub const GREETING: &[u8] = b"\nVMI-AGENT 1\n";

/// How processors are given to ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// An equal share of the allowed processors for each rank. Where ranks outnumber them and as many fall to each
    /// processor, one in turn.
    Share,
    /// One processor for each rank, if there are enough.
    Core,
    None,
}

/// One of the programs of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub arguments: Vec<Vec<u8>>,
    /// `NAME=VALUE`, in addition to the job's environment.
    pub environment: Vec<Vec<u8>>,
    pub directory: Option<Vec<u8>>,
}

/// All an agent needs to start its ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    pub secret: [u8; 32],
    pub hosts: Vec<String>,
    pub host_of: Vec<u32>,
    /// Which of the hosts this agent is.
    pub host: u32,
    pub app_of: Vec<u32>,
    pub apps: Vec<App>,
    pub environment: Vec<Vec<u8>>,
    pub binding: Binding,
    /// The rank that gets standard input.
    pub stdin_rank: Option<u32>,
}

impl Start {
    pub fn size(&self) -> u32 {
        self.host_of.len() as u32
    }

    /// The ranks this agent starts.
    pub fn local_ranks(&self) -> Vec<u32> {
        (0..self.size()).filter(|rank| self.host_of[*rank as usize] == self.host).collect()
    }

    fn encode(&self, frame: Frame) -> Frame {
        frame
            .bytes(&self.secret)
            .list(self.hosts.iter(), |f, h| f.text(h))
            .list(self.host_of.iter(), |f, h| f.number(*h))
            .number(self.host)
            .list(self.app_of.iter(), |f, a| f.number(*a))
            .list(self.apps.iter(), |f, app| app.encode(f))
            .list(self.environment.iter(), |f, e| f.bytes(e))
            .byte(self.binding as u8)
            .number(self.stdin_rank.unwrap_or(u32::MAX))
    }

    fn decode(f: &mut Fields<'_>) -> Result<Start, Malformed> {
        let start = Start {
            secret: f.key()?,
            hosts: f.list(Fields::text)?,
            host_of: f.list(Fields::number)?,
            host: f.number()?,
            app_of: f.list(Fields::number)?,
            apps: f.list(App::decode)?,
            environment: f.list(byte_string)?,
            binding: match f.byte()? {
                0 => Binding::Share,
                1 => Binding::Core,
                _ => Binding::None,
            },
            stdin_rank: Some(f.number()?).filter(|rank| *rank != u32::MAX),
        };
        let known = start.app_of.iter().all(|a| (*a as usize) < start.apps.len());
        let complete = start.app_of.len() == start.host_of.len() && (start.host as usize) < start.hosts.len();
        if known && complete {
            Ok(start)
        } else {
            Err(Malformed("ranks, hosts and programs do not fit".into()))
        }
    }
}

impl App {
    fn encode(&self, frame: Frame) -> Frame {
        let strings = |frame: Frame, list: &[Vec<u8>]| frame.list(list.iter(), |f, s| f.bytes(s));
        let frame = strings(strings(frame, &self.arguments), &self.environment);
        frame.byte(u8::from(self.directory.is_some())).bytes(self.directory.as_deref().unwrap_or_default())
    }

    fn decode(f: &mut Fields<'_>) -> Result<App, Malformed> {
        let (arguments, environment) = (f.list(byte_string)?, f.list(byte_string)?);
        let (present, directory) = (f.byte()?, byte_string(f)?);
        Ok(App { arguments, environment, directory: (present != 0).then_some(directory) })
    }
}

fn byte_string(f: &mut Fields<'_>) -> Result<Vec<u8>, Malformed> {
    f.bytes().map(<[u8]>::to_vec)
}

/// From `vmirun` to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Start(Box<Start>),
    /// The answer to [`Report::Lookup`].
    Card {
        rank: u32,
        key: String,
        value: Vec<u8>,
    },
    /// Every rank of the job has entered the fence.
    Fenced,
    /// Passes a signal on to every rank.
    Signal(u32),
    /// Ends the ranks: SIGTERM, and after this many milliseconds SIGKILL.
    End {
        grace: u32,
    },
    Stdin(Vec<u8>),
    StdinEnd,
    /// So many bytes of output have been written.
    OutputTaken(u32),
}

/// One of a rank's output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// From an agent to `vmirun`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// All ranks run; their process ids, in the order of [`Start::local_ranks`].
    Started(Vec<u32>),
    /// No rank runs: the exit code and the reason.
    Failed {
        code: u32,
        reason: String,
    },
    Output {
        rank: u32,
        stream: Stream,
        bytes: Vec<u8>,
    },
    Card {
        rank: u32,
        key: String,
        value: Vec<u8>,
    },
    Lookup {
        rank: u32,
        key: String,
    },
    /// Every rank of this host has entered the fence.
    Fence,
    Joined {
        rank: u32,
    },
    Finalized {
        rank: u32,
    },
    Aborted {
        rank: u32,
        code: i32,
        text: String,
    },
    /// The process that had joined is gone although the process the agent started for the rank lives on.
    Vanished {
        rank: u32,
        pid: u32,
    },
    Exited {
        rank: u32,
        code: i32,
        signal: i32,
    },
    StdinTaken(u32),
    StdinClosed,
    /// Something worth a line for the user.
    Note(String),
    /// All ranks have ended, all output has been sent.
    Done,
}

impl Order {
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Order::Start(start) => start.encode(Frame::new(1)),
            Order::Card { rank, key, value } => Frame::new(2).number(*rank).text(key).bytes(value),
            Order::Fenced => Frame::new(3),
            Order::Signal(signal) => Frame::new(4).number(*signal),
            Order::End { grace } => Frame::new(5).number(*grace),
            Order::Stdin(bytes) => Frame::new(6).bytes(bytes),
            Order::StdinEnd => Frame::new(7),
            Order::OutputTaken(count) => Frame::new(8).number(*count),
        }
        .finish()
    }

    pub fn decode(kind: u8, body: &[u8]) -> Result<Order, Malformed> {
        let mut f = Fields::new(body);
        let order = match kind {
            1 => Order::Start(Box::new(Start::decode(&mut f)?)),
            2 => Order::Card { rank: f.number()?, key: f.text()?, value: byte_string(&mut f)? },
            3 => Order::Fenced,
            4 => Order::Signal(f.number()?),
            5 => Order::End { grace: f.number()? },
            6 => Order::Stdin(byte_string(&mut f)?),
            7 => Order::StdinEnd,
            8 => Order::OutputTaken(f.number()?),
            _ => return Err(Malformed(format!("unknown order {kind}"))),
        };
        f.end().map(|()| order)
    }
}

impl Report {
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Report::Started(pids) => Frame::new(1).list(pids.iter(), |f, pid| f.number(*pid)),
            Report::Failed { code, reason } => Frame::new(2).number(*code).text(reason),
            Report::Output { rank, stream, bytes } => {
                Frame::new(3).number(*rank).byte(u8::from(*stream == Stream::Err)).bytes(bytes)
            }
            Report::Card { rank, key, value } => Frame::new(4).number(*rank).text(key).bytes(value),
            Report::Lookup { rank, key } => Frame::new(5).number(*rank).text(key),
            Report::Fence => Frame::new(6),
            Report::Joined { rank } => Frame::new(7).number(*rank),
            Report::Finalized { rank } => Frame::new(8).number(*rank),
            Report::Aborted { rank, code, text } => {
                Frame::new(9).number(*rank).number(*code as u32).text(text)
            }
            Report::Vanished { rank, pid } => Frame::new(10).number(*rank).number(*pid),
            Report::Exited { rank, code, signal } => {
                Frame::new(11).number(*rank).number(*code as u32).number(*signal as u32)
            }
            Report::StdinTaken(count) => Frame::new(12).number(*count),
            Report::StdinClosed => Frame::new(13),
            Report::Note(text) => Frame::new(14).text(text),
            Report::Done => Frame::new(15),
        }
        .finish()
    }

    pub fn decode(kind: u8, body: &[u8]) -> Result<Report, Malformed> {
        let mut f = Fields::new(body);
        let report = match kind {
            1 => Report::Started(f.list(Fields::number)?),
            2 => Report::Failed { code: f.number()?, reason: f.text()? },
            3 => Report::Output {
                rank: f.number()?,
                stream: if f.byte()? == 0 { Stream::Out } else { Stream::Err },
                bytes: byte_string(&mut f)?,
            },
            4 => Report::Card { rank: f.number()?, key: f.text()?, value: byte_string(&mut f)? },
            5 => Report::Lookup { rank: f.number()?, key: f.text()? },
            6 => Report::Fence,
            7 => Report::Joined { rank: f.number()? },
            8 => Report::Finalized { rank: f.number()? },
            9 => Report::Aborted { rank: f.number()?, code: f.number()? as i32, text: f.text()? },
            10 => Report::Vanished { rank: f.number()?, pid: f.number()? },
            11 => Report::Exited { rank: f.number()?, code: f.number()? as i32, signal: f.number()? as i32 },
            12 => Report::StdinTaken(f.number()?),
            13 => Report::StdinClosed,
            14 => Report::Note(f.text()?),
            15 => Report::Done,
            _ => return Err(Malformed(format!("unknown report {kind}"))),
        };
        f.end().map(|()| report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::frame::FrameBuffer;

    #[test]
    fn a_start_order_survives_the_wire() {
        let app = App {
            arguments: vec![b"prog".to_vec(), vec![0xff]],
            environment: vec![b"A=1".to_vec()],
            directory: Some(b"/tmp".to_vec()),
        };
        let start = Start {
            secret: [1; 32],
            hosts: vec!["a".into(), "b".into()],
            host_of: vec![0, 1, 1],
            host: 1,
            app_of: vec![0, 0, 0],
            apps: vec![app],
            environment: vec![b"PATH=/bin".to_vec()],
            binding: Binding::Core,
            stdin_rank: Some(0),
        };
        assert_eq!(start.local_ranks(), [1, 2]);
        let order = Order::Start(Box::new(start));
        let mut buffer = FrameBuffer::default();
        buffer.push(&order.encode());
        let (kind, body) = buffer.next_frame().unwrap().unwrap();
        assert_eq!(Order::decode(kind, &body), Ok(order));
        for end in 0..body.len() {
            assert!(Order::decode(kind, &body[..end]).is_err());
        }
    }
}
