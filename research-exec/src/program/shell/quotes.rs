//! The scanner of quotes and expansions of a shell command.

use super::scan::{Atom, Scanner, Until};
use super::word::Word;

impl Scanner<'_> {
    /// Skips a string up to its single quote, and returns whether it contains a backslash.
    pub(super) fn single_quotes(&mut self, place: &str, mut word: Option<&mut Word>) -> bool {
        let mut has_backslash = false;
        while let Some(atom) = self.next() {
            match atom {
                Atom::Char('\'') => break,
                Atom::Char(character) => {
                    has_backslash |= character == '\\';
                    if let Some(word) = &mut word {
                        word.push(character);
                    }
                }
                Atom::Value(value) => self.refuse(value, place),
            }
        }
        has_backslash
    }

    /// Skips a string up to its double quote; with a reason in `refused`, refuses all placeholders
    /// in it.
    pub(super) fn double_quotes(
        &mut self,
        mut word: Option<&mut Word>,
        refused: Option<&str>,
        depth: usize,
    ) {
        while let Some(atom) = self.peek() {
            match atom {
                Atom::Char('$') => {
                    self.dollar(true, depth);
                    if let Some(word) = &mut word {
                        word.push_expansion();
                    }
                    continue;
                }
                Atom::Char('"') => {
                    self.at += 1;
                    return;
                }
                Atom::Char('`') => {
                    self.at += 1;
                    self.backquotes();
                    if let Some(word) = &mut word {
                        word.push_expansion();
                    }
                    continue;
                }
                Atom::Char('\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(Atom::Value(value)) => self.refuse(value, "after a backslash"),
                        Some(Atom::Char(character)) => {
                            if let Some(word) = &mut word {
                                word.push(character);
                            }
                        }
                        None => {}
                    }
                }
                Atom::Char(character) => {
                    if let Some(word) = &mut word {
                        word.push(character);
                    }
                }
                Atom::Value(value) => {
                    self.value_in_quotes(value, word.as_deref_mut(), refused);
                }
            }
            self.at += 1;
        }
    }

    fn value_in_quotes(&mut self, value: usize, word: Option<&mut Word>, refused: Option<&str>) {
        if let Some(place) = refused {
            self.refuse(value, place);
        }
        self.accept(value, true);
        if let Some(word) = word {
            if word.is_in_subscript() {
                self.refuse(value, "inside a subscript");
            }
            word.push_value(value);
        }
    }

    pub(super) fn backquotes(&mut self) {
        while let Some(atom) = self.next() {
            match atom {
                Atom::Char('`') => return,
                Atom::Char('\\') => self.at += usize::from(self.peek() == Some(Atom::Char('`'))),
                Atom::Char(_) => {}
                Atom::Value(value) => self.refuse(value, "inside backquotes"),
            }
        }
    }

    /// Skips an expansion, from its `$` on.
    pub(super) fn dollar(&mut self, is_in_quotes: bool, depth: usize) {
        self.at += 1;
        if self.take("((") {
            self.arithmetic("inside `$((…))`");
        } else if self.take("(") {
            self.commands(Until::Parenthesis, depth + 1);
        } else if self.take("{") {
            self.parameter();
        } else if self.take("[") {
            self.refuse_rest("in or after `$[…]`");
        } else if !is_in_quotes && self.take("'") {
            let place = "inside `$'…'`";
            if self.single_quotes(place, None) {
                // dash and bash end this string at different positions.
                self.refuse_rest("after `$'…'` with a backslash");
            }
        } else if !is_in_quotes && self.take("\"") {
            self.double_quotes(None, Some("inside `$\"…\"`"), depth);
        } else {
            match self.peek() {
                Some(Atom::Value(value)) => {
                    self.refuse(value, "after a `$`");
                    self.at += 1;
                }
                // A special parameter ends here, whatever follows.
                Some(Atom::Char('$' | '#' | '@' | '*' | '?' | '-' | '!')) => self.at += 1,
                _ => {}
            }
        }
    }

    /// Skips `${…}`, from after the brace.
    fn parameter(&mut self) {
        let mut open = 1;
        while let Some(atom) = self.next() {
            match atom {
                Atom::Char('}') => open -= 1,
                Atom::Char('$') if self.take("{") => open += 1,
                Atom::Char('\'' | '"' | '\\' | '`' | '$') => {
                    self.refuse_rest("in or after `${…}` with quotes or expansions");
                }
                Atom::Char(_) => {}
                Atom::Value(value) => self.refuse(value, "inside `${…}`"),
            }
            if open == 0 {
                return;
            }
        }
    }

    /// Skips arithmetic, from after its two parentheses.
    pub(super) fn arithmetic(&mut self, place: &str) {
        let mut open = 2;
        while let Some(atom) = self.next() {
            match atom {
                Atom::Char('(') => open += 1,
                Atom::Char(')') => open -= 1,
                Atom::Char('\'' | '"' | '\\' | '`' | '#') => {
                    self.refuse_rest("in or after arithmetic with quotes");
                }
                Atom::Char(_) => {}
                Atom::Value(value) => self.refuse(value, place),
            }
            if open == 0 {
                return;
            }
        }
    }
}
