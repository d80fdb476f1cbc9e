//! The scanner of `case` and `[[ … ]]`.

use super::scan::{Atom, DEEPEST, End, Scanner, Until};

impl Scanner<'_> {
    pub(super) fn case(&mut self, depth: usize) {
        self.blanks();
        self.word(depth);
        self.blanks_and_lines();
        if self.word(depth).literal.as_deref() != Some("in") {
            self.refuse_rest("after a `case` that is not understood");
            return;
        }
        loop {
            self.blanks_and_lines();
            self.take("(");
            let before = self.at;
            let word = self.word(depth);
            if word.literal.as_deref() == Some("esac") && !word.has_quotes {
                return;
            }
            self.at = before;
            if !self.pattern() {
                return;
            }
            match self.commands(Until::Item, depth + 1) {
                End::Item => {}
                End::Esac | End::Text | End::Parenthesis => return,
            }
        }
    }

    /// Skips a pattern of `case` with its parenthesis.
    fn pattern(&mut self) -> bool {
        let place = "in a pattern of `case`";
        while let Some(atom) = self.next() {
            match atom {
                Atom::Char(')') => return true,
                Atom::Value(value) => self.refuse(value, place),
                Atom::Char('\'' | '"' | '\\' | '`' | '$' | '(') => {
                    // Quotes may contain a parenthesis.
                    self.at -= 1;
                    let first = self.at;
                    if self.take("(") {
                        self.refuse_rest(place);
                        continue;
                    }
                    let word = self.word(DEEPEST);
                    self.refuse_all(&word.values, Some(place.to_owned()));
                    if self.at == first {
                        self.at += 1;
                    }
                }
                Atom::Char(_) => {}
            }
        }
        false
    }

    fn blanks_and_lines(&mut self) {
        loop {
            match self.peek() {
                Some(Atom::Char(' ' | '\t' | '\n')) => self.at += 1,
                Some(Atom::Char('#')) => self.comment(),
                _ if self.take("\\\n") => {}
                _ => return,
            }
        }
    }

    /// Skips `[[ … ]]`, in which bash evaluates values.
    pub(super) fn condition(&mut self, depth: usize) {
        loop {
            self.blanks_and_lines();
            match self.peek() {
                None => return,
                Some(Atom::Char(';' | '&' | '|' | '(' | ')' | '<' | '>')) => self.at += 1,
                Some(_) => {
                    let word = self.word(depth);
                    if word.literal.as_deref() == Some("]]") {
                        return;
                    }
                    let place = "inside `[[ … ]]`".to_owned();
                    self.refuse_all(&word.values, Some(place));
                }
            }
        }
    }
}
