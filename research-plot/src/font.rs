//! The font of plots: the widths of texts, and the outlines of letters.
//!
//! It is DejaVu Sans without scripts that are rare in names of variables; see `assets`.

use super::truncate;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

const BYTES: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");

/// The font family in SVG files. If the font is missing, viewers use one with the same widths.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, Geneva, sans-serif";

/// Returns the width of a string at a font size, in pixels.
pub(super) fn width(text: &str, size: f32) -> f32 {
    text.chars().map(advance(size)).sum()
}

/// Returns the width of a string, or `most` if it is wider.
pub(super) fn width_within(text: &str, size: f32, most: f32) -> f32 {
    let mut widths = text.chars().map(advance(size));
    let sum = |sum: f32, width: f32| Some(sum + width).filter(|sum| *sum < most);
    widths.try_fold(0.0, sum).unwrap_or(most)
}

/// Truncates a string to the width `room`.
pub(super) fn fitting(text: &str, size: f32, room: f32) -> String {
    truncate::fitting(text, room, advance(size))
}

/// Returns a function that returns the width of a character at a font size.
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

/// Draws the outlines of a string. Calls `pen_of` for each letter with its x on the baseline; y
/// points up.
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
                // Ignore errors: the embedded font has no invalid outlines.
                let _ = outline.draw(settings, &mut pen);
            });
        }
        x += metrics.advance_width(glyph).unwrap_or(size * 0.6);
    }
}
