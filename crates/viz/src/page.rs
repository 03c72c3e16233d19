//! The page around a chart: title, subtitle, legend, caption, and the running height.
//!
//! Charts add their rows from top to bottom and never know how tall the page gets;
//! its width is fixed, so that pictures of an experiment line up under each other.

use crate::error::VizError;
use crate::font::Weight;
use crate::palette::{BACKGROUND, Colour, INK, MUTED, RULE};
use crate::scene::{Anchor, Scene, Style};

/// Width of every picture, points.
pub(crate) const WIDTH: f32 = 1000.0;
/// Free space at the sides.
pub(crate) const MARGIN: f32 = 28.0;

const TITLE: Style = Style::bold(19.0, INK);
const SUBTITLE: Style = Style::regular(12.5, MUTED);
const LEGEND: Style = Style::regular(12.0, INK);
const CAPTION: Style = Style::regular(11.0, MUTED);
const SWATCH: f32 = 12.0;

/// A scene that grows downwards.
pub(crate) struct Page {
    pub(crate) scene: Scene,
    /// Upper edge of what comes next.
    pub(crate) y: f32,
}

impl Page {
    /// A page with its heading. An empty `title` leaves `chart` alone on its line.
    pub(crate) fn new(chart: &str, title: &str, subtitle: &str) -> Result<Page, VizError> {
        let mut page = Page { scene: Scene::new(WIDTH)?, y: 22.0 };
        let mut heading = chart.to_owned();
        if !title.trim().is_empty() {
            heading = format!("{chart} · {}", title.trim());
        }
        page.lines(&heading, TITLE, 26.0);
        page.lines(subtitle, SUBTITLE, 18.0);
        page.y += 8.0;
        Ok(page)
    }

    /// A row of swatches with what they mean.
    pub(crate) fn legend(&mut self, entries: &[(Colour, &str)]) {
        let mut x = MARGIN;
        for (colour, meaning) in entries {
            let width = self.scene.fonts().width(meaning, LEGEND.size, LEGEND.weight);
            if x > MARGIN && x + SWATCH + 6.0 + width > WIDTH - MARGIN {
                x = MARGIN;
                self.y += 20.0;
            }
            self.scene.fill(x, self.y + 1.0, SWATCH, SWATCH, *colour);
            let at = (x + SWATCH + 6.0, self.y + 11.5);
            x = self.scene.text(*meaning, at, Anchor::Start, LEGEND) + 20.0;
        }
        if !entries.is_empty() {
            self.y += 26.0;
        }
    }

    /// Says that there is nothing to draw.
    pub(crate) fn nothing(&mut self) {
        self.y += 30.0;
        let at = (WIDTH / 2.0, self.y);
        self.scene.text("No runs to show.", at, Anchor::Middle, Style::regular(14.0, MUTED));
        self.y += 40.0;
    }

    /// How the picture is to be read, and what else to know, below everything.
    pub(crate) fn caption(&mut self, paragraphs: &[String]) {
        self.y += 6.0;
        self.scene.fill(MARGIN, self.y, WIDTH - 2.0 * MARGIN, 0.5, RULE);
        self.y += 8.0;
        for text in paragraphs {
            self.lines(text, CAPTION, 15.5);
        }
    }

    pub(crate) fn finish(mut self) -> Scene {
        self.scene.set_height(self.y + 14.0);
        self.scene
    }

    /// `late` or `early` in a box, centred on the height `middle`; grey, because colours have
    /// other meanings.
    pub(crate) fn binding(&mut self, bind: &str, (x, middle): (f32, f32), width: f32) {
        if bind.is_empty() {
            return;
        }
        let (y, height, edge) = (middle - 8.0, 16.0, 1.0);
        self.scene.fill(x, y, width, height, MUTED);
        let ink = if bind == "late" {
            BACKGROUND
        } else {
            let inner = (width - 2.0 * edge, height - 2.0 * edge);
            self.scene.fill(x + edge, y + edge, inner.0, inner.1, BACKGROUND);
            MUTED
        };
        let word = self.scene.fonts().elided(bind, 10.5, Weight::Bold, width - 4.0);
        let at = (x + width / 2.0, middle + 3.8);
        self.scene.text(word, at, Anchor::Middle, Style::bold(10.5, ink));
    }

    fn lines(&mut self, text: &str, style: Style, pitch: f32) {
        let room = WIDTH - 2.0 * MARGIN;
        for line in self.scene.fonts().wrapped(text, style.size, style.weight, room) {
            self.y += pitch;
            let at = (MARGIN, self.y - 0.3 * pitch);
            self.scene.text(line, at, Anchor::Start, style);
        }
    }
}
