//! Scenes: the shapes of a plot, independent of the file format.

/// The font size of the titles of panels.
pub(crate) const PANEL_TITLE: f32 = 14.0;
/// The font size of labels.
pub(crate) const SMALL: f32 = 12.0;

/// A rectangle in the scene.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

/// The shapes of a plot; later shapes are drawn over earlier ones.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) shapes: Vec<Shape>,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Line {
        points: Vec<(f32, f32)>,
        color: Color,
        width: f32,
        /// The number of its line style.
        style: usize,
    },
    Area {
        points: Vec<(f32, f32)>,
        color: Color,
        opacity: f32,
    },
    Dot {
        at: (f32, f32),
        radius: f32,
        color: Color,
    },
    Text {
        /// The start, middle or end of the baseline, as `anchor` says.
        at: (f32, f32),
        text: String,
        size: f32,
        anchor: Anchor,
        color: Color,
    },
}

impl Shape {
    pub(super) fn text(
        at: (f32, f32),
        text: impl Into<String>,
        size: f32,
        anchor: Anchor,
        color: Color,
    ) -> Self {
        Self::Text {
            at,
            text: text.into(),
            size,
            anchor,
            color,
        }
    }

    /// Returns a line with the width of axes.
    pub(super) fn thin_line(points: [(f32, f32); 2], color: Color) -> Self {
        Self::Line {
            points: points.to_vec(),
            color,
            width: 1.0,
            style: 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Color(pub(super) u8, pub(super) u8, pub(super) u8);

impl Color {
    pub(super) const BACKGROUND: Self = Self(255, 255, 255);
    pub(super) const TEXT: Self = Self(38, 38, 38);
    pub(super) const FAINT_TEXT: Self = Self(110, 110, 110);
    pub(super) const AXIS: Self = Self(140, 140, 140);
    pub(super) const GRID: Self = Self(232, 232, 232);
}

/// How many line styles there are, each with a marker.
pub(super) const STYLES: usize = 5;

/// The lengths of the lines and gaps of each line style; none for a solid line.
pub(super) const DASHES: [&[f32]; STYLES] = [
    &[],
    &[7.0, 4.0],
    &[2.0, 3.0],
    &[9.0, 3.0, 2.0, 3.0],
    &[15.0, 5.0],
];

/// The corners of the marker of each line style, around the origin, with a radius of about 1; none
/// for a dot.
const MARKERS: [&[(f32, f32)]; STYLES] = [
    &[],
    &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    &[(0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)],
    &[(0.0, -1.35), (1.0, 0.0), (0.0, 1.35), (-1.0, 0.0)],
    &[(0.0, 1.25), (1.15, -0.8), (-1.15, -0.8)],
];

/// The marker of a style.
pub(super) fn marker(at: (f32, f32), style: usize, radius: f32, color: Color) -> Shape {
    match MARKERS[style % STYLES] {
        [] => Shape::Dot { at, radius, color },
        corners => Shape::Area {
            points: corners
                .iter()
                .map(|(x, y)| (at.0 + x * radius, at.1 + y * radius))
                .collect(),
            color,
            opacity: 1.0,
        },
    }
}

/// Ten colours that can be distinguished, also by most colour-blind readers.
const FEW: [Color; 10] = [
    Color(31, 119, 180),
    Color(255, 127, 14),
    Color(44, 160, 44),
    Color(214, 39, 40),
    Color(148, 103, 189),
    Color(140, 86, 75),
    Color(227, 119, 194),
    Color(127, 127, 127),
    Color(188, 189, 34),
    Color(23, 190, 207),
];

/// A scale from dark violet over green to yellow, for more than ten colours.
const MANY: [Color; 6] = [
    Color(68, 1, 84),
    Color(65, 68, 135),
    Color(42, 120, 142),
    Color(34, 168, 132),
    Color(122, 209, 81),
    Color(220, 205, 40),
];

/// Returns colour `number` of `count`.
pub(super) fn color(number: usize, count: usize) -> Color {
    if count <= FEW.len() {
        return FEW[number % FEW.len()];
    }
    let place = number as f32 / (count - 1).max(1) as f32 * (MANY.len() - 1) as f32;
    let from = (place as usize).min(MANY.len() - 2);
    let share = place - from as f32;
    let (a, b) = (MANY[from], MANY[from + 1]);
    let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share).round() as u8;
    Color(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}
