//! The description, in a research file, of how the output of a program becomes that of its unit.

use regex::bytes::Regex;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// The rule by which the output of a program becomes the output of its unit.
///
/// In text formats it is `"json"`, `"text"`, `"number"`, or a table with the key
/// `json`, `regex` or `file`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OutputSpec {
    /// The last line that is not blank, as JSON; `null` if there is none. Python's `NaN`,
    /// `Infinity` and `-Infinity` are read too.
    #[default]
    Json,
    /// The last line that is JSON; all others are skipped.
    JsonAmongOthers,
    /// The whole output, without the newline at the end.
    Text,
    /// The last line that is not blank, as a number.
    Number,
    /// The match of a regular expression. Each line is searched by itself.
    Regex(RegexOutput),
    /// A file that the program writes, instead of standard output.
    File(FileOutput),
}

/// A regular expression, and the values that are taken from its last match.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RegexOutput {
    /// The regular expression.
    pub pattern: String,
    /// The type of the value, or of each value if several groups are taken.
    pub value_type: RegexType,
    /// The groups that are taken.
    pub groups: Groups,
}

/// The type of a value that a regular expression matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegexType {
    /// A number if the match is one that can be stored exactly, else a string; decided for each
    /// value.
    #[default]
    Auto,
    /// Always a string.
    Text,
    /// Always a number; anything else is an error.
    Number,
}

/// The groups of a match that are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Groups {
    /// The first group, or the whole match if the expression has no group.
    #[default]
    First,
    /// All groups: a map by their names, or a list if they have no names.
    All,
}

/// A file that a program writes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileOutput {
    /// The path, a [`Template`](super::Template); a relative one is inside the experiment's folder.
    pub path: String,
    /// The type of the file's content.
    pub content: FileType,
}

/// The type of a file's content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileType {
    /// The type of the path's extension: JSON (`.json`), a JSON value in each line (`.jsonl`,
    /// `.ndjson`), else as for [`Any`](Self::Any).
    #[default]
    Auto,
    /// JSON if the whole content is JSON, else text.
    Any,
    /// JSON; anything else is an error.
    Json,
    /// A JSON value in each line that is not blank, as a list; anything else is an error.
    Jsonl,
    /// Text.
    Text,
    /// A number; anything else is an error.
    Number,
}

impl OutputSpec {
    /// Returns the output that is the first group of the last match of a regular expression.
    #[must_use]
    pub fn regex(pattern: impl Into<String>) -> Self {
        Self::Regex(RegexOutput {
            pattern: pattern.into(),
            value_type: RegexType::default(),
            groups: Groups::default(),
        })
    }

    /// Returns the output that is a file, whose type is that of its extension.
    #[must_use]
    pub fn file(path: impl Into<String>) -> Self {
        Self::File(FileOutput {
            path: path.into(),
            content: FileType::default(),
        })
    }
}

impl RegexOutput {
    /// Returns the names of the groups in order, `None` for a group without a name; returns `None`
    /// if the expression is invalid.
    #[must_use]
    pub fn group_names(&self) -> Option<Vec<Option<String>>> {
        let regex = Regex::new(&self.pattern).ok()?;
        let names = regex.capture_names().skip(1);
        Some(names.map(|name| name.map(str::to_owned)).collect())
    }
}

/// The outputs that a single word describes.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Json,
    Text,
    Number,
}

/// The value of `json` in a table.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum JsonForm {
    Lines,
}

/// The outputs that a table describes.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Table {
    Json {
        json: JsonForm,
        #[serde(default)]
        skip_others: bool,
    },
    Regex {
        regex: String,
        #[serde(rename = "type", default)]
        value_type: RegexType,
        #[serde(default)]
        groups: Groups,
    },
    File {
        file: String,
        #[serde(rename = "type", default)]
        content: FileType,
    },
}

/// The encoding in formats that are not self-describing.
#[derive(serde::Serialize, serde::Deserialize)]
enum Tagged {
    Json,
    Text,
    Number,
    Regex(RegexOutput),
    File(FileOutput),
    JsonAmongOthers,
}

impl Serialize for OutputSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return match self.clone() {
                Self::Json => Tagged::Json,
                Self::JsonAmongOthers => Tagged::JsonAmongOthers,
                Self::Text => Tagged::Text,
                Self::Number => Tagged::Number,
                Self::Regex(regex) => Tagged::Regex(regex),
                Self::File(file) => Tagged::File(file),
            }
            .serialize(serializer);
        }
        match self.clone() {
            Self::Json => Word::Json.serialize(serializer),
            Self::JsonAmongOthers => Table::Json {
                json: JsonForm::Lines,
                skip_others: true,
            }
            .serialize(serializer),
            Self::Text => Word::Text.serialize(serializer),
            Self::Number => Word::Number.serialize(serializer),
            Self::Regex(regex) => Table::Regex {
                regex: regex.pattern,
                value_type: regex.value_type,
                groups: regex.groups,
            }
            .serialize(serializer),
            Self::File(file) => Table::File {
                file: file.path,
                content: file.content,
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for OutputSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(OutputVisitor);
        }
        Ok(match Tagged::deserialize(deserializer)? {
            Tagged::Json => Self::Json,
            Tagged::JsonAmongOthers => Self::JsonAmongOthers,
            Tagged::Text => Self::Text,
            Tagged::Number => Self::Number,
            Tagged::Regex(regex) => Self::Regex(regex),
            Tagged::File(file) => Self::File(file),
        })
    }
}

struct OutputVisitor;

impl<'de> Visitor<'de> for OutputVisitor {
    type Value = OutputSpec;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\"json\", \"text\", \"number\", or a table with `json`, `regex` or `file`")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<OutputSpec, E> {
        Ok(match Word::deserialize(word.into_deserializer())? {
            Word::Json => OutputSpec::Json,
            Word::Text => OutputSpec::Text,
            Word::Number => OutputSpec::Number,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OutputSpec, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(match table {
            Table::Json { skip_others, .. } => match skip_others {
                true => OutputSpec::JsonAmongOthers,
                false => OutputSpec::Json,
            },
            Table::Regex {
                regex,
                value_type,
                groups,
            } => OutputSpec::Regex(RegexOutput {
                pattern: regex,
                value_type,
                groups,
            }),
            Table::File { file, content } => OutputSpec::File(FileOutput {
                path: file,
                content,
            }),
        })
    }
}
