//! Writes scenes as SVG.

use std::fmt::Write;

use super::font::FAMILY;
use super::scene::{Anchor, Color, DASHES, STYLES, Scene, Shape};

pub(super) fn write(scene: &Scene) -> String {
    let Scene { width, height, .. } = scene;
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILY}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
        hex(Color::BACKGROUND)
    );
    for one in &scene.shapes {
        let _ = shape(one, &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

fn shape(shape: &Shape, svg: &mut String) -> std::fmt::Result {
    match shape {
        Shape::Line {
            points: line,
            color,
            width,
            style,
        } => {
            svg.push_str("<polyline points=\"");
            points(line, svg)?;
            write!(
                svg,
                "\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" \
                 stroke-linejoin=\"round\"",
                hex(*color)
            )?;
            if let [first, rest @ ..] = DASHES[style % STYLES] {
                write!(svg, " stroke-dasharray=\"{first}")?;
                rest.iter()
                    .try_for_each(|length| write!(svg, " {length}"))?;
                svg.push('"');
            }
            svg.push_str("/>\n");
            Ok(())
        }
        Shape::Area {
            points: outline,
            color,
            opacity,
        } => {
            svg.push_str("<polygon points=\"");
            points(outline, svg)?;
            writeln!(
                svg,
                "\" fill=\"{}\" fill-opacity=\"{opacity}\"/>",
                hex(*color)
            )
        }
        Shape::Dot { at, radius, color } => writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\" fill=\"{}\"/>",
            at.0,
            at.1,
            hex(*color)
        ),
        Shape::Text {
            at,
            text,
            size,
            anchor,
            color,
        } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{size}\" \
                 text-anchor=\"{anchor}\" fill=\"{}\">",
                at.0,
                at.1,
                hex(*color)
            )?;
            escape(text, svg);
            writeln!(svg, "</text>")
        }
    }
}

fn points(points: &[(f32, f32)], svg: &mut String) -> std::fmt::Result {
    for (place, (x, y)) in points.iter().enumerate() {
        let space = if place == 0 { "" } else { " " };
        write!(svg, "{space}{x:.1},{y:.1}")?;
    }
    Ok(())
}

fn hex(Color(red, green, blue): Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Appends `text`. Escapes the special characters of XML, and leaves out characters that XML does
/// not allow.
fn escape(text: &str, svg: &mut String) {
    for character in text.chars() {
        match character {
            '&' => svg.push_str("&amp;"),
            '<' => svg.push_str("&lt;"),
            '>' => svg.push_str("&gt;"),
            '\n' | '\t' | '\r' => svg.push(' '),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {}
            character => svg.push(character),
        }
    }
}
