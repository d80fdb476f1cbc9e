//! Locations in a source, shown with carets.

use unicode_width::UnicodeWidthChar;

use super::node::Span;

/// A line of a source and a range of it.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// The number of characters of the range.
    length: usize,
    text: String,
}

impl Location {
    pub(crate) fn new(span: Span, text: &str) -> Self {
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        // The end of the text is shown at the end of its last line.
        if start == text.len() {
            start = text.trim_end().len();
        }
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_text = text[line_start..].lines().next().unwrap_or_default();
        let range = text.get(start..span.end).unwrap_or_default();
        let length = range
            .lines()
            .next()
            .unwrap_or_default()
            .trim_end()
            .chars()
            .count();
        Self {
            line: text[..line_start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            length: length.max(1),
            text: line_text.trim_end().to_owned(),
        }
    }

    /// Returns the line for a width of `columns`, with carets under the range. A long line is cut
    /// to the part around the range.
    pub(crate) fn fit(&self, columns: usize) -> Excerpt {
        // Tabs and control characters would move the carets.
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let characters: Vec<char> = self.text.chars().map(clean).collect();
        let index = (self.column - 1).min(characters.len());
        let mut first = 0;
        if width(&characters) > columns {
            // Half of the columns are for the text before the range.
            let mut before = width(&characters[..index]);
            while before > columns / 2 {
                before -= width(&characters[first..=first]);
                first += 1;
            }
        }
        let mut last = characters.len();
        let dots = usize::from(first > 0);
        let mut shown = width(&characters[first..]);
        while last > index + 1 && shown + dots > columns {
            last -= 1;
            shown -= width(&characters[last..=last]);
        }
        let mut text = String::new();
        if first > 0 {
            text.push('…');
        }
        text.extend(&characters[first..last]);
        if last < characters.len() {
            text.push('…');
        }
        let end = (index + self.length).min(last);
        Excerpt {
            text: text.trim_end().to_owned(),
            before: width(&characters[first..index]) + dots,
            carets: characters.get(index..end).map_or(0, width).max(1),
        }
    }
}

/// An excerpt of a line.
#[derive(Debug, PartialEq)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// The number of columns before the carets.
    pub(crate) before: usize,
    pub(crate) carets: usize,
}

/// Returns the width of characters in columns.
fn width(characters: &[char]) -> usize {
    characters.iter().filter_map(|c| c.width()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(text: &str, meant: &str, columns: usize) -> Excerpt {
        let start = text.find(meant).unwrap_or(text.len());
        let end = start + meant.len();
        Location::new(
            Span {
                source: 0,
                start,
                end,
            },
            text,
        )
        .fit(columns)
    }

    fn shown(text: &str, before: usize, carets: usize) -> Excerpt {
        Excerpt {
            text: text.to_owned(),
            before,
            carets,
        }
    }

    #[test]
    fn carets_align_for_characters_of_any_width() {
        assert_eq!(fit("a = 1", "1", 80), shown("a = 1", 4, 1));
        assert_eq!(fit("\t研究 = 究", "= 究", 80), shown(" 研究 = 究", 6, 4));
        assert_eq!(fit("e\u{301} = x", "x", 80), shown("e\u{301} = x", 4, 1));
    }

    #[test]
    fn a_long_line_is_cut_to_the_part_around_the_range() {
        let line = format!("{} here {}", "a".repeat(100), "b".repeat(100));
        let around = fit(&line, "here", 20);
        assert_eq!(around, shown("…aaaaaaaaa here bbbb…", 11, 4));
        assert_eq!(fit(&line, "a", 10), shown("aaaaaaaaaa…", 0, 1));
        // A line of any length, in linear time.
        let long = "[".repeat(2_000_000) + "here" + &"]".repeat(2_000_000);
        assert_eq!(fit(&long, "here", 20).before, 11);
        // More than fits.
        assert_eq!(fit(&line, &line[90..150], 10).carets, 4);
    }
}
