//! The colours, and what each means in all pictures.
//!
//! Categories take the palette of Okabe and Ito (2008), which stays apart under
//! all common kinds of colour blindness. One colour has one meaning per picture,
//! and vermillion always means trouble: a failed task, an idle node. Amounts take
//! a single-hue scale whose lightness falls evenly, so it also survives grey print.

/// 8-bit sRGB.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Colour(pub u8, pub u8, pub u8);

/// Late binding.
pub const LATE: Colour = Colour(0x00, 0x72, 0xb2);
/// Early binding.
pub const EARLY: Colour = Colour(0x56, 0xb4, 0xe9);
/// Scheduling latency.
pub const SCHEDULING: Colour = Colour(0x00, 0x72, 0xb2);
/// Queueing latency.
pub const QUEUEING: Colour = Colour(0xe6, 0x9f, 0x00);
/// Execution latency.
pub const EXECUTION: Colour = Colour(0x00, 0x9e, 0x73);
/// Transfer.
pub const TRANSFER: Colour = Colour(0xcc, 0x79, 0xa7);
/// A node without a single call.
pub const IDLE: Colour = Colour(0xd5, 0x5e, 0x00);

/// A failed task.
pub(crate) const FAILED: Colour = Colour(0xd5, 0x5e, 0x00);
/// A latency whose parts are not known.
pub(crate) const UNKNOWN: Colour = Colour(0x99, 0x99, 0x99);
pub(crate) const BACKGROUND: Colour = Colour(0xff, 0xff, 0xff);
pub(crate) const INK: Colour = Colour(0x1f, 0x23, 0x28);
pub(crate) const MUTED: Colour = Colour(0x63, 0x6c, 0x76);
pub(crate) const RULE: Colour = Colour(0xb0, 0xb8, 0xc0);
pub(crate) const GRID: Colour = Colour(0xe8, 0xeb, 0xee);

/// Stops of the scale of amounts: ColorBrewer's Blues, which its authors list as safe for
/// colour-blind readers, without its almost white end, which would vanish on the page.
const AMOUNTS: [Colour; 6] = [
    Colour(0xde, 0xeb, 0xf7),
    Colour(0xc6, 0xdb, 0xef),
    Colour(0x9e, 0xca, 0xe1),
    Colour(0x42, 0x92, 0xc6),
    Colour(0x08, 0x51, 0x9c),
    Colour(0x08, 0x30, 0x6b),
];

impl Colour {
    /// The colour of an amount: 0 is the lightest, 1 the darkest; outside is clamped.
    pub fn amount(share: f64) -> Colour {
        let last = AMOUNTS.len() - 1;
        let at = share.clamp(0.0, 1.0) * last as f64; // NaN stays NaN, and `as` takes it to 0
        let below = (at as usize).min(last - 1);
        AMOUNTS[below].mixed(AMOUNTS[below + 1], at - below as f64)
    }

    /// Black or white, whichever contrasts more with this colour. Both do equally at a relative
    /// luminance of 0.215 (WCAG 2, with the gamma rounded to 2).
    pub(crate) fn ink_on(self) -> Colour {
        let linear = |channel: u8| (f64::from(channel) / 255.0).powi(2);
        let luminance = 0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2);
        if luminance > 0.215 { INK } else { BACKGROUND }
    }

    fn mixed(self, other: Colour, share: f64) -> Colour {
        let mix = |a: u8, b: u8| {
            (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8 // saturates
        };
        Colour(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_darken_evenly_and_survive_nonsense() {
        let luma = |c: Colour| u32::from(c.0) * 299 + u32::from(c.1) * 587 + u32::from(c.2) * 114;
        let steps: Vec<u32> = (0..=50).map(|i| luma(Colour::amount(f64::from(i) / 50.0))).collect();
        assert!(steps.windows(2).all(|w| w[1] < w[0]), "{steps:?}");
        assert_eq!(Colour::amount(-3.0), AMOUNTS[0]);
        assert_eq!(Colour::amount(f64::NAN), Colour(0, 0, 0));
        assert_eq!(Colour::amount(9.0), AMOUNTS[5]);
    }
}
