//! Places in a text, shown with a caret.

use unicode_width::UnicodeWidthChar;

use super::node::Span;

/// A line of a text and a stretch of it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// How many characters are meant.
    length: usize,
    text: String,
}

impl Place {
    pub(crate) fn new(span: Span, text: &str) -> Self {
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        // What ends after the last line is shown at the end of that line.
        if start == text.len() {
            start = text.trim_end().len();
        }
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_text = text[line_start..].lines().next().unwrap_or_default();
        let stretch = text.get(start..span.end).unwrap_or_default();
        let length = stretch
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

    /// The line in so many columns, with carets under the stretch. Of a long line the part around
    /// the stretch is shown.
    pub(crate) fn fit(&self, columns: usize) -> Shown {
        // A tab or a control character would put the caret elsewhere.
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let characters: Vec<char> = self.text.chars().map(clean).collect();
        let place = (self.column - 1).min(characters.len());
        let mut first = 0;
        if width(&characters) > columns {
            // Half of the columns are for what stands before the stretch.
            let mut before = width(&characters[..place]);
            while before > columns / 2 {
                before -= width(&characters[first..=first]);
                first += 1;
            }
        }
        let mut last = characters.len();
        let dots = usize::from(first > 0);
        let mut shown = width(&characters[first..]);
        while last > place + 1 && shown + dots > columns {
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
        let end = (place + self.length).min(last);
        Shown {
            text: text.trim_end().to_owned(),
            before: width(&characters[first..place]) + dots,
            carets: characters.get(place..end).map_or(0, width).max(1),
        }
    }
}

/// A line as it is shown.
#[derive(Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    /// How many columns stand before the carets.
    pub(crate) before: usize,
    pub(crate) carets: usize,
}

/// How many columns of a terminal characters take.
fn width(characters: &[char]) -> usize {
    characters.iter().filter_map(|c| c.width()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(text: &str, meant: &str, columns: usize) -> Shown {
        let start = text.find(meant).unwrap_or(text.len());
        let end = start + meant.len();
        Place::new(
            Span {
                source: 0,
                start,
                end,
            },
            text,
        )
        .fit(columns)
    }

    fn shown(text: &str, before: usize, carets: usize) -> Shown {
        Shown {
            text: text.to_owned(),
            before,
            carets,
        }
    }

    #[test]
    fn carets_stand_under_what_is_meant_whatever_the_width_of_characters() {
        assert_eq!(fit("a = 1", "1", 80), shown("a = 1", 4, 1));
        assert_eq!(fit("\t研究 = 究", "= 究", 80), shown(" 研究 = 究", 6, 4));
        assert_eq!(fit("e\u{301} = x", "x", 80), shown("e\u{301} = x", 4, 1));
    }

    #[test]
    fn of_a_long_line_the_part_around_what_is_meant_is_shown() {
        let line = format!("{} here {}", "a".repeat(100), "b".repeat(100));
        let around = fit(&line, "here", 20);
        assert_eq!(around, shown("…aaaaaaaaa here bbbb…", 11, 4));
        assert_eq!(fit(&line, "a", 10), shown("aaaaaaaaaa…", 0, 1));
        // A line of any length, in linear time.
        let long = "[".repeat(2_000_000) + "here" + &"]".repeat(2_000_000);
        assert_eq!(fit(&long, "here", 20).before, 11);
        // More than there is room for.
        assert_eq!(fit(&line, &line[90..150], 10).carets, 4);
    }
}
