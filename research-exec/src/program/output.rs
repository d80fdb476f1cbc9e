//! The parser that converts the output of a program to the output of its unit.

use std::borrow::Cow;
use std::path::Path;

use regex::bytes::{Captures, Regex};
use research_core::domain::Value;

use super::failure::shorten;
use super::json::{self, JsonError};
use super::output_error::OutputError;
use super::output_spec::{FileOutput, FileType, Groups, OutputSpec, RegexOutput, RegexType};
use super::program_error::ProgramError;
use super::stdout::visible;
use super::template::Template;

/// A checked [`OutputSpec`].
#[derive(Clone, Debug)]
pub(super) enum Parser {
    Json { skips_others: bool },
    Text,
    Number,
    Regex(Matcher),
    File { path: Template, content: FileType },
}

/// A checked [`RegexOutput`].
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    regex: Regex,
    value_type: RegexType,
    groups: Groups,
}

impl Parser {
    pub(super) fn new(spec: &OutputSpec) -> Result<Self, ProgramError> {
        Ok(match spec {
            OutputSpec::Json | OutputSpec::JsonAmongOthers => Self::Json {
                skips_others: *spec == OutputSpec::JsonAmongOthers,
            },
            OutputSpec::Text => Self::Text,
            OutputSpec::Number => Self::Number,
            OutputSpec::Regex(output) => Self::Regex(Matcher::new(output)?),
            OutputSpec::File(FileOutput { path, content }) => {
                match Template::parse_one_word(path, false).map_err(ProgramError::File)? {
                    path if path.is_empty() => return Err(ProgramError::NoFile),
                    path => Self::File {
                        path,
                        content: *content,
                    },
                }
            }
        })
    }

