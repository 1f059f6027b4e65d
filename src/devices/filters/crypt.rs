//! Crypt: authenticated encryption (AES-256-GCM), with keys from the job's secret.
//!
//! ```text
//!   wire: [salt (16), first frame only] AES-256-GCM(header's three numbers, message) tag (16)
//! ```
//! The kind stays visible and is authenticated. Key = HKDF-SHA256(salt, job secret; sender, receiver, epoch, generation);
//! the nonce is the frame's number in the epoch, which both halves count. So a frame that was changed, lost,
//! doubled or reordered does not authenticate. A key serves one generation of frames; then both halves derive the next.
//!
//! The salt is random: two devices of one epoch (or an epoch number that comes round again) never share a key,
//! and a nonce is never used twice with one.

use super::options::Options;
use super::{Entry, bytes};
use crate::core::device::Device;
use crate::core::filter::{Half, Site, Spec};
use crate::core::io::{Command, Irb, Step};
use crate::sys::fd::random_bytes;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;

pub const ENTRY: Entry = Entry {
    name: "crypt",
    what: "encrypts and authenticates frames (AES-256-GCM, keys from the job's secret)",
    options: &[("rekey", "frames per key (16m)"), ("rekey_bytes", "bytes per key (64g)")],
    open,
};

const SALT: usize = 16;
const META: usize = 12;
const TAG: usize = 16;

fn open(spec: &Spec, site: &Site) -> Result<Box<dyn Device>, String> {
    let mut options = Options::of(spec);
    let frames = options.number("rekey", 16 << 20, 1, 1 << 32)?;
    let bytes = options.number("rekey_bytes", 64 << 30, 1, 1 << 40)?;
    options.finish()?;
    let salt = match site.half {
        Half::Send => Some(random_bytes().map_err(|error| format!("crypt: no random bytes: {error}"))?),
        Half::Receive => None,
    };
    let keys = salt.map(|salt| Keys::new(site, salt, frames, bytes));
    Ok(Box::new(Crypt { site: *site, limits: (frames, bytes), salt, keys, frames: 0, bytes: 0, refused: 0 }))
}

/// The keys of one direction in one epoch, one after the other.
struct Keys {
    source: Hkdf<Sha256>,
    context: [u8; 10],
    generation: u32,
    cipher: Box<Aes256Gcm>,
    /// Frames and bytes a key serves, and what is left of them.
    limits: (u64, u64),
    left: (u64, u64),
}

impl Keys {
    fn new(site: &Site, salt: [u8; SALT], frames: u64, bytes: u64) -> Keys {
        let source = Hkdf::new(Some(&salt), &site.secret);
        let mut context = [0; 10];
        context[..4].copy_from_slice(&site.sender.to_le_bytes());
        context[4..8].copy_from_slice(&site.receiver.to_le_bytes());
        context[8..].copy_from_slice(&site.epoch.to_le_bytes());
        let cipher = derive(&source, &context, 0);
        Keys { source, context, generation: 0, cipher, limits: (frames, bytes), left: (frames, bytes) }
    }

    /// The key for a frame of `len` bytes.
    fn next(&mut self, len: usize) -> &Aes256Gcm {
        if self.left.0 == 0 || self.left.1 == 0 {
            self.generation += 1;
            self.cipher = derive(&self.source, &self.context, self.generation);
            self.left = self.limits;
        }
        self.left = (self.left.0 - 1, self.left.1.saturating_sub(len as u64));
        &self.cipher
    }
}

fn derive(source: &Hkdf<Sha256>, context: &[u8; 10], generation: u32) -> Box<Aes256Gcm> {
    let mut key = [0; 32];
    let generation = generation.to_le_bytes();
    let made = source.expand_multi_info(&[b"vmi crypt", context, &generation], &mut key);
    debug_assert!(made.is_ok(), "HKDF makes up to 255 blocks");
    Box::new(Aes256Gcm::new(&key.into()))
}

