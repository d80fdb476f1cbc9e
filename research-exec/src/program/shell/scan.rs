//! The scanner that finds the positions of placeholders in a shell command.
//!
//! The scanner follows syntax that dash and bash read in the same way. Where they differ, or the
//! syntax is too complex, it refuses all placeholders from there on.

use super::rules::{self, Simple};
use super::word::Word;
use super::{Misplaced, Place};
use crate::program::template::Part;

/// A character, or the index of a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Atom {
    Char(char),
    Value(usize),
}

/// Scans a command as a shell reads it.
pub(super) struct Scanner<'p> {
    atoms: Vec<Atom>,
    pub(super) at: usize,
    names: Vec<(&'p str, usize)>,
    places: Vec<Place>,
    /// The reason why later placeholders are refused.
    refused: Option<String>,
    /// The first placeholder in a refused position, and the position.
    misplaced: Option<(usize, String)>,
}

/// The token that ended a list of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Text,
    Parenthesis,
    /// `;;`, `;&` or `;;&`.
    Item,
    Esac,
}

/// The token that is to end a list of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    Text,
    Parenthesis,
    Item,
}

/// The maximum number of nested lists of commands; in deeper ones placeholders are refused.
pub(super) const DEEPEST: usize = 50;

impl<'p> Scanner<'p> {
    pub(super) fn new(parts: &'p [Part]) -> Self {
        let mut atoms = Vec::new();
        let mut names = Vec::new();
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(plain) => {
                    atoms.extend(plain.chars().map(Atom::Char));
                    text.push_str(plain);
                }
                Part::Name(one) => {
                    atoms.push(Atom::Value(names.len()));
                    names.push((one.name.as_str(), one.column));
                }
            }
        }
        let refused = rules::redefines(&text)
            .map(|word| format!("in a command with `{word}`, which can change what words mean"));
        Self {
            atoms,
            at: 0,
            places: vec![Place::default(); names.len()],
            names,
            refused,
            misplaced: None,
        }
    }

    /// Returns the position of each placeholder.
    pub(super) fn places(mut self) -> Result<Vec<Place>, Misplaced> {
        while self.at < self.atoms.len() {
            self.commands(Until::Text, 0);
        }
        match self.misplaced {
            None => Ok(self.places),
            Some((value, place)) => {
                let (name, column) = self.names[value];
                let name = name.to_owned();
                Err(Misplaced {
                    name,
                    column,
                    place: Some(place),
                })
            }
        }
    }

    pub(super) fn peek(&self) -> Option<Atom> {
        self.atoms.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<Atom> {
        let atom = self.peek();
        self.at += 1;
        atom
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let mut atoms = self.atoms.iter().skip(self.at);
        let is_there = text.chars().all(|c| atoms.next() == Some(&Atom::Char(c)));
        if is_there {
            self.at += text.chars().count();
        }
        is_there
    }

    pub(super) fn refuse(&mut self, value: usize, place: &str) {
        if self.misplaced.is_none() {
            let place = self.refused.clone().unwrap_or_else(|| place.to_owned());
            self.misplaced = Some((value, place));
        }
    }

    pub(super) fn refuse_all(&mut self, values: &[usize], place: Option<String>) {
        if let (Some(value), Some(place)) = (values.first(), place) {
            self.refuse(*value, &place);
        }
    }

    pub(super) fn refuse_rest(&mut self, place: &str) {
        self.refused.get_or_insert_with(|| place.to_owned());
    }

    pub(super) fn accept(&mut self, value: usize, is_in_quotes: bool) {
        match self.refused {
            Some(_) => self.refuse(value, ""),
            None => self.places[value].is_in_quotes = is_in_quotes,
        }
    }

    pub(super) fn commands(&mut self, until: Until, depth: usize) -> End {
        if depth > DEEPEST {
            self.refuse_rest("in a command that is nested too deeply");
            self.at = self.atoms.len();
            return End::Text;
        }
        let mut simple = Simple::default();
        while let Some(atom) = self.peek() {
            let Atom::Char(character) = atom else {
                self.command_word(&mut simple, depth);
                continue;
            };
            match character {
                ' ' | '\t' => self.at += 1,
                '\\' if self.take("\\\n") => {}
                '#' => self.comment(),
                ')' => {
                    self.at += 1;
                    if until == Until::Parenthesis {
                        return End::Parenthesis;
                    }
                    self.refuse_rest("after a `)` that closes nothing");
                }
                '\n' | ';' | '&' | '|' => {
                    let is_item = self.take(";;") || self.take(";&");
                    if is_item && until == Until::Item {
                        self.take("&");
                        return End::Item;
                    }
                    self.at += usize::from(!is_item);
                    simple = Simple::default();
                }
                '(' if self.take("((") => self.arithmetic("inside `((…))`"),
                '(' => {
                    self.at += 1;
                    self.commands(Until::Parenthesis, depth + 1);
                    simple = Simple::default();
                }
                '<' | '>' => self.redirection(depth, &mut simple),
                _ if self.command_word(&mut simple, depth) == Some(End::Esac)
                    && until == Until::Item =>
                {
                    return End::Esac;
                }
                _ => {}
            }
        }
        End::Text
    }

    /// Takes a word of a simple command.
    fn command_word(&mut self, simple: &mut Simple, depth: usize) -> Option<End> {
        let word = self.word(depth);
        if word.is_descriptor() && matches!(self.peek(), Some(Atom::Char('<' | '>'))) {
            return None;
        }
        if simple.has_name() {
            let takes_any = simple.takes_any_number_of_values();
            let refusal = simple.argument(&word);
            self.refuse_all(&word.values, refusal);
            if let (true, true, [value]) = (takes_any, word.is_one_value(), &*word.values) {
                self.places[*value].is_argument = !word.has_quotes;
            }
            return None;
        }
        let reserved = word.literal.as_deref().filter(|_| !word.has_quotes);
        match reserved {
            Some("if" | "then" | "else" | "elif" | "while" | "until" | "do" | "{" | "!") => {}
            Some("time") => {
                self.blanks();
                self.take("-p");
            }
            Some("case") => self.case(depth),
            Some("esac") => return Some(End::Esac),
            Some("[[") => self.condition(depth),
            Some("function") => self.refuse_rest("after `function`"),
            _ if word.is_assignment() => {
                self.refuse_all(&word.values, rules::refuses_assignment(&word));
                if word.prefix.ends_with('=') && self.peek() == Some(Atom::Char('(')) {
                    self.refuse_rest("in or after an array");
                }
            }
            _ => {
                let refusal = simple.name(&word);
                self.refuse_all(&word.values, refusal);
                if let (true, [value]) = (word.is_one_value(), word.values.as_slice()) {
                    self.places[*value].names_command = true;
                }
            }
        }
        None
    }

    pub(super) fn blanks(&mut self) {
        while self.take("\\\n") || self.take(" ") || self.take("\t") {}
    }

    pub(super) fn comment(&mut self) {
        while let Some(atom) = self.peek() {
            match atom {
                Atom::Char('\n') => return,
                Atom::Char(_) => {}
                Atom::Value(value) => self.refuse(value, "in a comment"),
            }
            self.at += 1;
        }
    }

    fn redirection(&mut self, depth: usize, simple: &mut Simple) {
        let is_text = self.take("<<<");
        if is_text {
        } else if self.take("<<") {
            self.refuse_rest("in or after a here-document");
        } else if self.take("<(") || self.take(">(") {
            self.commands(Until::Parenthesis, depth + 1);
            let mut word = Word::default();
            word.push_expansion();
            match simple.has_name() {
                true => simple.argument(&word),
                false => simple.name(&word),
            };
            return;
        } else {
            self.at += 1;
            let _ = self.take(">") || self.take("&") || self.take("|");
        }
        self.blanks();
        // The target of the redirection is a word of its own.
        let is_word = !matches!(
            self.peek(),
            None | Some(Atom::Char('\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>'))
        );
        if is_word {
            let word = self.word(depth);
            if is_text && simple.runs_shell() {
                let place = rules::SCRIPT.to_owned();
                self.refuse_all(&word.values, Some(place));
            }
        }
    }

    pub(super) fn word(&mut self, depth: usize) -> Word {
        let mut word = Word::new();
        while let Some(atom) = self.peek() {
            let Atom::Char(character) = atom else {
                self.value_in_word(&mut word);
                continue;
            };
            match character {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\\' => self.escape(&mut word),
                '\'' => {
                    self.at += 1;
                    word.has_quotes = true;
                    self.single_quotes("inside single quotes", Some(&mut word));
                }
                '"' => {
                    self.at += 1;
                    word.has_quotes = true;
                    self.double_quotes(Some(&mut word), None, depth);
                }
                '`' => {
                    self.at += 1;
                    self.backquotes();
                    word.push_expansion();
                }
                '$' => {
                    self.dollar(false, depth);
                    word.push_expansion();
                }
                _ => {
                    self.at += 1;
                    match character {
                        '{' => word.open_braces += 1,
                        '}' => word.open_braces = word.open_braces.saturating_sub(1),
                        _ => {}
                    }
                    word.push(character);
                }
            }
        }
        word
    }

    fn value_in_word(&mut self, word: &mut Word) {
        let Some(Atom::Value(value)) = self.next() else {
            return;
        };
        if word.is_in_subscript() {
            self.refuse(value, "inside a subscript");
        } else if word.open_braces > 0 {
            self.refuse(value, "inside braces, which bash expands");
        } else {
            self.accept(value, false);
        }
        word.push_value(value);
    }

    /// Takes a backslash and the character after it.
    fn escape(&mut self, word: &mut Word) {
        self.at += 1;
        match self.next() {
            // An escaped newline continues the line.
            Some(Atom::Char('\n')) | None => {}
            Some(Atom::Char(character)) => {
                word.has_quotes = true;
                word.push(character);
            }
            Some(Atom::Value(value)) => self.refuse(value, "after a backslash"),
        }
    }
}
