//! Previews of commands before they run.

use research_core::domain::Config;

use super::names;
use super::shell;
use super::template::{Part, Placeholder, Template};

/// The values of an experiment that are known before it runs.
///
/// ```
/// use research_core::domain::{Config, Entry};
/// use research_exec::program::{KnownBefore, ProgramCommand, ProgramSpec};
///
/// let spec: ProgramSpec = serde_json::from_str(r#"{"run": "train --lr={lr} {data.path}"}"#)?;
/// let config = Config::from_iter([Entry::new("lr", 0.5)]);
/// let known = KnownBefore { config: &config, built_in: &[] };
/// assert_eq!(ProgramCommand::new(&spec)?.preview(&known), "train --lr=0.5 {data.path}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KnownBefore<'a> {
    /// The config, including `repetition` and `updates`.
    pub config: &'a Config,
    /// The values of built-in names, such as `id` and `seed`.
    pub built_in: &'a [(&'a str, String)],
}

impl KnownBefore<'_> {
    /// Returns a string without quotes, with the known values; unknown names stay in their braces.
    #[must_use]
    pub fn text(&self, template: &Template) -> String {
        word(template, &|one| self.value(one)).unwrap_or_default()
    }

    /// Returns the words of a placeholder, if they are known.
    pub(super) fn value(&self, placeholder: &Placeholder) -> Option<Vec<String>> {
        names::known_before(placeholder, self.config, self.built_in)
    }
}

/// Returns the text with the values of its placeholders, or `None` if it is left out. Placeholders
/// without a value stay in their braces.
fn word(
    template: &Template,
    value: &impl Fn(&Placeholder) -> Option<Vec<String>>,
) -> Option<String> {
    let mut text = String::new();
    for part in template.parts() {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Name(one) => match value(one) {
                Some(words) if words.is_empty() => return None,
                Some(words) => text.push_str(&words.concat()),
                None => text.push_str(&one.to_string()),
            },
        }
    }
    Some(text)
}

/// Returns the words of a template in a command, quoted if a shell needs that. Braces are not
/// quoted.
pub(super) fn words(
    template: &Template,
    value: &impl Fn(&Placeholder) -> Option<Vec<String>>,
) -> Vec<String> {
    let words = match template.parts() {
        [Part::Name(one)] => match value(one) {
            Some(words) => words,
            None => return vec![one.to_string()],
        },
        _ => word(template, value).into_iter().collect(),
    };
    let is_plain = |c: char| c.is_alphanumeric() || "_-+=.,:/@%{}^".contains(c);
    let shown = |word: String| match !word.is_empty() && word.chars().all(is_plain) {
        true => word,
        false => shell::quoted(&word),
    };
    words.into_iter().map(shown).collect()
}
