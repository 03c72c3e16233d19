//! Fields of a frame: fixed sizes, little endian, bounded texts.
//!
//! The reader never allocates more than the bytes it was given, and never reads beyond them.

use super::{MAX_TEXT, WireError};

/// Reads the fields of one frame, in order.
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl<'b> Fields<'b> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(WireError::Short)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn u8(&mut self) -> Result<u8, WireError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, WireError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, WireError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, WireError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A number above 0, and finite.
    pub(super) fn positive(&mut self, name: &'static str) -> Result<f64, WireError> {
        let number = f64::from_le_bytes(self.array()?);
        (number > 0.0 && number.is_finite()).then_some(number).ok_or(WireError::Field(name))
    }

    /// Up to `most` bytes.
    pub(super) fn bytes(&mut self, most: usize, name: &'static str) -> Result<&'b [u8], WireError> {
        let length = usize::from(self.u16()?);
        if length > most {
            return Err(WireError::Field(name));
        }
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(WireError::Short)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<String, WireError> {
        let bytes = self.bytes(MAX_TEXT, name)?;
        let text = std::str::from_utf8(bytes).map_err(|_| WireError::Field(name))?;
        Ok(text.to_owned())
    }

    pub(super) fn end(self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::LeftOver) }
    }
}

/// Writes bytes with their length before them; they must be bounded by their type.
pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend((bytes.len() as u16).to_le_bytes());
    out.extend(bytes);
}

/// Writes a text, cut to what a reader accepts.
pub(super) fn put_text(text: &str, out: &mut Vec<u8>) {
    put_bytes(&text.as_bytes()[..text.floor_char_boundary(MAX_TEXT)], out);
}
