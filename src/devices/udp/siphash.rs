//! SipHash-2-4, a keyed hash of 64 bits (Aumasson and Bernstein, 2012): nobody without the key finds the hash of a
//! message, and it is fast on short ones. Pure.

/// A key.
#[derive(Clone, Copy)]
pub struct Key(pub [u64; 2]);

impl Key {
    pub fn from_bytes(bytes: &[u8; 16]) -> Key {
        let (low, high) = bytes.split_at(8);
        Key([word(low), word(high)])
    }

    pub fn hash(&self, message: &[u8]) -> u64 {
        let [k0, k1] = self.0;
        let mut v = [
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ];
        let mut words = message.chunks_exact(8);
        for bytes in &mut words {
            absorb(&mut v, word(bytes));
        }
        absorb(&mut v, word(words.remainder()) | (message.len() as u64) << 56);
        v[2] ^= 0xff;
        (0..4).for_each(|_| round(&mut v));
        v[0] ^ v[1] ^ v[2] ^ v[3]
    }
}

/// Up to eight bytes, little-endian.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    let mut all = [0; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(all)
}

#[inline]
fn absorb(v: &mut [u64; 4], m: u64) {
    v[3] ^= m;
    round(v);
    round(v);
    v[0] ^= m;
}

#[inline]
fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of the paper's authors: key 00 01 … 0f, message 00 01 … of 0, 1, 8 and 15 bytes.
    #[test]
    fn known_answers() {
        let bytes: Vec<u8> = (0..16).collect();
        let mut key = [0; 16];
        key.copy_from_slice(&bytes);
        let key = Key::from_bytes(&key);
        for (len, hash) in [
            (0, 0x726f_db47_dd0e_0e31_u64),
            (1, 0x74f8_39c5_93dc_67fd),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
        ] {
            assert_eq!(key.hash(&bytes[..len]), hash, "{len} bytes");
        }
    }
}
