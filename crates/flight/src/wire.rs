//! The smallest parts of a log: integers of variable length, texts, and a checksum.
//!
//! Small numbers are common (the next index, a low node, a short span), so seven bits go
//! into a byte, low ones first, and differences are folded so that −1 is as short as 1.
//! Reading takes nothing for granted: every length has a bound, and nothing is allocated
//! for a length that the bytes do not bear out.

/// Why bytes could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flaw {
    /// They end too early.
    Short,
    /// They mean nothing.
    Bad(&'static str),
}

/// Appends an integer.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends the difference of two integers, short if they are near, modulo 2⁶⁴.
#[inline]
pub(crate) fn put_difference(out: &mut Vec<u8>, value: u64, from: u64) {
    let difference = value.wrapping_sub(from) as i64;
    put(out, (difference << 1 ^ difference >> 63) as u64);
}

/// Appends a text behind its length.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Bytes that are being read.
pub(crate) struct Bytes<'a> {
    left: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes { left: bytes }
    }

    /// How many are left.
    pub(crate) fn len(&self) -> usize {
        self.left.len()
    }

    /// The next byte.
    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Flaw> {
        let (&first, rest) = self.left.split_first().ok_or(Flaw::Short)?;
        self.left = rest;
        Ok(first)
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.left.split_at_checked(count).ok_or(Flaw::Short)?;
        self.left = rest;
        Ok(taken)
    }

    /// An integer.
    #[inline]
    pub(crate) fn integer(&mut self) -> Result<u64, Flaw> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Flaw::Bad("a number above 64 bits"))
    }

    /// An integer that is at most `most`.
    #[inline]
    pub(crate) fn at_most(&mut self, most: u64, what: &'static str) -> Result<u64, Flaw> {
        self.integer()
            .and_then(|value| if value <= most { Ok(value) } else { Err(Flaw::Bad(what)) })
    }

    /// A 32-bit integer.
    #[inline]
    pub(crate) fn small(&mut self) -> Result<u32, Flaw> {
        let value = self.integer()?;
        u32::try_from(value).map_err(|_| Flaw::Bad("a number above 32 bits"))
    }

    /// The integer whose difference to `from` follows.
    #[inline]
    pub(crate) fn difference(&mut self, from: u64) -> Result<u64, Flaw> {
        let folded = self.integer()?;
        let difference = (folded >> 1) as i64 ^ -((folded & 1) as i64);
        Ok(from.wrapping_add(difference as u64))
    }

    /// A text of at most `most` bytes.
    pub(crate) fn text(&mut self, most: usize) -> Result<&'a str, Flaw> {
        let length = self.at_most(most as u64, "a text that is too long")?;
        let bytes = self.take(length as usize)?;
        std::str::from_utf8(bytes).map_err(|_| Flaw::Bad("a text that is not UTF-8"))
    }
}

/// A running checksum: FNV-1a of 32 bits. It finds damage, not malice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Checksum(u32);

impl Checksum {
    /// Length in a log.
    pub(crate) const BYTES: usize = 4;

    /// Of nothing.
    pub(crate) const fn new() -> Checksum {
        Checksum(0x811C_9DC5)
    }

    /// With these bytes behind the others.
    #[inline]
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }

    /// As it is written.
    pub(crate) fn bytes(self) -> [u8; Self::BYTES] {
        self.0.to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_small_ones_are_short() {
        let bits = (0..64).map(|shift| 1u64 << shift);
        for value in bits.flat_map(|bit| [bit - 1, bit, bit + 1]).chain([u64::MAX]) {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(out.len(), (64 - (value | 1).leading_zeros() as usize).div_ceil(7));
            assert_eq!(Bytes::new(&out).integer(), Ok(value));
            for cut in 0..out.len() {
                assert_eq!(Bytes::new(&out[..cut]).integer(), Err(Flaw::Short));
            }
            for from in [0, 1, value, value.wrapping_add(1), u64::MAX, 1 << 63] {
                out.clear();
                put_difference(&mut out, value, from);
                assert_eq!(Bytes::new(&out).difference(from), Ok(value));
            }
            out.clear();
            put_difference(&mut out, value.wrapping_sub(3), value);
            assert_eq!(out.len(), 1);
        }
    }

    #[test]
    fn a_number_that_never_ends_is_refused() {
        let bad = Err(Flaw::Bad("a number above 64 bits"));
        assert_eq!(Bytes::new(&[0xFF; 20]).integer(), bad);
        let mut above = [0xFF; 10];
        above[9] = 2; // bit 64
        assert_eq!(Bytes::new(&above).integer(), bad);
        above[9] = 1;
        assert_eq!(Bytes::new(&above).integer(), Ok(u64::MAX));
    }

    #[test]
    fn a_length_is_not_believed() {
        let mut out = Vec::new();
        put(&mut out, u64::MAX);
        assert_eq!(Bytes::new(&out).text(64), Err(Flaw::Bad("a text that is too long")));
        assert_eq!(Bytes::new(&[5, b'a']).text(64), Err(Flaw::Short));
        assert_eq!(Bytes::new(&[1, 0xFF]).text(64), Err(Flaw::Bad("a text that is not UTF-8")));
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        let mut sum = Checksum::new();
        sum.add(b"foo");
        sum.add(b"bar");
        assert_eq!(sum.bytes(), 0xBF9C_F968_u32.to_le_bytes()); // FNV-1a test vectors
    }
}
