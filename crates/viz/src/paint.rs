//! Scenes to PNG: the only file that knows pixels.
//!
//! Shapes go through plotters' backend interface. Glyphs go there pixel by pixel,
//! because plotters' own text drops the space to the left of each letter and sets
//! whole-pixel steps. Edges of rectangles are rounded to pixels, so that bars are
//! sharp and two that touch leave no gap.

use crate::error::VizError;
use crate::palette::{BACKGROUND, Colour};
use crate::scene::{Scene, Shape, Text};
use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::{Color, RGBColor, ShapeStyle};

/// Pixels per point: text stays sharp on dense screens and in print.
const SCALE: f32 = 2.0;
/// Above this many points a picture is painted at one pixel per point, to bound memory.
const TALL: f32 = 8000.0;
/// A point is 1/96 inch, as on the web.
const POINTS_PER_METRE: f32 = 96.0 / 0.0254;

impl Scene {
    /// The picture as a PNG file, with two pixels per point (one above 8,000 points of height).
    ///
    /// # Errors
    /// [`VizError::Encode`] if the picture is too large for the format.
    pub fn to_png(&self) -> Result<Vec<u8>, VizError> {
        let (width, height) = self.size();
        let scale = if height > TALL { 1.0 } else { SCALE };
        let pixels = |points: f32| (points * scale).ceil().max(1.0) as u32;
        let (width, height) = (pixels(width), pixels(height));
        let mut rgb = vec![0; width as usize * height as usize * 3];
        paint(self, BitMapBackend::with_buffer(&mut rgb, (width, height)), scale);
        encode(&rgb, width, height, scale).map_err(|source| VizError::Encode {
            width,
            height,
            source,
        })
    }
}

/// Painting into memory cannot fail, so what a backend answers is not looked at.
fn paint<B: DrawingBackend>(scene: &Scene, mut backend: B, scale: f32) {
    let (width, height) = backend.get_size();
    let page = (0, 0, width as i32, height as i32);
    fill(&mut backend, page, BACKGROUND);
    let px = |points: f32| (points * scale).round() as i32;
    for shape in scene.shapes() {
        match shape {
            Shape::Fill(r, colour) => {
                let edges = (px(r.x), px(r.y), px(r.x + r.w), px(r.y + r.h));
                fill(&mut backend, edges, *colour);
            }
            Shape::Line(from, to, width, colour) => {
                let stroke = (width * scale).round().max(1.0) as u32;
                let style = ShapeStyle::from(rgb(*colour)).stroke_width(stroke);
                let ends = ((px(from.0), px(from.1)), (px(to.0), px(to.1)));
                let _ = backend.draw_line(ends.0, ends.1, &style);
            }
            Shape::Text(text) => letters(scene, &mut backend, text, scale),
        }
    }
}

/// Fills from the first to before the last two edges.
fn fill<B: DrawingBackend>(backend: &mut B, edges: (i32, i32, i32, i32), colour: Colour) {
    let (left, top, right, bottom) = edges;
    if left < right && top < bottom {
        let style = ShapeStyle::from(rgb(colour)).filled();
        let _ = backend.draw_rect((left, top), (right, bottom), &style, true);
    }
}

fn letters<B: DrawingBackend>(scene: &Scene, backend: &mut B, text: &Text, scale: f32) {
    let colour = rgb(text.colour);
    let at = (text.x, text.y);
    for glyph in scene.fonts().outlines(&text.content, at, text.size, text.weight, scale) {
        let corner = glyph.px_bounds().min;
        let (left, top) = (corner.x as i32, corner.y as i32);
        glyph.draw(|x, y, coverage| {
            let ink = colour.mix(f64::from(coverage)).to_backend_color();
            let _ = backend.draw_pixel((left + x as i32, top + y as i32), ink);
        });
    }
}

fn rgb(Colour(r, g, b): Colour) -> RGBColor {
    RGBColor(r, g, b)
}

fn encode(rgb: &[u8], width: u32, height: u32, scale: f32) -> Result<Vec<u8>, png::EncodingError> {
    let density = (POINTS_PER_METRE * scale).round() as u32;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: density,
        yppu: density,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    Ok(file)
}
