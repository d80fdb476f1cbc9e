//! How what a program puts out becomes the output of its unit.

use std::borrow::Cow;
use std::path::PathBuf;

use regex::bytes::Regex;
use research_core::MemorySize;
use research_core::domain::Value;

use super::capture::visible;
use super::command::ProgramError;
use super::failure::shorten;
use super::json;
use super::spec::OutputSpec;
use super::template::Template;

/// An [`OutputSpec`] that was checked.
#[derive(Clone, Debug)]
pub(super) enum Parser {
    Json,
    Text,
    Number,
    Regex(Regex),
    File(Template),
}

/// A program put out something that cannot be its unit's output.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    #[error(
        "the line is no JSON ({reason}): `{line}`; print the result as JSON on the last line, or set `output`"
    )]
    NoJson { line: String, reason: String },
    #[error("the line is no number: `{0}`")]
    NoNumber(String),
    #[error("it put out nothing, and `output = \"number\"` needs a number on the last line")]
    Nothing,
    #[error(
        "it put out nothing, and its output is to be saved: print it as JSON on the last line, `null` if there is none"
    )]
    NothingToSave,
    #[error("no line of its output matches `{0}`")]
    NoMatch(String),
    #[error("a line of its output is longer than {}, which is the most that is taken: let it write a file into the experiment's folder, and print the file's name", MemorySize(*.0 as u64))]
    LongLine(usize),
    #[error("its output is longer than {}, which is the most that is taken: let it write a file into the experiment's folder, and print the file's name", MemorySize(*.0 as u64))]
    LongOutput(usize),
    #[error("it did not write {}: the path of a relative file is inside the experiment's folder, which is {{path}} in `run` and RESEARCH_PATH in the environment", .0.display())]
    NotWritten(PathBuf),
    #[error("{} is longer than {}, which is the most that is taken: leave it where it is, and let the program print its name", path.display(), MemorySize(*limit as u64))]
    LongFile { path: PathBuf, limit: usize },
    #[error("`output`: {} leaves the experiment's folder: take `..` away, or give an absolute path", .0.display())]
    Outside(PathBuf),
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}

impl Parser {
    pub(super) fn new(spec: &OutputSpec) -> Result<Self, ProgramError> {
        Ok(match spec {
            OutputSpec::Json => Self::Json,
            OutputSpec::Text => Self::Text,
            OutputSpec::Number => Self::Number,
            OutputSpec::Regex(pattern) => {
                Self::Regex(Regex::new(pattern).map_err(|error| ProgramError::Regex {
                    pattern: pattern.clone(),
                    reason: error.to_string(),
                })?)
            }
            OutputSpec::File(path) => match Template::parse(path).map_err(ProgramError::File)? {
                path if path.is_empty() => return Err(ProgramError::NoFile),
                path => Self::File(path),
            },
        })
    }

    /// The path of the file that is read, if it is one.
    pub(super) fn file(&self) -> Option<&Template> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }

    /// Whether a line can be what is read, so that an earlier one need not be kept.
    pub(super) fn wants(&self, line: &[u8]) -> bool {
        match self {
            Self::Text => true,
            Self::Json | Self::Number | Self::File(_) => !line.trim_ascii().is_empty(),
            Self::Regex(regex) => regex.is_match(line),
        }
    }

    /// Reads a line, or all of the output where [`OutputSpec::Text`] is asked for.
    pub(super) fn read(&self, line: Cow<'_, [u8]>) -> Result<Value, OutputError> {
        match self {
            Self::Json => {
                let line = visible(line.trim_ascii());
                json::parse(line).map_err(|reason| OutputError::NoJson {
                    line: shorten(line),
                    reason,
                })
            }
            Self::Text => Ok(text(without_newline(line))),
            Self::Number => {
                let line = visible(line.trim_ascii());
                number(line).ok_or_else(|| OutputError::NoNumber(shorten(line)))
            }
            Self::Regex(regex) => last_match(regex, &line)
                .ok_or_else(|| OutputError::NoMatch(regex.as_str().to_owned())),
            Self::File(_) => Ok(json::parse(&line).unwrap_or_else(|_| text(without_newline(line)))),
        }
    }

    /// What it is when no line was wanted, and there must be something.
    pub(super) fn refuse_nothing(&self) -> Result<Value, OutputError> {
        match self.read_nothing()? {
            Value::Null => Err(OutputError::NothingToSave),
            other => Ok(other),
        }
    }

    /// What it is when no line was wanted.
    pub(super) fn read_nothing(&self) -> Result<Value, OutputError> {
        match self {
            Self::Json | Self::File(_) => Ok(Value::Null),
            Self::Text => Ok(Value::Text(String::new())),
            Self::Number => Err(OutputError::Nothing),
            Self::Regex(regex) => Err(OutputError::NoMatch(regex.as_str().to_owned())),
        }
    }
}

fn without_newline(output: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let line = output.strip_suffix(b"\n").unwrap_or(&output);
    let length = line.strip_suffix(b"\r").unwrap_or(line).len();
    match output {
        Cow::Borrowed(output) => Cow::Borrowed(&output[..length]),
        Cow::Owned(mut output) => {
            output.truncate(length);
            Cow::Owned(output)
        }
    }
}

/// A text that is long is not copied.
fn text(bytes: Cow<'_, [u8]>) -> Value {
    let text = String::from_utf8(bytes.into_owned());
    Value::Text(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// A whole number if it is one that fits, else a float.
fn number(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let whole = text.parse().map(Value::Int);
    whole.or_else(|_| text.parse().map(Value::Float)).ok()
}

fn last_match(regex: &Regex, line: &[u8]) -> Option<Value> {
    let last = regex.captures_iter(line).last()?;
    let group = last.get(1).or_else(|| last.get(0))?.as_bytes();
    Some(number(group).unwrap_or_else(|| text(group.into())))
}
