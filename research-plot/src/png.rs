//! Writes scenes as PNG.

use skrifa::outline::OutlinePen;
use tiny_skia::{
    Color as Paintable, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke,
    StrokeDash, Transform,
};

use super::PlotError;
use super::error::is_possible;
use super::font;
use super::scene::{Anchor, Color, DASHES, STYLES, Scene, Shape};

/// The number of image pixels per pixel of the scene, in each direction: enough for dense screens
/// and for paper.
const DENSITY: u32 = 2;

pub(super) fn write(scene: &Scene) -> Result<Vec<u8>, PlotError> {
    let too_large = || PlotError::Size {
        width: scene.width,
        height: scene.height,
    };
    if !is_possible(scene.width, scene.height) {
        return Err(too_large());
    }
    let mut pixels =
        Pixmap::new(scene.width * DENSITY, scene.height * DENSITY).ok_or_else(too_large)?;
    pixels.fill(opaque(Color::BACKGROUND, 1.0));
    for one in &scene.shapes {
        shape(one, &mut pixels);
    }
    pixels.encode_png().map_err(|_| too_large())
}

fn shape(shape: &Shape, pixels: &mut Pixmap) {
    match shape {
        Shape::Line {
            points,
            color,
            width,
            style,
        } => {
            let stroke = Stroke {
                width: *width,
                dash: StrokeDash::new(DASHES[style % STYLES].to_vec(), 0.0),
                line_join: LineJoin::Round,
                line_cap: LineCap::Butt,
                ..Stroke::default()
            };
            if let Some(path) = path(points, false) {
                pixels.stroke_path(&path, &paint(*color, 1.0), &stroke, scaled(), None);
            }
        }
        Shape::Area {
            points,
            color,
            opacity,
        } => {
            if let Some(path) = path(points, true) {
                fill(&path, *color, *opacity, scaled(), pixels);
            }
        }
        Shape::Dot { at, radius, color } => {
            if let Some(path) = PathBuilder::from_circle(at.0, at.1, *radius) {
                fill(&path, *color, 1.0, scaled(), pixels);
            }
        }
        Shape::Text {
            at,
            text,
            size,
            anchor,
            color,
        } => {
            let width = font::width(text, *size);
            let begin = match anchor {
                Anchor::Start => at.0,
                Anchor::Middle => at.0 - width / 2.0,
                Anchor::End => at.0 - width,
            };
            font::draw(text, *size, |x, draw| {
                let mut letter = Letter(PathBuilder::new());
                draw(&mut letter);
                if let Some(path) = letter.0.finish() {
                    let place = Transform::from_row(1.0, 0.0, 0.0, -1.0, begin + x, at.1);
                    fill(&path, *color, 1.0, place.post_concat(scaled()), pixels);
                }
            });
        }
    }
}

fn scaled() -> Transform {
    Transform::from_scale(DENSITY as f32, DENSITY as f32)
}

fn path(points: &[(f32, f32)], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (place, (x, y)) in points.iter().enumerate() {
        match place {
            0 => path.move_to(*x, *y),
            _ => path.line_to(*x, *y),
        }
    }
    if closed {
        path.close();
    }
    path.finish()
}

fn fill(path: &Path, color: Color, opacity: f32, transform: Transform, pixels: &mut Pixmap) {
    let paint = paint(color, opacity);
    pixels.fill_path(path, &paint, FillRule::Winding, transform, None);
}

fn paint(color: Color, opacity: f32) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(opaque(color, opacity));
    paint
}

fn opaque(Color(red, green, blue): Color, opacity: f32) -> Paintable {
    Paintable::from_rgba8(red, green, blue, (opacity * 255.0).round() as u8)
}

/// Converts the outline of a letter to a path.
struct Letter(PathBuilder);

impl OutlinePen for Letter {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to(cx, cy, x, y);
    }

    fn curve_to(&mut self, cx: f32, cy: f32, dx: f32, dy: f32, x: f32, y: f32) {
        self.0.cubic_to(cx, cy, dx, dy, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
