//! Finds the part that error messages of one cause share.

/// The words after which a number is a part of the cause.
const KEPT_AFTER: [&str; 2] = ["exit code ", "signal "];

/// The minimum number of digits of a number inside a word, as in `file12345`, that is taken to
/// differ between runs.
const LONG: usize = 4;

/// Returns a message with its numbers replaced by `#` and the content of its braces sorted, because
/// a set is printed in any order. Exit codes, signals and short numbers in words, such as
/// `float64`, stay.
pub(crate) fn pattern(message: &str) -> String {
    sort_sets(&without_numbers(message))
}

fn without_numbers(message: &str) -> String {
    let mut pattern = String::new();
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let previous = pattern.chars().next_back();
        let is_in_word = previous.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let length = match is_in_word {
            false => number(rest),
            true => digits(rest),
        };
        if length == 0 {
            // A word stays unchanged up to its digits.
            pattern.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let is_kept = match is_in_word {
            false => KEPT_AFTER.iter().any(|word| pattern.ends_with(word)),
            true => length < LONG,
        };
        if is_kept {
            pattern.push_str(&rest[..length]);
        } else {
            if !is_in_word && pattern.ends_with(['-', '+']) {
                pattern.pop();
            }
            pattern.push('#');
        }
        rest = &rest[length..];
    }
    pattern
}

/// The length of the number at the beginning of a string: `17`, `0.5`, `1e-05`, `0x7f3a`, `inf`.
fn number(text: &str) -> usize {
    if let Some(hex) = text.strip_prefix("0x") {
        let end = hex.find(|c: char| !c.is_ascii_hexdigit());
        return 2 + end.unwrap_or(hex.len());
    }
    for word in ["inf", "nan", "Infinity", "NaN"] {
        let next = text.strip_prefix(word).map(|rest| rest.chars().next());
        if next.is_some_and(|next| !next.is_some_and(|c| c.is_alphanumeric() || c == '_')) {
            return word.len();
        }
    }
    let mut length = digits(text);
    if length == 0 {
        return 0;
    }
    let fraction = text[length..].strip_prefix('.').map_or(0, digits);
    if fraction > 0 {
        length += 1 + fraction;
    }
    if let Some(exponent) = text[length..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['-', '+']));
        let digits = digits(&exponent[sign..]);
        if digits > 0 {
            length += 1 + sign + digits;
        }
    }
    length
}

/// The number of digits at the beginning of a string.
fn digits(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len())
}

/// Sorts the elements in the innermost braces.
fn sort_sets(text: &str) -> String {
    let mut sorted = String::new();
    let mut rest = text;
    while let Some(end) = rest.find('}') {
        let (before, after) = rest.split_at(end);
        match before.rfind('{') {
            Some(begin) => {
                let mut elements: Vec<&str> =
                    before[begin + 1..].split(',').map(str::trim).collect();
                elements.sort_unstable();
                elements.dedup();
                sorted.push_str(&before[..=begin]);
                sorted.push_str(&elements.join(", "));
            }
            None => sorted.push_str(before),
        }
        sorted.push('}');
        rest = &after[1..];
    }
    // If a message was truncated inside a set, the elements that are left vary: remove all of them.
    match rest.rfind('{') {
        Some(begin) if rest.ends_with('…') => sorted + &rest[..=begin],
        _ => sorted + rest,
    }
}
