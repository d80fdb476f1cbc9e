//! Formats floats for text tables.

use std::fmt::{self, Display, Formatter};

/// A float in about six significant digits.
pub(crate) struct ShortFloat(pub(crate) f64);

impl Display for ShortFloat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = self.0;
        let size = value.abs();
        let is_whole = size < 1e15 && value.fract() == 0.0;
        if !value.is_finite() || is_whole {
            return write!(f, "{value:?}");
        }
        if (1e5..1e15).contains(&size) {
            return write!(f, "{value:.0}");
        }
        if (1e-4..1e5).contains(&size) {
            let decimals = 5 - size.log10().floor() as i32;
            let text = format!("{value:.*}", decimals.max(1) as usize);
            return f.write_str(without_zeros(&text));
        }
        let text = format!("{value:.5e}");
        match text.split_once('e') {
            Some((mantissa, exponent)) => {
                let mantissa = without_zeros(mantissa);
                let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
                write!(f, "{mantissa}e{exponent}")
            }
            None => f.write_str(&text),
        }
    }
}

/// Removes the zeros at the end of a decimal number, except for the first after the point.
fn without_zeros(text: &str) -> &str {
    let trimmed = text.trim_end_matches('0');
    if trimmed.ends_with('.') {
        &text[..(trimmed.len() + 1).min(text.len())]
    } else {
        trimmed
    }
}
