//! The core of a research: the definition of experiments, and the events that record them.
//!
//! An [`Experiment`] is an ordered list of [`Unit`]s that run at every iteration. What exists only
//! at run time (a config item, another unit's output) is written as a named [`Expression`]; a unit
//! reads the state of its experiment from its [`Context`]. Everything that happens is an [`Event`];
//! everything that users see (results, progress, status) is a fold of events.
//!
//! Storage, monitor and executors do not depend on each other: they are connected by [`Storage`],
//! [`Subscriber`] and [`EventSink`].
//!
//! ```
//! use research_core::{Experiment, When, ec, o};
//!
//! let experiment = Experiment::builder()
//!     .callable("power", |a: f64, b: f64| a.powf(b), (ec("a"), ec("b")))
//!     .save_to("power")
//!     .callable("increment", |x: f64| x + 1.0, (o("power"),))
//!     .when(When::last())
//!     .save_to("increment")
//!     .build()?;
//! assert_eq!(experiment.units().len(), 2);
//! # Ok::<(), research_core::BuildError>(())
//! ```

mod argument;
mod branches;
mod build_error;
mod builder;
mod check;
mod code;
mod context;
mod deadline;
mod directory;
mod env_meta;
mod event;
mod experiment;
mod expression;
mod folder;
mod function;
mod hooks;
mod inputs;
mod instance;
mod log_level;
mod memory;
mod options;
mod output;
mod output_stream;
mod pipeline;
mod plural;
mod profile;
mod record;
mod regular_file;
mod root_inputs;
mod root_scope;
mod run_clock;
mod shell;
mod traits;
mod unit;
mod unit_error;
mod unit_table;
mod update;
mod values;
mod view;
mod when;

pub mod codec;

/// Parts of events that only their writers and storages use.
pub mod events {
    pub use crate::event::{ResourceUsage, UnknownEvent};
    pub use crate::profile::{Measure, SpanTime};
    pub use crate::update::UpdateRecord;
    pub use crate::values::column::ColumnBuilder;
    pub use crate::values::large::{LARGE_BYTES, LargeKind, LargeValueError, VALUES};
}

/// The executor's side of running experiments. Units have no access to it.
pub mod executor {
    pub use crate::code::Code;
    pub use crate::context::{BranchPosition, ExecutorContext};
    pub use crate::root_scope::{RootSaved, RootScope};
    pub use crate::run_clock::RunClock;
    pub use crate::traits::OutputSink;
    pub use crate::values::pending::SharedSaved;
    pub use crate::view::ResearchView;
}

/// Files and folders of researches.
pub mod files {
    pub use crate::directory::path_from_folder;
    pub use crate::folder::{create_experiment_folder, create_folders, leave_experiment_folder};
    pub use crate::regular_file::{
        append_to_regular, open_regular, open_regular_with, read_regular,
    };
    pub use crate::values::large::sha256;
}

/// Parts of messages.
pub mod text {
    pub use crate::plural::plural;
    pub use crate::shell::shell_word;
}

/// Parts of units: custom bodies, arguments, and the traits that functions implement.
pub mod units {
    pub use crate::argument::{Argument, FromArgument};
    pub use crate::check::unique_names;
    pub use crate::deadline::Deadline;
    pub use crate::expression::{NamePath, NoPart, part_of};
    pub use crate::function::{Arguments, CallableFunction, GeneratorFunction, UnitFunction};
    pub use crate::inputs::Input;
    pub use crate::instance::{InstanceFunction, MethodFunction};
    pub use crate::output::{Object, PlainOutput};
    pub use crate::root_inputs::{RootError, RootInputs, UnknownInput};
    pub use crate::unit::{CallableBody, Generator, GeneratorBody, UnitBody};
}

pub use branches::{BranchView, Branches};
pub use build_error::BuildError;
pub use builder::ExperimentBuilder;
pub use context::Context;
pub use env_meta::EnvMeta;
pub use event::{
    Event, ExceptionRecord, ExperimentNumber, ExperimentRecord, FailureKind, Outcome, Status,
    Timestamp, WorkerNumber,
};
pub use experiment::Experiment;
pub use expression::{
    Expression, ExpressionError, e, e_all, e_unit, ec, ec_all, ep, it, last_saved, list_of, map_of,
    o, r, s, saved, text_of,
};
pub use hooks::{ExecutorHooks, UnitResult};
pub use instance::Instance;
pub use log_level::LogLevel;
pub use memory::{MemorySize, ParseMemoryError};
pub use options::{ExecutorTarget, FsyncPolicy, Isolation, Redirect, RootView, RunOptions};
pub use output::{IntoOutput, Output, Serialized, Shared};
pub use output_stream::OutputStream;
pub use rand_chacha::rand_core;
pub use record::ResearchRecord;
pub use research_domain as domain;
pub use traits::{
    Delivery, EventLog, EventSink, Fold, SinkError, Storage, StorageError, Subscriber,
};
pub use unit::Unit;
pub use unit_error::UnitError;
pub use values::column::{Column, Iterations};
pub use values::large::LargeValue;
pub use when::{ParseWhenError, When};
