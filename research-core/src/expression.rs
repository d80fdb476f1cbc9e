//! Named expressions: placeholders for arguments of units until these run.

mod display;
mod error;
mod mapped;
mod operations;
mod path;
mod text;

use std::sync::{Arc, OnceLock};

use research_domain::Value;

use crate::code::Code;

pub use error::ExpressionError;
pub(crate) use error::nearest;
pub(crate) use mapped::Mapped;
pub(crate) use operations::Operation;
pub use operations::{NoPart, list_of, map_of, part_of, text_of};
pub use path::NamePath;

/// A named value that exists only while an experiment runs, or a computation on such values.
///
/// Expressions are combined with `+`, `-`, `*`, `/`, `%`, `&`, `|` and `!`, with the methods below,
/// and with [`list_of`], [`map_of`] and [`text_of`]. Plain values are used as they are.
///
/// ```
/// use research_core::{Experiment, ec, list_of, o};
///
/// let experiment = Experiment::builder()
///     .callable("scores", |a: f64, b: f64| vec![a, b], (ec("a") * 2, 1.0 / ec("a")))
///     .save(o("scores").at(0), "first")
///     .save(o("scores").at(0).gt(o("scores").at(1)), "is_first_best")
///     .save(list_of((ec("a"), o("scores"))), "all")
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
///
/// The output of a unit that has not run yet is missing, and so is a config item that only other
/// configs have, and every value computed from these. For a missing value, an argument of type
/// `Option` is `None`, and a unit that [saves](crate::ExperimentBuilder::save) the expression saves
/// nothing. For any other argument it is an error.
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
    /// The description of a unit, or the object of an instance.
    Unit {
        name: Arc<str>,
    },
    Experiment,
    AllBranches,
    Path,
    Iteration,
    Results,
    Storage,
    /// The values that the experiment has saved under a name, or the last of them.
    Saved {
        variable: Arc<str>,
        last: bool,
    },
    Constant(Value),
    /// A result of the values of other expressions.
    Apply(Operation, Vec<Expression>),
    /// A result of a function of the program.
    Call(Box<Expression>, Mapped),
    /// An argument that may be missing.
    Optional(Box<Expression>),
}

/// The config item with this key.
///
/// ```
/// use research_core::{Experiment, ec};
///
/// let double = |x: f64| 2.0 * x;
/// Experiment::builder().callable("double", double, (ec("x"),)).build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn ec(key: &str) -> Expression {
    Expression(Kind::Config(key.into()))
}

/// The whole config, as a map; with the auxiliary keys (`repetition`, `updates`) if `full`.
///
/// ```
/// use research_core::{Experiment, ec_all, domain::Config};
///
/// let count = |config: Config| config.len();
/// Experiment::builder().callable("count", count, (ec_all(true),)).build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn ec_all(full: bool) -> Expression {
    Expression(Kind::WholeConfig { full })
}

/// The latest output of the unit with this name.
///
/// ```
/// use research_core::{Experiment, o};
///
/// Experiment::builder()
///     .callable("first", || 1, ())
///     .callable("second", |first: i64| first + 1, (o("first"),))
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn o(unit: &str) -> Expression {
    Expression(Kind::Output {
        unit: unit.into(),
        index: OnceLock::new(),
    })
}

/// The experiment's own folder, which is created when it is first read.
///
/// ```
/// use research_core::{Experiment, ep};
///
/// let write = |folder: String| std::fs::write(folder + "/notes.txt", "done");
/// Experiment::builder().callable("write", write, (ep(),)).build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn ep() -> Expression {
    Expression(Kind::Path)
}

/// The iteration, from 0.
///
/// ```
/// use research_core::{Experiment, it};
///
/// let step = |iteration: u64| iteration + 1;
/// Experiment::builder().callable("step", step, (it(),)).build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn it() -> Expression {
    Expression(Kind::Iteration)
}

/// The current state of the experiment as a map: `id`, `place`, `config`, `repetition`, `updates`,
/// `seed` (the [32 bits](crate::ExperimentRecord::short_seed) that programs receive), `iteration`,
/// `is_last`, `branch`, `branch_config` and `worker_config`; see the methods of
/// [`Context`](crate::Context) with these names.
///
/// ```
/// use research_core::{Experiment, When, e};
///
/// let experiment = Experiment::builder()
///     .callable("step", |is_last: bool| u8::from(is_last), (e().field("is_last"),))
///     .save(e().field("branch"), "branch")
///     .when(When::at(0))
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn e() -> Expression {
    Expression(Kind::Experiment)
}

