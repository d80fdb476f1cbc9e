//! Checks of the names of researches, which are names of folders.

use research_core::StorageError;

/// The length limit of a name in bytes: that of file systems, less room for the longer names of
/// temporary files.
const MAX_NAME: usize = 200;

/// Checks that a name can safely be the name of a research's folder.
///
/// ```
/// use research_storage::check_name;
///
/// assert!(check_name("power of größe 2").is_ok());
/// assert!(check_name("../elsewhere").is_err());
/// ```
///
/// # Errors
/// [`StorageError::BadName`] says what is wrong with it.
pub fn check_name(name: &str) -> Result<(), StorageError> {
    match fault(name) {
        None => Ok(()),
        Some(reason) => Err(StorageError::BadName {
            name: printable(name),
            reason,
        }),
    }
}

fn fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > MAX_NAME {
        Some("it is longer than 200 bytes")
    } else if name.contains(['/', '\\']) {
        Some("it has a slash in it; give the folder apart from the name")
    } else if name.starts_with('.') {
        Some("it starts with a dot")
    } else if name.starts_with('-') {
        Some("it starts with `-`, so that programs would take it for an option")
    } else if name.chars().any(is_invisible) {
        Some("it has an invisible character")
    } else if name.trim() != name {
        Some("it starts or ends with a space")
    } else {
        None
    }
}

/// Control characters, and those that change how the text around them is shown.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// Returns the name for an error message: shortened, and with control characters escaped.
fn printable(name: &str) -> String {
    let shown: String = name.chars().take(80).collect();
    shown.escape_debug().to_string()
}
