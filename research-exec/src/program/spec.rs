//! What a research file says of a unit that runs a program.

use std::collections::BTreeMap;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::output_spec::OutputSpec;

/// A program as a unit: the command and how its output is read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProgramSpec {
    /// The command.
    pub run: Run,
    /// Whether the command goes through `sh -c`.
    #[serde(default)]
    pub shell: bool,
    /// How standard output becomes the unit's output.
    #[serde(default)]
    pub output: OutputSpec,
    /// What the program finds when it starts.
    #[serde(default)]
    pub setting: Setting,
}

/// What a program finds when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Setting {
    /// Variables of the environment, whose values are [templates](super::Template).
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The working directory, a [`Template`](super::Template).
    #[serde(default)]
    pub cwd: Option<String>,
    /// What the program reads from standard input; nothing if not set.
    #[serde(default)]
    pub stdin: Option<Stdin>,
    /// How many bytes of private memory each of its processes may have.
    #[serde(default)]
    pub memory_limit: Option<u64>,
}

impl ProgramSpec {
    /// A command without a shell that prints JSON.
    #[must_use]
    pub fn new(run: Run) -> Self {
        Self {
            run,
            shell: false,
            output: OutputSpec::default(),
            setting: Setting::default(),
        }
    }
}

/// What a program reads from standard input.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stdin {
    /// A string, a [`Template`](super::Template).
    Text(String),
    /// A file, whose path is a [`Template`](super::Template); a relative one begins at the
    /// program's working directory.
    File(String),
}

/// A command: the program and its arguments, each a [`Template`](super::Template).
///
/// In text formats it is a list or a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// The program and its arguments.
    List(Vec<String>),
    /// One text, which is split into words as a shell does before values are put in: a value
    /// always stays part of one word.
    Line(String),
}

impl Run {
    /// The words of the command, as they are started without a shell; `None` for a line that has no
    /// words because of a quote that is left open.
    #[must_use]
    pub fn words(&self) -> Option<Vec<String>> {
        match self {
            Self::List(words) => Some(words.clone()),
            Self::Line(line) => shlex::split(line),
        }
    }

    /// Whether two commands mean the same, both with or both without a shell.
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

/// A shell command with single blanks, where they separate words and nothing else.
fn plain(command: &str) -> String {
    let command = command.replace("\r\n", "\n");
    let command = command.trim();
    match command.contains(['\'', '"', '\\', '`', '#', '\n', '<']) {
        true => command.to_owned(),
        false => command.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// How a [`Run`] stands in formats that do not describe themselves.
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
