//! Checks for random plots that all texts are inside the scene and do not overlap.

use proptest::prelude::*;

use super::{Panel, Plot, Point, Shape, scene};
use crate::figure::{Curve, Legend};
use crate::font;
use crate::options::{Log, Size};
use crate::scene::Anchor;

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8}", "[a-zü_ =,0-9]{20,200}", "[大m]{1,30}"]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |number| number.is_finite()),
        -10.0..10.0,
        (0..5_u32).prop_map(|nth| 1_785_000_000.0 + f64::from(nth) / 2.0),
    ]
}

fn panel() -> impl Strategy<Value = Panel> {
    let points = prop::collection::vec((number(), number()), 1..6);
    (name(), 0..3_usize, points).prop_map(|(title, color, points)| {
        let point = |(x, y): (f64, f64)| Point {
            x,
            y,
            low: y,
            high: y,
            count: 1,
        };
        let curve = Curve {
            color,
            style: color,
            points: points.into_iter().map(point).collect(),
            joined: true,
        };
        Panel {
            title,
            variable: 0,
            curves: vec![curve],
        }
    })
}

fn plot() -> impl Strategy<Value = Plot> {
    let texts = (prop::option::of(name()), name(), name(), name());
    let panels = prop::collection::vec(panel(), 1..5);
    let entries = prop::collection::vec(name(), 0..80);
    let size = (
        prop::option::of(600..2000_u32),
        prop::option::of(500..2000_u32),
    );
    let categories = prop::option::of(prop::collection::vec(name(), 1..60));
    let shape = (1..3_usize, any::<(bool, bool)>(), size);
    (texts, panels, entries, categories, shape).prop_map(
        |(texts, mut panels, entries, categories, (columns, log, size))| {
            let (title, caption, x_label, legend) = texts;
            // Without a legend all curves have the same colour.
            let colors = entries.len().max(1);
            let mut curves: Vec<_> = panels
                .iter_mut()
                .flat_map(|panel| &mut panel.curves)
                .collect();
            curves.iter_mut().for_each(|curve| curve.color %= colors);
            let points = curves.into_iter().flat_map(|curve| &mut curve.points);
            for point in points {
                let places = categories.as_ref().map(Vec::len);
                let above =
                    |log: bool, number: f64| if log { number.abs() + 1e-300 } else { number };
                point.x = match places {
                    Some(places) => point.x.abs() % places as f64,
                    None => above(log.0, point.x),
                };
                point.y = above(log.1, point.y);
                (point.low, point.high) = (point.y, point.y);
            }
            Plot {
                notes: Vec::new(),
                title,
                caption,
                x_label,
                log: Log {
                    x: log.0 && categories.is_none(),
                    y: log.1,
                },
                categories,
                panels,
                columns,
                legend: Legend {
                    title: legend,
                    entries,
                    colors,
                    style_title: String::new(),
                    styles: Vec::new(),
                },
                size: Size {
                    width: size.0,
                    height: size.1,
                },
            }
        },
    )
}

/// A string, with its left and right and its top and bottom ends.
type Place<'a> = (&'a str, (f32, f32), (f32, f32));

fn place(shape: &Shape) -> Option<Place<'_>> {
    let Shape::Text {
        at,
        text,
        size,
        anchor,
        ..
    } = shape
    else {
        return None;
    };
    let width = font::width(text, *size);
    let left = match anchor {
        Anchor::Start => at.0,
        Anchor::Middle => at.0 - width / 2.0,
        Anchor::End => at.0 - width,
    };
    // Letters are lower than the font size, except for a few that reach below the baseline.
    Some((text, (left, left + width), (at.1 - size * 0.75, at.1)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_leaves_the_picture_or_covers_another(plot in plot()) {
        let scene = scene(&plot);
        let places: Vec<Place<'_>> = scene.shapes.iter().filter_map(place).collect();
        for (place, one) in places.iter().enumerate() {
            let (text, across, down) = one;
            prop_assert!(across.0 >= 0.0 && across.1 <= scene.width as f32, "{text}: {across:?}");
            prop_assert!(down.0 >= 0.0 && down.1 <= scene.height as f32, "{text}: {down:?}");
            for other in &places[..place] {
                let apart = |a: (f32, f32), b: (f32, f32)| a.1 <= b.0 || b.1 <= a.0;
                let are_apart = apart(*across, other.1) || apart(*down, other.2);
                prop_assert!(are_apart, "{one:?} and {other:?}");
            }
        }
        for shape in &scene.shapes {
            let points = match shape {
                Shape::Line { points, .. } | Shape::Area { points, .. } => points.clone(),
                Shape::Dot { at, .. } | Shape::Text { at, .. } => vec![*at],
            };
            for (x, y) in points {
                prop_assert!((0.0..=scene.width as f32).contains(&x), "{shape:?}");
                prop_assert!((0.0..=scene.height as f32).contains(&y), "{shape:?}");
            }
        }
    }
}
