//! The description of a unit that runs a program, in a research file.

use std::collections::BTreeMap;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::output_spec::OutputSpec;

/// A unit that runs a program: the command, its setting and its output.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProgramSpec {
    /// The command.
    pub run: Run,
    /// The shell that runs the command.
    #[serde(default)]
    pub shell: Shell,
    /// How standard output becomes the unit's output.
    #[serde(default)]
    pub output: OutputSpec,
    /// The setting in which the program starts.
    #[serde(default)]
    pub setting: Setting,
}

/// The setting in which a program starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Setting {
    /// Variables of the environment, whose values are [templates](super::Template).
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The working directory, a [`Template`](super::Template).
    #[serde(default)]
    pub cwd: Option<String>,
    /// The content of standard input; empty if not set.
    #[serde(default)]
    pub stdin: Option<Stdin>,
    /// The private memory that each of its processes may have, in bytes.
    #[serde(default)]
    pub memory_limit: Option<u64>,
}

impl ProgramSpec {
    /// Creates the description of a command without a shell that prints JSON.
    #[must_use]
    pub fn new(run: Run) -> Self {
        Self {
            run,
            shell: Shell::None,
            output: OutputSpec::default(),
            setting: Setting::default(),
        }
    }
}

/// The content of a program's standard input.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stdin {
    /// A string, a [`Template`](super::Template).
    Text(String),
    /// A file, whose path is a [`Template`](super::Template); a relative path is resolved from the
    /// program's working directory.
    File(String),
}

/// The shell that runs a command. In text formats: `false`, `true` or `"bash"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shell {
    /// No shell: the program is started with its arguments.
    #[default]
    None,
    /// `sh`. A pipe fails only if its last program does.
    Sh,
    /// `bash`. A pipe fails if any of its programs does (`set -o pipefail`).
    Bash,
}

impl Shell {
    /// Whether a shell runs the command.
    #[must_use]
    pub fn is_some(self) -> bool {
        self != Self::None
    }

    /// The words before the text of the command.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Sh => &["sh", "-c"],
            Self::Bash => &["bash", "-o", "pipefail", "-c"],
        }
    }
}

impl From<bool> for Shell {
    fn from(shell: bool) -> Self {
        if shell { Self::Sh } else { Self::None }
    }
}

impl Serialize for Shell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            // The bytes of the first two are those of a boolean, which this was.
            return serializer.serialize_u8(*self as u8);
        }
        match self {
            Self::None => serializer.serialize_bool(false),
            Self::Sh => serializer.serialize_bool(true),
            Self::Bash => serializer.serialize_str("bash"),
        }
    }
}

impl<'de> Deserialize<'de> for Shell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Written {
            Flag(bool),
            Name(String),
        }
        if !deserializer.is_human_readable() {
            return match u8::deserialize(deserializer)? {
                0 => Ok(Self::None),
                1 => Ok(Self::Sh),
                2 => Ok(Self::Bash),
                other => Err(de::Error::invalid_value(
                    de::Unexpected::Unsigned(other.into()),
                    &"0, 1 or 2",
                )),
            };
        }
        match Written::deserialize(deserializer)? {
            Written::Flag(flag) => Ok(flag.into()),
            Written::Name(name) if name == "bash" => Ok(Self::Bash),
            Written::Name(name) => {
                let expected = &"true, false or \"bash\"";
                Err(de::Error::invalid_value(
                    de::Unexpected::Str(&name),
                    expected,
                ))
            }
        }
    }
}

/// A command: the program and its arguments, each a [`Template`](super::Template).
///
/// In text formats it is a list or a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// The program and its arguments.
    List(Vec<String>),
    /// One string, which is split into words as by a shell, before values are inserted: a value is
    /// always a part of one word.
    Line(String),
}

impl Run {
    /// Returns the words of the command without a shell; `None` for a line with an unclosed quote.
    #[must_use]
    pub fn words(&self) -> Option<Vec<String>> {
        match self {
            Self::List(words) => Some(words.clone()),
            Self::Line(line) => shlex::split(line),
        }
    }

    /// Returns whether two commands mean the same, both with or both without a shell.
    ///
    /// ```
    /// use research_exec::program::Run;
    ///
    /// let line = Run::Line("train  --lr '{lr}'".to_owned());
    /// let list = Run::List(["train", "--lr", "{lr}"].map(str::to_owned).to_vec());
    /// assert!(line.means_the_same(&list, false));
    /// ```
    #[must_use]
    pub fn means_the_same(&self, other: &Self, shell: bool) -> bool {
        if self == other {
            return true;
        }
        match (self, other) {
            (Self::Line(one), Self::Line(other)) if shell => plain(one) == plain(other),
            _ if shell => false,
            _ => self
                .words()
                .is_some_and(|words| other.words() == Some(words)),
        }
    }
}

/// Returns a shell command with single blanks, if blanks only separate its words.
fn plain(command: &str) -> String {
    let command = command.replace("\r\n", "\n");
    let command = command.trim();
    match command.contains(['\'', '"', '\\', '`', '#', '\n', '<']) {
        true => command.to_owned(),
        false => command.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// The encoding of a [`Run`] in formats that are not self-describing.
#[derive(serde::Serialize, serde::Deserialize)]
enum Tagged {
    List(Vec<String>),
    Line(String),
}

impl Serialize for Run {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (serializer.is_human_readable(), self) {
            (true, Self::List(words)) => words.serialize(serializer),
            (true, Self::Line(line)) => line.serialize(serializer),
            (false, Self::List(words)) => {
                serializer.serialize_newtype_variant("Run", 0, "List", words)
            }
            (false, Self::Line(line)) => {
                serializer.serialize_newtype_variant("Run", 1, "Line", line)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Run {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(RunVisitor);
        }
        Ok(match Tagged::deserialize(deserializer)? {
            Tagged::List(words) => Self::List(words),
            Tagged::Line(line) => Self::Line(line),
        })
    }
}

struct RunVisitor;

impl<'de> Visitor<'de> for RunVisitor {
    type Value = Run;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a command: a list of texts, or one text")
    }

    fn visit_str<E: de::Error>(self, line: &str) -> Result<Run, E> {
        Ok(Run::Line(line.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Run, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = items.next_element()? {
            words.push(word);
        }
        Ok(Run::List(words))
    }
}
