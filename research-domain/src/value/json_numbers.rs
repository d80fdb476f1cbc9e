//! The numbers of a JSON text, NaN and the infinities included.

/// The numbers that JSON has no syntax for, as Python's `json` spells them.
const NON_FINITE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// A number in a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonNumber<'t> {
    /// The byte offset of the number.
    pub start: usize,
    /// The number as written.
    pub text: &'t [u8],
}

impl JsonNumber<'_> {
    /// Returns the float, if the number is `NaN`, `Infinity` or `-Infinity`.
    pub fn non_finite(&self) -> Option<f64> {
        match self.text {
            b"NaN" => Some(f64::NAN),
            b"Infinity" => Some(f64::INFINITY),
            b"-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }

    /// Returns whether the number is written as an integer.
    pub fn is_integer(&self) -> bool {
        let digits = self.text.strip_prefix(b"-").unwrap_or(self.text);
        !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    }
}

/// Returns all numbers of a JSON text in order, `NaN`, `Infinity` and `-Infinity` included, and
/// skips strings. The text may be invalid.
///
/// ```
/// use research_domain::json_numbers;
///
/// let numbers = json_numbers(br#"{"NaN": [1.5, -Infinity]}"#);
/// let texts: Vec<&[u8]> = numbers.map(|number| number.text).collect();
/// assert_eq!(texts, [&b"1.5"[..], b"-Infinity"]);
/// ```
pub fn json_numbers(text: &[u8]) -> impl Iterator<Item = JsonNumber<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let start = at;
            let rest = &text[at..];
            let is_number = match text[at] {
                b'"' => {
                    at += length_of_string(rest);
                    false
                }
                b'N' | b'I' | b'-' | b'0'..=b'9' => {
                    let length = length_of_number(rest);
                    at += length.max(1);
                    length > 0
                }
                _ => {
                    at += 1;
                    false
                }
            };
            if is_number {
                let text = &text[start..at];
                return Some(JsonNumber { start, text });
            }
        }
        None
    })
}

/// Returns the length of the string, quotes included, or of the rest of the text if the string is
/// not closed.
fn length_of_string(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// Returns the length of the number at the start of the text; 0 if there is none.
fn length_of_number(text: &[u8]) -> usize {
    let mut words = NON_FINITE.iter();
    if let Some(word) = words.find(|word| text.starts_with(word.as_bytes())) {
        return word.len();
    }
    if !text[0].is_ascii_digit() && text[0] != b'-' {
        return 0;
    }
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    let length = text.iter().position(|byte| !is_part(byte));
    length.unwrap_or(text.len())
}
