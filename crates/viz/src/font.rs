//! The embedded font: measuring, shortening and breaking text, and its glyphs.
//!
//! Layout and painting measure with the same numbers, so that what the layout
//! found free stays free on paper. Sizes are points per em, as in CSS. Text is set
//! glyph by glyph with kerning but without shaping, which Latin, Greek and Cyrillic
//! do not need; a letter outside of them shows as a box.

use crate::error::VizError;
use ab_glyph::{Font, FontRef, OutlinedGlyph, PxScale, ScaleFont, point};

/// How heavy the letters are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// Running text.
    Regular,
    /// Titles and values.
    Bold,
}

/// Noto Sans in both weights.
#[derive(Debug)]
pub(crate) struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Fonts {
    pub(crate) fn embedded() -> Result<Fonts, VizError> {
        Ok(Fonts {
            regular: FontRef::try_from_slice(notosans::REGULAR_TTF)?,
            bold: FontRef::try_from_slice(notosans::BOLD_TTF)?,
        })
    }

    /// Width of `text` in points.
    pub(crate) fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        let mut end = 0.0;
        self.set(text, size, weight, |_, _, after| end = after);
        end
    }

    /// `text`, or its two ends around an ellipsis if it is wider than `room`. The middle goes
    /// because long names differ at their ends.
    pub(crate) fn elided(&self, text: &str, size: f32, weight: Weight, room: f32) -> String {
        if self.width(text, size, weight) <= room {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        let keeping = |kept: usize| -> String {
            let head = kept.div_ceil(2);
            let tail = letters.len() - (kept - head);
            letters[..head].iter().chain(&['…']).chain(&letters[tail..]).collect()
        };
        let (mut kept, mut too_many) = (0, letters.len());
        while kept + 1 < too_many {
            let middle = usize::midpoint(kept, too_many);
            if self.width(&keeping(middle), size, weight) <= room {
                kept = middle;
            } else {
                too_many = middle;
            }
        }
        keeping(kept)
    }

    /// `text` in lines of at most `room`, broken at spaces; a longer word is elided.
    pub(crate) fn wrapped(&self, text: &str, size: f32, weight: Weight, room: f32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let word = self.elided(word, size, weight, room);
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}"), size, weight) <= room => {
                    line.push(' ');
                    line.push_str(&word);
                }
                _ => lines.push(word),
            }
        }
        lines
    }

    /// The outlines of `text` with its baseline starting at (`x`, `y`), in pixels of `scale` per
    /// point.
    pub(crate) fn outlines(
        &self,
        text: &str,
        (x, y): (f32, f32),
        size: f32,
        weight: Weight,
        scale: f32,
    ) -> Vec<OutlinedGlyph> {
        let font = self.face(weight);
        let px = px_scale(font, size * scale);
        let mut outlines = Vec::new();
        self.set(text, size, weight, |id, start, _| {
            let at = point((x + start) * scale, y * scale);
            outlines.extend(font.outline_glyph(id.with_scale_and_position(px, at)));
        });
        outlines
    }

    /// Calls `glyph` with every glyph, where it starts and where the next may start.
    fn set(
        &self,
        text: &str,
        size: f32,
        weight: Weight,
        mut glyph: impl FnMut(ab_glyph::GlyphId, f32, f32),
    ) {
        let face = self.face(weight);
        let font = face.as_scaled(px_scale(face, size));
        let (mut x, mut last) = (0.0, None);
        for c in text.chars() {
            let id = font.glyph_id(c);
            if let Some(last) = last {
                x += font.kern(last, id);
            }
            let start = x;
            x += font.h_advance(id);
            glyph(id, start, x);
            last = Some(id);
        }
    }

    fn face(&self, weight: Weight) -> &FontRef<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

/// The font library scales by ascent − descent; a designer's size is the em.
fn px_scale(font: &FontRef<'_>, em: f32) -> PxScale {
    let units = font.units_per_em().unwrap_or(1000.0);
    PxScale::from(em * font.height_unscaled() / units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_elided_text_fits_and_keeps_both_ends() {
        let fonts = Fonts::embedded().unwrap();
        let long = "a_rather_long_configuration · load_aware_spread";
        for room in [40.0, 90.0, 150.0, 200.0] {
            let short = fonts.elided(long, 12.0, Weight::Bold, room);
            assert!(fonts.width(&short, 12.0, Weight::Bold) <= room, "{short}");
            assert!(short.starts_with('a') && short.ends_with('d') && short.contains('…'));
        }
        assert_eq!(fonts.elided("fifo", 12.0, Weight::Bold, 200.0), "fifo");
        assert_eq!(fonts.elided("fifo", 12.0, Weight::Bold, 1.0), "…");
    }

    #[test]
    fn wrapping_loses_no_word_and_fits() {
        let fonts = Fonts::embedded().unwrap();
        let text = "Bars start at zero and each part has its own scale.";
        let lines = fonts.wrapped(text, 10.0, Weight::Regular, 90.0);
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|l| fonts.width(l, 10.0, Weight::Regular) <= 90.0));
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn every_sign_that_the_pictures_use_is_in_both_weights() {
        let fonts = Fonts::embedded().unwrap();
        for weight in [Weight::Regular, Weight::Bold] {
            for c in "aZ09 ·–−×÷±…≥≤%:;,.()_/µ".chars() {
                assert_ne!(fonts.face(weight).glyph_id(c).0, 0, "{c}");
            }
        }
    }
}
