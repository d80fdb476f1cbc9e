//! Counts in messages.

/// Returns a count with its noun in singular or plural, in English.
///
/// ```
/// use research_core::text::plural;
///
/// assert_eq!(plural(1_u64, "experiment"), "1 experiment");
/// assert_eq!(plural(2_u64, "experiment"), "2 experiments");
/// ```
#[must_use]
pub fn plural(count: impl Into<u128>, one: &str) -> String {
    let count = count.into();
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {one}{ending}")
}