/// Either half.
struct Crypt {
    site: Site,
    limits: (u64, u64),
    /// Of the sending half, until its first frame has taken it along.
    salt: Option<[u8; SALT]>,
    /// Of the receiving half from its first frame on.
    keys: Option<Keys>,
    frames: u64,
    bytes: u64,
    refused: u64,
}

fn nonce(frame: u64) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&frame.to_le_bytes());
    nonce.into()
}

impl Crypt {
    fn send(&mut self, irb: &mut Irb) -> Result<(), String> {
        let (len, kind) = (irb.slab.remaining(), irb.header.kind);
        let mut out = Vec::with_capacity(SALT + META + len + TAG);
        out.extend(self.salt.take().into_iter().flatten());
        let begin = out.len();
        irb.header.meta.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        bytes::append(&irb.slab, len, &mut out);
        let Some(keys) = &mut self.keys else { return Err("crypt: no key".into()) };
        let cipher = keys.next(out.len() - begin);
        let sealed = cipher.encrypt_inout_detached(&nonce(self.frames), &[kind], (&mut out[begin..]).into());
        let Ok(tag) = sealed else { return Err(format!("crypt: a frame of {len} bytes is too long")) };
        out.extend_from_slice(&tag);
        self.frames += 1;
        self.bytes += len as u64;
        irb.header.meta = [0; 3];
        bytes::replace(irb, out, 0);
        Ok(())
    }

    fn receive(&mut self, irb: &mut Irb) -> Result<(), String> {
        if self.keys.is_none() {
            let Some(salt) = bytes::take(irb) else { return Err(self.short(irb, SALT + META + TAG)) };
            self.keys = Some(Keys::new(&self.site, salt, self.limits.0, self.limits.1));
        }
        let len = irb.slab.remaining();
        let mut all = Vec::with_capacity(len);
        bytes::append(&irb.slab, len, &mut all);
        if len < META + TAG {
            return Err(self.short(irb, META + TAG));
        }
        let mut tag = [0; TAG];
        tag.copy_from_slice(&all[len - TAG..]);
        all.truncate(len - TAG);
        let Some(keys) = &mut self.keys else { return Err("crypt: no key".into()) };
        let (cipher, tag) = (keys.next(all.len()), Tag::from(tag));
        let aad = [irb.header.kind];
        let opened =
            cipher.decrypt_inout_detached(&nonce(self.frames), &aad, all.as_mut_slice().into(), &tag);
        if opened.is_err() {
            return Err(format!(
                "is not authentic: kind {}, {len} bytes, epoch {}, expected the sender's next frame under key {}",
                irb.header.kind, self.site.epoch, keys.generation
            ));
        }
        for (number, four) in irb.header.meta.iter_mut().zip(all.chunks_exact(4)) {
            *number = four.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        }
        self.bytes += (all.len() - META) as u64;
        bytes::replace(irb, all, META);
        Ok(())
    }

    fn short(&self, irb: &Irb, least: usize) -> String {
        format!("is cut off: {} bytes, expected at least {least}", irb.slab.remaining())
    }
}

impl Device for Crypt {
    fn name(&self) -> &str {
        "crypt"
    }

    fn dispatch(&mut self, mut irb: Box<Irb>) -> Step {
        match (irb.command, self.site.half) {
            (Command::Send, Half::Send) => {
                if let Err(why) = self.send(&mut irb) {
                    return bytes::refuse(irb, why);
                }
            }
            (Command::Receive, Half::Receive) => {
                let done = self.receive(&mut irb);
                let number = self.frames;
                self.frames += 1;
                if let Err(why) = done {
                    self.refused += 1;
                    return bytes::refuse(
                        irb,
                        format!("crypt: frame {number} from rank {} {why}", self.site.sender),
                    );
                }
            }
            _ => {}
        }
        Step::Forward(irb)
    }

    fn report(&self) -> String {
        let Crypt { frames, bytes, refused, keys, .. } = self;
        let key = keys.as_ref().map_or(0, |keys| keys.generation);
        format!(r#"{{"frames":{frames},"bytes":{bytes},"refused":{refused},"key":{key}}}"#)
    }
}
