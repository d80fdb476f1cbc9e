//! Commands before they are run.

use research_core::domain::Config;

use super::names;
use super::shell;
use super::template::{Part, Template};

/// What is known of an experiment before it runs.
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
    /// Its config, `repetition` and `updates` included.
    pub config: &'a Config,
    /// What built-in names stand for, such as `id` and `seed`.
    pub built_in: &'a [(&'a str, String)],
}

impl KnownBefore<'_> {
    /// Returns a string without quotes, with the known values; unknown names stay in their braces.
    #[must_use]
    pub fn text(&self, template: &Template) -> String {
        let mut text = String::new();
        for part in template.parts() {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Name { name, .. } => match self.value(name) {
                    Some(value) => text.push_str(&value),
                    None => text.push_str(&format!("{{{name}}}")),
                },
            }
        }
        text
    }

    /// What a name will stand for, where that is known.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        names::known_before(name, self.config, self.built_in)
    }

    /// One word of a command, in quotes where a shell would need them. Braces need none.
    pub(super) fn word(&self, template: &Template) -> String {
        let word = self.text(template);
        let is_plain = |c: char| c.is_alphanumeric() || "_-+=.,:/@%{}^".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            return word;
        }
        shell::quoted(&word)
    }
}
