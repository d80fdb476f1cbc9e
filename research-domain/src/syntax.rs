//! The spelling that the printer and the parser of expressions share: reserved words, names,
//! strings, lists.

pub(crate) mod error;

use std::fmt::{self, Display, Formatter, Write};

/// Words that are parameter names only in backquotes.
pub(crate) const RESERVED: [&str; 11] = [
    "and", "or", "not", "in", "where", "as", "true", "false", "null", "inf", "NaN",
];

/// Returns whether `character` continues a name. Dots do, so `model.depth` is one name.
pub(crate) fn continues_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '.'
}

/// Returns whether a name needs no backquotes.
fn is_plain_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name.chars().all(continues_name)
        && !RESERVED.contains(&name)
}

/// Writes the name of a parameter, in backquotes (doubled inside) if it needs them.
pub(crate) fn write_name(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    if is_plain_name(name) {
        f.write_str(name)
    } else {
        write!(f, "`{}`", name.replace('`', "``"))
    }
}

/// Writes a string in double quotes with the escapes of JSON.
pub(crate) fn write_quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            control if u32::from(control) < 0x20 => write!(f, "\\u{:04x}", u32::from(control))?,
            plain => f.write_char(plain)?,
        }
    }
    f.write_char('"')
}

/// Writes ` as "alias"` if there is an alias.
pub(crate) fn write_alias(f: &mut Formatter<'_>, alias: Option<&str>) -> fmt::Result {
    let Some(alias) = alias else { return Ok(()) };
    f.write_str(" as ")?;
    write_quoted(f, alias)
}

/// Writes items with `separator` between them.
pub(crate) fn separated(
    f: &mut Formatter<'_>,
    separator: &str,
    items: impl IntoIterator<Item = impl Display>,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

/// Writes `[a, b, …]`.
pub(crate) fn bracketed(
    f: &mut Formatter<'_>,
    items: impl IntoIterator<Item = impl Display>,
) -> fmt::Result {
    f.write_char('[')?;
    separated(f, ", ", items)?;
    f.write_char(']')
}

/// Writes `inside`, in parentheses if they are `needed`.
pub(crate) fn parenthesised(
    f: &mut Formatter<'_>,
    needed: bool,
    inside: impl FnOnce(&mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    if !needed {
        return inside(f);
    }
    f.write_char('(')?;
    inside(f)?;
    f.write_char(')')
}
