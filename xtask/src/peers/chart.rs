//! Draws the chart of a table: a bar for each contestant, on a logarithmic scale, because the rates
//! differ by factors of a thousand.

use std::fmt::Write;

use super::contestants::Work;
use super::rounds::Entry;

const ROW: f64 = 34.0;
const LEFT: f64 = 230.0;
const WIDTH: f64 = 460.0;
const TOP: f64 = 44.0;
const FONT: &str = r#"font-family="sans-serif" font-size="13""#;

/// Draws the rates of all contestants that do this work, as an SVG.
pub(super) fn draw(entries: &[Entry], work: Work) -> String {
    let mut bars: Vec<(&str, f64)> = entries
        .iter()
        .filter(|entry| entry.contestant.work == work)
        .filter_map(|entry| Some((entry.contestant.name, entry.rate()?)))
        .collect();
    bars.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let most = bars
        .iter()
        .fold(10.0, |most: f64, (_, rate)| most.max(*rate));
    let decades = most.log10().ceil();
    let length = |rate: f64| (rate.max(1.0).log10() / decades * WIDTH).max(1.0);
    let bottom = TOP + ROW * bars.len() as f64;
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{:.0}" height="{:.0}" {FONT}>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="12" y="24" font-size="15" font-weight="bold" fill="#1f2430">{}</text>
"##,
        LEFT + WIDTH + 90.0,
        bottom + 34.0,
        title(work),
    );
    let mut decade = 0.0;
    while decade <= decades {
        let x = LEFT + decade / decades * WIDTH;
        let _ = write!(
            svg,
            r##"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{bottom:.1}" stroke="#d8dbe2"/>
<text x="{x:.1}" y="{:.1}" text-anchor="middle" fill="#5b6270">{}</text>
"##,
            bottom + 18.0,
            grouped(10_f64.powf(decade)),
        );
        decade += 1.0;
    }
    for (row, (name, rate)) in bars.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let colour = if name.starts_with("research") {
            "#2f6fde"
        } else {
            "#9aa3b2"
        };
        let _ = write!(
            svg,
            r##"<text x="{:.1}" y="{:.1}" text-anchor="end" fill="#1f2430">{}</text>
<rect x="{LEFT}" y="{:.1}" width="{:.1}" height="20" rx="3" fill="{colour}"/>
<text x="{:.1}" y="{:.1}" fill="#1f2430">{}</text>
"##,
            LEFT - 10.0,
            y + 20.0,
            name.replace('"', "&quot;"),
            y + 6.0,
            length(*rate),
            LEFT + length(*rate) + 8.0,
            y + 20.0,
            grouped(*rate),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn title(work: Work) -> &'static str {
    match work {
        Work::Function => "Experiments per second: a function that doubles a number (2 at a time)",
        Work::Program => "Experiments per second: starting /bin/true (2 at a time)",
    }
}

/// Formats a number with grouped thousands, and without decimals from 100 on.
pub(super) fn grouped(number: f64) -> String {
    if number < 100.0 {
        let text = format!("{number:.1}");
        return text.strip_suffix(".0").unwrap_or(&text).to_owned();
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let grouped = [1.0, 99.94, 100.0, 1234.4, 1_000_000.0].map(grouped);
        assert_eq!(grouped, ["1", "99.9", "100", "1,234", "1,000,000"]);
    }
}
