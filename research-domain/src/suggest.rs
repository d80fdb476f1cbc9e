//! Suggestions for unknown names.

/// The maximum number of names that a hint lists.
const LISTED: usize = 40;

/// Returns the known name that is most similar to `name`, if any is similar enough.
///
/// ```
/// use research_domain::suggest::nearest;
///
/// assert_eq!(nearest("layer", ["lr", "layers"]), Some("layers"));
/// assert_eq!(nearest("lr", ["a", "b"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// Returns the hint for an unknown name in a condition, which reads `learning-rate` as a difference
/// unless it is in backquotes; else as [`hint`].
///
/// ```
/// use research_domain::suggest::hint_in_condition;
///
/// let hint = hint_in_condition("learning", ["learning-rate"]);
/// assert_eq!(hint, "put a name with other characters in backquotes: `learning-rate`");
/// ```
pub fn hint_in_condition<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let is_part = |known: &&str| {
        let rest = known.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(|c: char| !c.is_alphanumeric() && c != '_'))
    };
    match known.clone().into_iter().find(is_part) {
        Some(whole) => format!("put a name with other characters in backquotes: `{whole}`"),
        None => hint(name, known),
    }
}

/// Returns the hint for an unknown name: the most similar known name, or the list of known names.
///
/// ```
/// use research_domain::suggest::hint;
///
/// assert_eq!(hint("layer", ["lr", "layers"]), "did you mean `layers`?");
/// assert_eq!(hint("size", ["lr", "layers"]), "available: lr, layers");
/// ```
pub fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(candidate) = nearest(name, known.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    let names: Vec<&str> = known.into_iter().collect();
    match names.len() {
        0 => "none are available".to_owned(),
        1..=LISTED => format!("available: {}", names.join(", ")),
        count => format!("{count} available: {}, …", names[..LISTED].join(", ")),
    }
}
