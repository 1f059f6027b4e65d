//! What a rank says to its node agent, and what the agent answers.
//!
//! One request is answered by one reply, except [`Request::Abort`], which is answered by the end of the process.
//! The descriptors of the node segment and of the lifeline travel with [`Reply::Welcome`].

use super::frame::{Fields, Frame, Malformed};

/// Environment variables through which the agent reaches a rank.
pub mod variable {
    pub const SOCKET: &str = "VMI_JOB_SOCKET";
    pub const TICKET: &str = "VMI_JOB_TICKET";
    pub const RANK: &str = "VMI_JOB_RANK";
    pub const SIZE: &str = "VMI_JOB_SIZE";
    pub const LOCAL_RANK: &str = "VMI_JOB_LOCAL_RANK";
    pub const LOCAL_SIZE: &str = "VMI_JOB_LOCAL_SIZE";
    /// Processors that the local ranks have together; each may be bound to a part of them.
    pub const CORES: &str = "VMI_JOB_CORES";
}

/// From a rank to its agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The first message; the ticket shows that the process got the rank's environment.
    Join {
        ticket: [u8; 32],
        rank: u32,
    },
    Put {
        key: String,
        value: Vec<u8>,
    },
    Get {
        rank: u32,
        key: String,
    },
    Fence,
    Finalize,
    Abort {
        code: i32,
        text: String,
    },
}

/// From the agent to a rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Welcome(Welcome),
    Refused { reason: String },
    Done,
    Value { value: Vec<u8> },
}

/// All a rank learns when it joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// Authenticates network connections between the ranks of this job.
    pub secret: [u8; 32],
    pub app: u32,
    pub universe: u32,
    pub hosts: Vec<String>,
    /// For each rank an index into `hosts`.
    pub host_of: Vec<u32>,
}

impl Request {
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Request::Join { ticket, rank } => Frame::new(1).bytes(ticket).number(*rank),
            Request::Put { key, value } => Frame::new(2).text(key).bytes(value),
            Request::Get { rank, key } => Frame::new(3).number(*rank).text(key),
            Request::Fence => Frame::new(4),
            Request::Finalize => Frame::new(5),
            Request::Abort { code, text } => Frame::new(6).number(*code as u32).text(text),
        }
        .finish()
    }

    pub fn decode(kind: u8, body: &[u8]) -> Result<Request, Malformed> {
        let mut f = Fields::new(body);
        let request = match kind {
            1 => Request::Join { ticket: f.key()?, rank: f.number()? },
            2 => Request::Put { key: f.text()?, value: f.bytes()?.to_vec() },
            3 => Request::Get { rank: f.number()?, key: f.text()? },
            4 => Request::Fence,
            5 => Request::Finalize,
            6 => Request::Abort { code: f.number()? as i32, text: f.text()? },
            _ => return Err(Malformed(format!("unknown request {kind}"))),
        };
        f.end().map(|()| request)
    }
}

impl Reply {
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Reply::Welcome(w) => Frame::new(1)
                .bytes(&w.secret)
                .number(w.app)
                .number(w.universe)
                .list(w.hosts.iter(), |f, host| f.text(host))
                .list(w.host_of.iter(), |f, host| f.number(*host)),
            Reply::Refused { reason } => Frame::new(2).text(reason),
            Reply::Done => Frame::new(3),
            Reply::Value { value } => Frame::new(4).bytes(value),
        }
        .finish()
    }

    pub fn decode(kind: u8, body: &[u8]) -> Result<Reply, Malformed> {
        let mut f = Fields::new(body);
        let reply = match kind {
            1 => Reply::Welcome(Welcome {
                secret: f.key()?,
                app: f.number()?,
                universe: f.number()?,
                hosts: f.list(Fields::text)?,
                host_of: f.list(Fields::number)?,
            }),
            2 => Reply::Refused { reason: f.text()? },
            3 => Reply::Done,
            4 => Reply::Value { value: f.bytes()?.to_vec() },
            _ => return Err(Malformed(format!("unknown reply {kind}"))),
        };
        f.end().map(|()| reply)
    }
}

/// Writes a key as text for an environment variable or a key-value store.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|d| char::from(DIGITS[usize::from(d)])).collect()
}

/// The reverse of [`to_hex`].
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).map(|d| d as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|p| if let [a, b] = p { Some(digit(*a)? << 4 | digit(*b)?) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::frame::FrameBuffer;
    use super::*;

    #[test]
    fn requests_and_replies_survive_the_wire() {
        let requests = [
            Request::Join { ticket: [3; 32], rank: 5 },
            Request::Put { key: "tcp".into(), value: vec![0, 255] },
            Request::Get { rank: 1, key: "tcp".into() },
            Request::Fence,
            Request::Finalize,
            Request::Abort { code: -4, text: "why".into() },
        ];
        let welcome = Welcome {
            secret: [9; 32],
            app: 1,
            universe: 4,
            hosts: vec!["a".into(), "b".into()],
            host_of: vec![0, 0, 1],
        };
        let replies = [Reply::Welcome(welcome), Reply::Refused { reason: "no".into() }, Reply::Done];
        let mut buffer = FrameBuffer::default();
        requests.iter().for_each(|r| buffer.push(&r.encode()));
        for request in requests {
            let (kind, body) = buffer.next_frame().unwrap().unwrap();
            assert_eq!(Request::decode(kind, &body), Ok(request));
        }
        replies.iter().for_each(|r| buffer.push(&r.encode()));
        for reply in replies {
            let (kind, body) = buffer.next_frame().unwrap().unwrap();
            assert_eq!(Reply::decode(kind, &body), Ok(reply));
        }
        assert!(Request::decode(99, &[]).is_err() && Reply::decode(99, &[]).is_err());
    }

    #[test]
    fn hex_round_trips_and_rejects_garbage() {
        assert_eq!(from_hex(&to_hex(&[0, 9, 255])), Some(vec![0, 9, 255]));
        assert_eq!((from_hex("0"), from_hex("zz")), (None, None));
    }
}