/// The values that the experiment itself has saved under this name so far, as a list; see
/// [`Context::saved`](crate::Context::saved).
///
/// ```
/// use research_core::{Experiment, it, saved};
///
/// let experiment = Experiment::builder()
///     .callable("loss", |step: u64| 1.0 / (1.0 + step as f64), (it(),))
///     .save_to("loss")
///     .callable("total", |all: Vec<f64>| all.iter().sum::<f64>(), (saved("loss"),))
///     .save_to("total")
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn saved(variable: &str) -> Expression {
    let variable = variable.into();
    Expression(Kind::Saved {
        variable,
        last: false,
    })
}

/// The last value that the experiment itself has saved under this name, which is missing before
/// the first; see [`Context::last_saved`](crate::Context::last_saved).
///
/// ```
/// use research_core::{Experiment, last_saved};
///
/// let experiment = Experiment::builder()
///     .callable("count", |last: Option<u64>| last.map_or(1, |n| n + 1), (last_saved("count"),))
///     .save_to("count")
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn last_saved(variable: &str) -> Expression {
    let variable = variable.into();
    Expression(Kind::Saved {
        variable,
        last: true,
    })
}

/// The instance with this name, for an argument of type [`Instance<T>`](crate::Instance); or the
/// description of a unit as a map: `name`, `when` and `root`.
///
/// ```
/// use research_core::{Experiment, Instance, e_unit};
///
/// Experiment::builder()
///     .instance("list", || Ok(vec![1, 2]), ())
///     .callable("sum", |list: Instance<Vec<i64>>| list.lock().unwrap().iter().sum::<i64>(), (
///         e_unit("list"),
///     ))
///     .build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
#[must_use]
pub fn e_unit(name: &str) -> Expression {
    Expression(Kind::Unit { name: name.into() })
}

/// The results of the whole research so far, for an argument of type `Shared<Results>` (in the
/// crate `research`): the stored values of other experiments, and the values of this one that were
/// sent (see [`dump`](crate::ExperimentBuilder::dump)). The log is read each time, so a unit that
/// reads this should be due rarely.
#[must_use]
pub fn r() -> Expression {
    Expression(Kind::Results)
}

/// The stored research, for an argument of type `Shared<CompletedRun>` (in the crate `research`):
/// its folder, its record, its events.
#[must_use]
pub fn s() -> Expression {
    Expression(Kind::Storage)
}

/// All branches of the task, for an argument of type
/// [`Shared<Branches>`](crate::Branches) of a root unit: their configs and latest outputs.
///
/// ```
/// use research_core::{Branches, Experiment, Shared, e_all};
///
/// let count = |all: Shared<Branches>| all.len();
/// Experiment::builder().callable("count", count, (e_all(),)).root().build()?;
/// # Ok::<(), research_core::BuildError>(())
/// ```
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
    /// Marks an argument that may be missing.
    pub(crate) fn optional(self) -> Self {
        Self(Kind::Optional(Box::new(self)))
    }

    /// Calls `see` with each expression that this one is computed from, and whether it may be
    /// missing; with the expression itself, if it is not computed.
    pub(crate) fn for_each_leaf<'a>(&'a self, see: &mut impl FnMut(&'a Kind, bool)) {
        self.visit(false, see);
    }

    fn visit<'a>(&'a self, is_optional: bool, see: &mut impl FnMut(&'a Kind, bool)) {
        match &self.0 {
            Kind::Apply(_, inner) => {
                for one in inner {
                    one.visit(is_optional, see);
                }
            }
            Kind::Call(inner, _) => inner.visit(is_optional, see),
            Kind::Optional(inner) => inner.visit(true, see),
            leaf => see(leaf, is_optional),
        }
    }

    /// Returns the identity of the functions of the program that it calls, if any.
    pub(crate) fn code(&self) -> Option<Code> {
        match &self.0 {
            Kind::Apply(_, inner) => inner.iter().filter_map(Self::code).reduce(Code::and),
            Kind::Call(inner, function) => Some(match inner.code() {
                Some(code) => code.and(function.code()),
                None => function.code(),
            }),
            Kind::Optional(inner) => inner.code(),
            _ => None,
        }
    }

    /// Returns a mistake in the expression, if there is one.
    pub(crate) fn mistake(&self) -> Option<String> {
        match &self.0 {
            Kind::Apply(operation, inner) => operation
                .mistake(inner.len())
                .or_else(|| inner.iter().find_map(Self::mistake)),
            Kind::Call(inner, _) | Kind::Optional(inner) => inner.mistake(),
            _ => None,
        }
    }

    pub(crate) fn is_all(&self) -> bool {
        let mut is_all = false;
        self.for_each_leaf(&mut |leaf, _| is_all |= matches!(leaf, Kind::AllBranches));
        is_all
    }
}
