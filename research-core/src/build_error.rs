//! The errors of building an experiment.

/// An invalid experiment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The experiment has no units.
    #[error("the experiment has no units: add at least one")]
    NoUnits,
    /// A setting comes before any unit.
    #[error(
        "a unit's setting (when, root, save_to, save_output_dict) comes before any unit: add the \
         unit first"
    )]
    SettingBeforeUnit,
    /// An output is saved twice.
    #[error("unit `{unit}` is saved twice: use one of save_to and save_output_dict, once")]
    SavedTwice {
        /// The unit.
        unit: String,
    },
    /// Two units save under the same name.
    #[error("units `{first}` and `{second}` both save `{name}`: give each value a name of its own")]
    OneName {
        /// The name.
        name: String,
        /// The unit that saves it first.
        first: String,
        /// The other unit; the same one if it saves the name twice.
        second: String,
    },
    /// A setting has no effect on this kind of unit.
    #[error("`{setting}` has no effect on unit `{unit}`: {reason}")]
    NoEffect {
        /// The unit.
        unit: String,
        /// The setting's name in the builder.
        setting: &'static str,
        /// The reason that it has no effect, and what to do instead.
        reason: &'static str,
    },
    /// An expression is invalid.
    #[error("unit `{unit}`: {reason}")]
    Expression {
        /// The unit that uses it.
        unit: String,
        /// The error in it.
        reason: String,
    },
    /// An expression names an unknown unit.
    #[error("unit `{unit}` refers to unknown unit `{name}`{hint}")]
    UnknownUnit {
        /// The unit that refers.
        unit: String,
        /// The name that it uses.
        name: String,
        /// The nearest name.
        hint: String,
    },
    /// An expression names an unknown instance.
    #[error("unit `{unit}` needs unknown instance `{name}`{hint}")]
    UnknownInstance {
        /// The unit that refers.
        unit: String,
        /// The name that it uses.
        name: String,
        /// The nearest name of an instance.
        hint: String,
    },
    /// The type of a method differs from that of its instance.
    #[error("unit `{unit}` takes a {expected}, and the instance `{name}` is a {found}")]
    WrongInstance {
        /// The unit.
        unit: String,
        /// The instance.
        name: String,
        /// The type that the method takes.
        expected: &'static str,
        /// The type of the instance.
        found: &'static str,
    },
    /// A unit reads an output that cannot exist when the unit first runs.
    #[error(
        "unit `{unit}` runs in the first iteration and refers to `{name}`, which has not run by \
         then: \
         put `{name}` before it, let `{unit}` be due later, or take an `Option`"
    )]
    NotRunYet {
        /// The unit that refers.
        unit: String,
        /// The unit that runs too late.
        name: String,
    },
    /// A branch pipeline names an unknown pipeline.
    #[error("branch pipeline `{unit}` needs unknown pipeline `{name}`{hint}")]
    UnknownPipeline {
        /// The unit that refers.
        unit: String,
        /// The name that it uses.
        name: String,
        /// The nearest name of a pipeline.
        hint: String,
    },
    /// A branch pipeline takes batches of another type than its pipeline makes.
    #[error(
        "branch pipeline `{unit}` takes batches of {expected}, and those of `{name}` are {found}"
    )]
    WrongBatch {
        /// The unit.
        unit: String,
        /// The pipeline.
        name: String,
        /// The type that it takes.
        expected: &'static str,
        /// The type of the batches.
        found: &'static str,
    },
    /// `full_run` is set on a unit that is not a pipeline.
    #[error("unit `{unit}` is not a pipeline: full_run is for units that `pipeline` adds")]
    NoPipeline {
        /// The unit.
        unit: String,
    },
    /// A unit stands between a pipeline with a full run and the branch pipelines of its batches.
    #[error(
        "branch pipeline `{unit}` must follow `{pipeline}` at once: with full_run they go through \
         all batches together"
    )]
    Scattered {
        /// The branch pipeline.
        unit: String,
        /// The pipeline.
        pipeline: String,
    },
    /// A unit that is not a root reads all branches.
    #[error("unit `{unit}` reads all branches: only a root unit can, for it runs once for all")]
    AllOutsideRoot {
        /// The unit.
        unit: String,
    },
}
