//! A picture before it is pixels: rectangles, lines and texts in points.
//!
//! Every text knows the box that its ink may take, so a test can ask whether any
//! two texts touch. Shapes are painted in the order in which they were added.

use crate::error::VizError;
use crate::font::{Fonts, Weight};
use crate::palette::Colour;

/// Where a text stands relative to its x.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// It starts there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// A rectangle in points; y grows downwards.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width, ≥ 0.
    pub w: f32,
    /// Height, ≥ 0.
    pub h: f32,
}

/// One line of text.
#[derive(Clone, PartialEq, Debug)]
pub struct Text {
    /// What it says.
    pub content: String,
    /// Left end.
    pub x: f32,
    /// Baseline.
    pub y: f32,
    /// Points per em.
    pub size: f32,
    /// Weight.
    pub weight: Weight,
    /// Colour.
    pub colour: Colour,
    /// Measured width.
    pub width: f32,
}

/// Something to paint.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// A filled rectangle.
    Fill(Rect, Colour),
    /// A straight line, its ends, its width.
    Line((f32, f32), (f32, f32), f32, Colour),
    /// A text.
    Text(Text),
}

/// A picture.
#[derive(Debug)]
pub struct Scene {
    width: f32,
    height: f32,
    shapes: Vec<Shape>,
    fonts: Fonts,
}

impl Rect {
    /// Whether both have an inner point in common.
    pub fn intersects(&self, other: &Rect) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }
}

impl Text {
    /// The box of its ink: as high as a capital with an accent, as deep as a `g`.
    pub fn bounds(&self) -> Rect {
        Rect { x: self.x, y: self.y - 0.8 * self.size, w: self.width, h: 1.03 * self.size }
    }
}

impl Scene {
    /// Width and height in points.
    pub fn size(&self) -> (f32, f32) {
        (self.width, self.height)
    }

    /// What is painted, first the lowest.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The texts among them.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text(text) => Some(text),
            _ => None,
        })
    }

    pub(crate) fn new(width: f32) -> Result<Scene, VizError> {
        Ok(Scene { width, height: 0.0, shapes: Vec::new(), fonts: Fonts::embedded()? })
    }

    pub(crate) fn fonts(&self) -> &Fonts {
        &self.fonts
    }

    pub(crate) fn set_height(&mut self, height: f32) {
        self.height = height;
    }

    pub(crate) fn fill(&mut self, x: f32, y: f32, w: f32, h: f32, colour: Colour) {
        self.shapes.push(Shape::Fill(Rect { x, y, w, h }, colour));
    }

    pub(crate) fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, colour: Colour) {
        self.shapes.push(Shape::Line(from, to, width, colour));
    }

    /// Adds a text with its baseline at `y` and returns where it ends. No words leave no trace.
    pub(crate) fn text(
        &mut self,
        content: impl Into<String>,
        (x, y): (f32, f32),
        anchor: Anchor,
        style: Style,
    ) -> f32 {
        let content = content.into();
        let width = self.fonts.width(&content, style.size, style.weight);
        let x = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        let Style { size, weight, colour } = style;
        if !content.is_empty() {
            self.shapes.push(Shape::Text(Text { content, x, y, size, weight, colour, width }));
        }
        x + width
    }
}

/// Size, weight and colour of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) size: f32,
    pub(crate) weight: Weight,
    pub(crate) colour: Colour,
}

impl Style {
    pub(crate) const fn regular(size: f32, colour: Colour) -> Style {
        Style { size, weight: Weight::Regular, colour }
    }

    pub(crate) const fn bold(size: f32, colour: Colour) -> Style {
        Style { size, weight: Weight::Bold, colour }
    }
}
