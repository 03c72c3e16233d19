//! What is written behind a bar: its value first, then smaller remarks.
//!
//! Charts ask for the width before they lay out their columns, so that the longest
//! bar still has room for its own words, and both come from the same list.

use crate::page::Page;
use crate::palette::BACKGROUND;
use crate::scene::{Anchor, Scene, Style};

/// A few words and how they look.
pub(crate) type Note = (String, Style);

const GAP: f32 = 8.0;

/// Width of `notes`, with a gap before each.
pub(crate) fn width(scene: &Scene, notes: &[Note]) -> f32 {
    let one = |(words, style): &Note| GAP + scene.fonts().width(words, style.size, style.weight);
    notes.iter().map(one).sum()
}

/// Writes `notes` to the right of `x`, centred on the height `middle`, on white so that no grid
/// line runs through them.
pub(crate) fn draw(page: &mut Page, notes: &[Note], x: f32, middle: f32) {
    let Some(tallest) = notes.iter().map(|(_, style)| style.size).reduce(f32::max) else {
        return;
    };
    let room = width(&page.scene, notes) - GAP;
    page.scene.fill(x + GAP - 3.0, middle - tallest / 2.0, room + 6.0, tallest, BACKGROUND);
    let mut end = x;
    for (words, style) in notes {
        let at = (end + GAP, middle + 0.36 * tallest);
        end = page.scene.text(words.as_str(), at, Anchor::Start, *style);
    }
}
