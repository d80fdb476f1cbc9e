//! The words of a shell command.

/// A word of a command.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// The word without its quotes, if it is a literal.
    pub(super) literal: Option<String>,
    /// The part before the first placeholder; a zero character stands for an expansion.
    pub(super) prefix: String,
    pub(super) has_value: bool,
    /// Whether it contains a literal slash.
    pub(super) has_slash: bool,
    /// The part after the last slash; zero characters stand for expansions and placeholders.
    last: String,
    pub(super) values: Vec<usize>,
    /// The number of characters and expansions, without placeholders.
    others: usize,
    pub(super) has_quotes: bool,
    pub(super) open_braces: usize,
}

impl Word {
    pub(super) fn new() -> Self {
        Self {
            literal: Some(String::new()),
            ..Self::default()
        }
    }

    pub(super) fn is_one_value(&self) -> bool {
        self.values.len() == 1 && self.others == 0
    }

    /// Returns the file name of the program that the word names, if that part is a literal.
    pub(super) fn program(&self) -> Option<&str> {
        let is_known = self.literal.is_some() || self.has_slash;
        (is_known && !self.last.contains('\0')).then_some(self.last.as_str())
    }

    /// Returns whether it consists of unquoted expansions, which may expand to no word at all.
    pub(super) fn may_vanish(&self) -> bool {
        let is_expansion = !self.prefix.is_empty() && self.prefix.chars().all(|c| c == '\0');
        is_expansion && !self.has_value && !self.has_quotes
    }

    /// Returns whether only a shell can determine the command that the word names.
    pub(super) fn hides_command(&self) -> bool {
        let has_pattern = |text: &str| {
            text.contains(['*', '?', '{']) || text.contains('[') && !["[", "[["].contains(&text)
        };
        match &self.literal {
            Some(text) => !self.has_quotes && has_pattern(text),
            None => self.prefix.contains('\0') && !self.has_slash,
        }
    }

    pub(super) fn starts_with_value(&self) -> bool {
        self.has_value && self.prefix.is_empty()
    }

    /// Returns whether it is `NAME=…`, with the `=` before any placeholder.
    pub(super) fn is_assignment(&self) -> bool {
        let Some((name, _)) = self.prefix.split_once('=') else {
            return false;
        };
        let name = name.strip_suffix('+').unwrap_or(name);
        let name = name.split('[').next().unwrap_or_default();
        is_name(name)
    }

    /// Returns whether it would be the descriptor of a redirection after it: `2`, or `{name}` in
    /// bash.
    pub(super) fn is_descriptor(&self) -> bool {
        let Some(text) = self.literal.as_deref().filter(|_| !self.has_quotes) else {
            return false;
        };
        let name = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        text.chars().all(|c| c.is_ascii_digit()) || name.is_some_and(is_name)
    }

    pub(super) fn is_in_subscript(&self) -> bool {
        match self.prefix.split_once('[') {
            Some((name, rest)) => is_name(name) && !rest.contains(']'),
            None => false,
        }
    }

    pub(super) fn push(&mut self, character: char) {
        self.others += 1;
        match character {
            '/' => {
                self.has_slash = true;
                self.last.clear();
            }
            _ => self.last.push(character),
        }
        if let Some(literal) = &mut self.literal {
            literal.push(character);
        }
        if !self.has_value {
            self.prefix.push(character);
        }
    }

    pub(super) fn push_value(&mut self, value: usize) {
        self.values.push(value);
        self.has_value = true;
        self.literal = None;
        self.last.push('\0');
    }

    pub(super) fn push_expansion(&mut self) {
        self.push('\0');
        self.literal = None;
    }
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    characters.next().is_some_and(is_first)
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