    /// Returns the path of the output file, if the output is a file.
    pub(super) fn file(&self) -> Option<&Template> {
        match self {
            Self::File { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Returns whether a line can be the output, so that an earlier one need not be kept.
    pub(super) fn wants(&self, line: &[u8]) -> bool {
        match self {
            Self::Text => true,
            Self::Json { skips_others: true } => json::is_json(visible(line.trim_ascii())),
            Self::Json { .. } | Self::Number | Self::File { .. } => !line.trim_ascii().is_empty(),
            Self::Regex(matcher) => matcher.regex.is_match(line),
        }
    }

    /// Reads a line, or the whole output for [`OutputSpec::Text`].
    pub(super) fn read(&self, line: Cow<'_, [u8]>) -> Result<Value, OutputError> {
        match self {
            Self::Json { .. } => {
                let line = visible(line.trim_ascii());
                json::parse(line).map_err(|error| OutputError::NoJson {
                    line: shorten(line),
                    reason: error.to_string(),
                })
            }
            Self::Text => Ok(text(without_newline(line))),
            Self::Number => number(visible(line.trim_ascii())).map_err(OutputError::from),
            Self::Regex(matcher) => matcher.last_match(&line),
            Self::File { .. } => Ok(json_or_text(line)),
        }
    }

    /// Reads the content of the file at a path.
    pub(super) fn read_file(&self, path: &Path, content: Vec<u8>) -> Result<Value, OutputError> {
        let Self::File { content: asked, .. } = self else {
            return self.read(content.into());
        };
        let invalid = |expected, error| OutputError::InvalidFile {
            path: path.to_owned(),
            expected,
            error,
        };
        let must_have_content = |expected| match content.trim_ascii().is_empty() {
            true => Err(OutputError::EmptyFile {
                path: path.to_owned(),
                expected,
            }),
            false => Ok(()),
        };
        match of_ending(*asked, path) {
            FileType::Json => {
                must_have_content("JSON")?;
                json::parse(&content).map_err(|error| invalid("JSON", error))
            }
            FileType::Jsonl => json_lines(&content).map_err(|error| invalid("JSON lines", error)),
            FileType::Number => {
                must_have_content("a number")?;
                number(content.trim_ascii()).map_err(|error| match error {
                    NumberError::NoNumber(content) => OutputError::NoNumberInFile {
                        path: path.to_owned(),
                        content,
                    },
                    error => error.into(),
                })
            }
            FileType::Text => Ok(text(without_newline(content.into()))),
            FileType::Any | FileType::Auto => Ok(json_or_text(content.into())),
        }
    }

    /// Returns the output of a program that printed no suitable line; an error if it would be
    /// `null`.
    pub(super) fn refuse_nothing(&self) -> Result<Value, OutputError> {
        match self.read_nothing()? {
            Value::Null => Err(OutputError::NothingToSave),
            other => Ok(other),
        }
    }

    /// Returns the output of a program that printed no suitable line.
    pub(super) fn read_nothing(&self) -> Result<Value, OutputError> {
        match self {
            Self::Json { .. } | Self::File { .. } => Ok(Value::Null),
            Self::Text => Ok(Value::Text(String::new())),
            Self::Number => Err(OutputError::Nothing),
            Self::Regex(matcher) => Err(matcher.no_match()),
        }
    }
}

impl Matcher {
    fn new(output: &RegexOutput) -> Result<Self, ProgramError> {
        let error = |reason: String| ProgramError::Regex {
            pattern: output.pattern.clone(),
            reason,
        };
        let regex = Regex::new(&output.pattern).map_err(|reason| error(reason.to_string()))?;
        let names: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
        if output.groups == Groups::All {
            if names.is_empty() {
                return Err(error("it has no group".to_owned()));
            }
            if names.iter().any(Option::is_some) && names.iter().any(Option::is_none) {
                let reason = "name all of its groups or none; `(?:…)` is not a group";
                return Err(error(reason.to_owned()));
            }
        }
        Ok(Self {
            regex,
            value_type: output.value_type,
            groups: output.groups,
        })
    }

    fn no_match(&self) -> OutputError {
        OutputError::NoMatch(self.regex.as_str().to_owned())
    }

    fn last_match(&self, line: &[u8]) -> Result<Value, OutputError> {
        let last = self.regex.captures_iter(line).last();
        let last = last.ok_or_else(|| self.no_match())?;
        match self.groups {
            Groups::First => {
                let group = last.get(1).or_else(|| last.get(0));
                self.value(group.map_or(&[][..], |group| group.as_bytes()))
            }
            Groups::All => self.all(&last),
        }
    }

    fn all(&self, last: &Captures<'_>) -> Result<Value, OutputError> {
        let groups = last.iter().zip(self.regex.capture_names()).skip(1);
        let values = groups.map(|(group, name)| {
            // The group of an alternative that did not match is null.
            let value = group.map_or(Ok(Value::Null), |group| self.value(group.as_bytes()))?;
            Ok((name.unwrap_or_default().to_owned(), value))
        });
        let values: Vec<(String, Value)> = values.collect::<Result<_, OutputError>>()?;
        let has_names = values.iter().any(|(name, _)| !name.is_empty());
        Ok(match has_names {
            true => Value::Map(values),
            false => Value::List(values.into_iter().map(|(_, value)| value).collect()),
        })
    }

    fn value(&self, group: &[u8]) -> Result<Value, OutputError> {
        match self.value_type {
            RegexType::Text => Ok(text(group.into())),
            RegexType::Auto => Ok(number(group).unwrap_or_else(|_| text(group.into()))),
            RegexType::Number => number(group).map_err(OutputError::from),
        }
    }
}

/// Returns the type of a file's content: the requested one, or the one of the path's extension.
fn of_ending(asked: FileType, path: &Path) -> FileType {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match (asked, ending.map(str::to_ascii_lowercase).as_deref()) {
        (FileType::Auto, Some("json")) => FileType::Json,
        (FileType::Auto, Some("jsonl" | "ndjson")) => FileType::Jsonl,
        (FileType::Auto, _) => FileType::Any,
        (asked, _) => asked,
    }
}

fn json_or_text(content: Cow<'_, [u8]>) -> Value {
    json::parse(&content).unwrap_or_else(|_| text(without_newline(content)))
}

fn json_lines(content: &[u8]) -> Result<Value, JsonError> {
    let lines = (1..).zip(content.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let values = lines.map(|(number, line)| {
        json::parse(line).map_err(|error| JsonError {
            line: number,
            ..error
        })
    });
    Ok(Value::List(values.collect::<Result<_, _>>()?))
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

/// Converts bytes to a string value, without a copy if they are owned and valid UTF-8.
fn text(bytes: Cow<'_, [u8]>) -> Value {
    let text = String::from_utf8(bytes.into_owned());
    Value::Text(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The reason why a string is not a number that a value can hold.
enum NumberError {
    NoNumber(String),
    /// An integer that would lose digits.
    LargeInteger(String),
    /// A float that would be infinite.
    LargeFloat(String),
}

impl From<NumberError> for OutputError {
    fn from(error: NumberError) -> Self {
        match error {
            NumberError::NoNumber(text) => Self::NoNumber(text),
            NumberError::LargeInteger(text) => Self::LargeInteger(text),
            NumberError::LargeFloat(text) => Self::LargeFloat(text),
        }
    }
}

/// Parses an integer, or else a float.
fn number(bytes: &[u8]) -> Result<Value, NumberError> {
    let no_number = || NumberError::NoNumber(shorten(bytes));
    let text = std::str::from_utf8(bytes).map_err(|_| no_number())?.trim();
    if let Ok(integer) = text.parse::<i64>() {
        return Ok(Value::Int(integer));
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Ok(Value::from(integer));
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::LargeInteger(shorten(text.as_bytes())));
    }
    match text.parse::<f64>() {
        // An infinite result is out of range, unless the text is `inf` itself.
        Ok(float) if float.is_infinite() && digits.starts_with(|c: char| !c.is_alphabetic()) => {
            Err(NumberError::LargeFloat(shorten(text.as_bytes())))
        }
        Ok(float) => Ok(Value::Float(float)),
        Err(_) => Err(no_number()),
    }
}
