//! Quoting for the shell.

use std::borrow::Cow;

/// Returns a name as it is typed in a shell, quoted if necessary.
///
/// ```
/// use research_core::text::shell_word;
///
/// assert_eq!(shell_word("studies/power-2"), "studies/power-2");
/// assert_eq!(shell_word("it's mine"), r"'it'\''s mine'");
/// ```
#[must_use]
pub fn shell_word(name: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "_-+=.,:/@%^".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("'{}'", name.replace('\'', r"'\''")))
    }
}
