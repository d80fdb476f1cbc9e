//! Truncates strings to a width.

/// Returns a string, or its beginning and its end if it is too long, because names may differ at
/// either end. `width` returns the width of a character.
pub(super) fn fitting(text: &str, room: f32, width: impl Fn(char) -> f32) -> String {
    let mut total = 0.0;
    let is_short = text.chars().all(|character| {
        total += width(character);
        total <= room
    });
    if is_short {
        return text.to_owned();
    }
    let mut left = room - width('…');
    let (mut begin, mut end) = (String::new(), Vec::new());
    let mut rest = text.chars();
    let (mut width_of_begin, mut width_of_end) = (0.0, 0.0);
    loop {
        let from_begin = width_of_begin <= width_of_end;
        let next = if from_begin {
            rest.next()
        } else {
            rest.next_back()
        };
        let Some(character) = next else {
            break;
        };
        let taken = width(character);
        if taken > left {
            break;
        }
        left -= taken;
        if from_begin {
            begin.push(character);
            width_of_begin += taken;
        } else {
            end.push(character);
            width_of_end += taken;
        }
    }
    begin.push('…');
    begin.extend(end.into_iter().rev());
    begin
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn long_texts_keep_their_beginning_and_their_end() {
        let cut = |text: &str, room: f32| fitting(text, room, |_| 1.0);
        assert_eq!(cut("abcdef", 6.0), "abcdef");
        assert_eq!(cut("abcdefg", 6.0), "abc…fg");
        assert_eq!(cut("größer", 3.0), "g…r");
        assert_eq!(cut("abc", 0.5), "…");
        assert_eq!(cut("", 0.0), "");
        // A value may be as long as a prompt.
        let long = "ab".repeat(1_000_000);
        assert_eq!(cut(&long, 5.0), "ab…ab");
    }
}
