//! The nearest known name to one that is not known.

/// So many names are listed where none of them is near.
const LISTED: usize = 40;

/// The known name that is most like `name`, if any is near enough to be what was meant.
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

/// What to say after an unknown name: the nearest known one, or those that there are.
///
/// ```
/// use research_domain::suggest::hint;
///
/// assert_eq!(hint("layer", ["lr", "layers"]), "did you mean `layers`?");
/// assert_eq!(hint("size", ["lr", "layers"]), "there are: lr, layers");
/// ```
pub fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(candidate) = nearest(name, known.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    let names: Vec<&str> = known.into_iter().collect();
    match names.len() {
        0 => "there are none".to_owned(),
        1..=LISTED => format!("there are: {}", names.join(", ")),
        count => format!("there are {count}: {}, …", names[..LISTED].join(", ")),
    }
}
