//! The font of pictures: how wide texts are, and the outlines of their letters.
//!
//! It is DejaVu Sans without the scripts that are rare in names of variables; see `assets`.

use super::truncate;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

const BYTES: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");

/// What viewers of SVG take: where the font itself is missing, ones of the same widths.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, Geneva, sans-serif";

/// The width of a string at a size, in pixels.
pub(super) fn width(text: &str, size: f32) -> f32 {
    text.chars().map(advance(size)).sum()
}

/// The width of a string, or `most` if it is wider.
pub(super) fn width_within(text: &str, size: f32, most: f32) -> f32 {
    let mut widths = text.chars().map(advance(size));
    let sum = |sum: f32, width: f32| Some(sum + width).filter(|sum| *sum < most);
    widths.try_fold(0.0, sum).unwrap_or(most)
}

/// A string truncated to a width.
pub(super) fn fitting(text: &str, size: f32, room: f32) -> String {
    truncate::fitting(text, room, advance(size))
}

/// How wide characters are at a size.
fn advance(size: f32) -> impl Fn(char) -> f32 {
    let font = FontRef::new(BYTES).ok();
    let known = font.map(|font| {
        let metrics = font.glyph_metrics(Size::new(size), LocationRef::default());
        (font.charmap(), metrics)
    });
    move |character| {
        let known = known.as_ref().and_then(|(charmap, metrics)| {
            let glyph = charmap.map(character).unwrap_or(GlyphId::NOTDEF);
            metrics.advance_width(glyph)
        });
        known.unwrap_or(size * 0.6)
    }
}

/// Draws a string from a point on its baseline; y goes up.
pub(super) fn draw(
    text: &str,
    size: f32,
    mut pen_of: impl FnMut(f32, &dyn Fn(&mut dyn OutlinePen)),
) {
    let Ok(font) = FontRef::new(BYTES) else {
        return;
    };
    let metrics = font.glyph_metrics(Size::new(size), LocationRef::default());
    let (charmap, outlines) = (font.charmap(), font.outline_glyphs());
    let mut x = 0.0;
    for character in text.chars() {
        let glyph = charmap.map(character).unwrap_or(GlyphId::NOTDEF);
        if let Some(outline) = outlines.get(glyph) {
            pen_of(x, &|mut pen| {
                let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
                // A letter whose outline is broken is left out; the font is ours, so there is none.
                let _ = outline.draw(settings, &mut pen);
            });
        }
        x += metrics.advance_width(glyph).unwrap_or(size * 0.6);
    }
}
