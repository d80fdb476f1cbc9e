//! Named expressions: what a unit's arguments stand for until it runs.

use std::fmt;
use std::sync::{Arc, OnceLock};

use research_domain::{Config, Value, ValueError, suggest};

/// What exists only while an experiment runs, by name.
#[derive(Clone, Debug)]
pub struct Expression(pub(crate) Kind);

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Config(Arc<str>),
    WholeConfig {
        full: bool,
    },
    Output {
        unit: Arc<str>,
        index: OnceLock<usize>,
    },
    /// What is known of a unit, or the object that an instance is.
    Unit {
        name: Arc<str>,
    },
    Experiment,
    AllBranches,
    Path,
    Iteration,
    Results,
    Storage,
    Constant(Value),
}

/// The config item with this key.
#[must_use]
pub fn ec(key: &str) -> Expression {
    Expression(Kind::Config(key.into()))
}

/// The whole config, as a map; with the auxiliary keys (`repetition`, `updates`) if `full`.
#[must_use]
pub fn ec_all(full: bool) -> Expression {
    Expression(Kind::WholeConfig { full })
}

/// The latest output of the unit with this name.
#[must_use]
pub fn o(unit: &str) -> Expression {
    Expression(Kind::Output {
        unit: unit.into(),
        index: OnceLock::new(),
    })
}

/// The experiment's own folder, which is created when it is first asked for.
#[must_use]
pub fn ep() -> Expression {
    Expression(Kind::Path)
}

/// The iteration, from 0.
#[must_use]
pub fn it() -> Expression {
    Expression(Kind::Iteration)
}

/// The experiment as it stands, as a map: `id`, `place`, `config`, `repetition`, `updates`, `seed`
/// (the [32 bits](crate::ExperimentRecord::short_seed) that programs are given) and `iteration`.
#[must_use]
pub fn e() -> Expression {
    Expression(Kind::Experiment)
}

/// The instance with this name, for an argument of type [`Instance<T>`](crate::Instance); or what
/// is known of a unit, as a map: `name`, `when` and `root`.
#[must_use]
pub fn e_unit(name: &str) -> Expression {
    Expression(Kind::Unit { name: name.into() })
}

/// The results of the whole research so far, for an argument of type `Shared<Results>` (in the
/// crate `research`): what other experiments have saved, as far as it is stored, and of this one
/// what was sent (see [`dump`](crate::ExperimentBuilder::dump)). It is read from the log each time,
/// so let a unit that asks for it be due seldom.
#[must_use]
pub fn r() -> Expression {
    Expression(Kind::Results)
}

/// The research as it is kept, for an argument of type `Shared<CompletedRun>` (in the crate
/// `research`): its folder, its record, its events.
#[must_use]
pub fn s() -> Expression {
    Expression(Kind::Storage)
}

/// All branches of the task, for an argument of type
/// [`Shared<Branches>`](crate::Branches) of a root unit: their configs and latest outputs.
#[must_use]
pub fn e_all() -> Expression {
    Expression(Kind::AllBranches)
}

impl<T: Into<Value>> From<T> for Expression {
    fn from(value: T) -> Self {
        Self(Kind::Constant(value.into()))
    }
}

impl Expression {
    /// The unit that it refers to, if it refers to one.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        match &self.0 {
            Kind::Output { unit: name, .. } | Kind::Unit { name } => Some(name),
            _ => None,
        }
    }

    pub(crate) fn is_description(&self) -> bool {
        matches!(self.0, Kind::Unit { .. })
    }

    pub(crate) fn is_all(&self) -> bool {
        matches!(self.0, Kind::AllBranches)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Config(key) => write!(f, "config item `{key}`"),
            Kind::WholeConfig { .. } => f.write_str("the config"),
            Kind::Output { unit, .. } => write!(f, "output of unit `{unit}`"),
            Kind::Unit { name } => write!(f, "unit `{name}`"),
            Kind::AllBranches => f.write_str("all branches"),
            Kind::Experiment => f.write_str("the experiment"),
            Kind::Path => f.write_str("the experiment's folder"),
            Kind::Iteration => f.write_str("the iteration"),
            Kind::Results => f.write_str("the results so far"),
            Kind::Storage => f.write_str("the storage"),
            Kind::Constant(value) => write!(f, "constant {value}"),
        }
    }
}

/// An expression stands for nothing, or for something of another type than the unit takes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// The config has no such key.
    #[error("the config has no item `{key}`{hint}")]
    NoKey {
        /// The key.
        key: String,
        /// The nearest key, or those that there are.
        hint: String,
    },
    /// There is no such unit.
    #[error("unknown unit `{unit}`{hint}")]
    NoUnit {
        /// The name.
        unit: String,
        /// The nearest name.
        hint: String,
    },
    /// The unit has not put anything out yet.
    #[error(
        "unit `{unit}` has no output yet: it failed, is not due, or must come before this unit"
    )]
    NotRun {
        /// The unit.
        unit: String,
    },
    /// The value has another type.
    #[error("{expression}: {source}")]
    WrongType {
        /// The expression, in words.
        expression: String,
        /// What was expected, and what was there.
        source: ValueError,
    },
    /// The output is an object of another type, or an object where a value is asked for.
    #[error("{expression} is an object, and this argument takes a {expected}")]
    WrongObject {
        /// The expression, in words.
        expression: String,
        /// The type that was asked for.
        expected: &'static str,
    },
    /// What was asked for is an object, and this is a value.
    #[error("{expression} is a value, and this argument takes an object, a {expected}")]
    WrongValue {
        /// The expression, in words.
        expression: String,
        /// The type that was asked for.
        expected: &'static str,
    },
    /// All branches are seen by root units alone.
    #[error("all branches can only be read by a root unit")]
    NoBranches,
    /// The research's results or storage cannot be read.
    #[error("the research cannot be read: {0}")]
    Research(String),
    /// The experiment's folder cannot be made.
    #[error("the experiment's folder cannot be made: {0}")]
    Folder(String),
}

impl ExpressionError {
    pub(crate) fn no_key(config: &Config, key: &str) -> Self {
        let keys: Vec<&str> = config.keys().collect();
        Self::NoKey {
            key: key.to_owned(),
            hint: nearest(key, keys.into_iter()),
        }
    }

    pub(crate) fn wrong(expression: &impl fmt::Display, source: ValueError) -> Self {
        Self::WrongType {
            expression: expression.to_string(),
            source,
        }
    }
}

/// What to say after a name that there is not: the nearest of those that there are, or these.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    match names.clone().next() {
        Some(_) => format!("; {}", suggest::hint(name, names)),
        None => String::new(),
    }
}
