//! Units that run programs.
//!
//! A [`ProgramSpec`] is the description of such a unit in a research file: the command, whether a
//! shell runs it, and how standard output becomes the unit's output. [`ProgramCommand`] checks it
//! once and prepares everything that does not depend on an experiment; [`ProgramCallable`] runs the
//! program at each call, [`ProgramGenerator`] starts it once and reads one line per item.
//!
//! # Environment of a program
//! The [`Setting`] of the program determines its working directory, standard input, additional
//! variables and memory limit. By default standard input is empty and the working directory is that
//! of the run. The program inherits no open files of this process. Its environment variables are
//! those of this process and
//!
//! | variable | content |
//! |---|---|
//! | `RESEARCH_ID` | the experiment's id |
//! | `RESEARCH_PATH` | the absolute path of the experiment's existing folder; unset in memory |
//! | `RESEARCH_SEED` | the experiment's seed, in 32 bits, which every generator accepts |
//! | `RESEARCH_ITERATION` | the iteration, from 0 (for a generator: the one in which it started) |
//! | `RESEARCH_CONFIG` | the config without auxiliary keys, as JSON |
//!
//! # Lifetime of a program
//! A program leads its own process group. The system kills it when the thread that started it ends,
//! so start programs from threads that live long enough. When the program ends, the other processes
//! of its group are killed. A process that keeps its standard output open is not waited for.
//!
//! ```
//! use research_core::units::UnitBody;
//! use research_core::Experiment;
//! use research_exec::program::{ProgramCallable, ProgramCommand, ProgramSpec};
//! use std::sync::Arc;
//!
//! let spec: ProgramSpec = serde_json::from_str(
//!     r#"{"run": ["expr", "{a}", "+", "1"], "output": "number"}"#,
//! )?;
//! let command = ProgramCommand::new(&spec)?;
//! let units = command.units_read(&["a"], &["sum"])?;
//! assert!(units.is_empty(), "it reads a config item and no unit's output");
//! let body = UnitBody::Callable(Arc::new(ProgramCallable::new(command)));
//! let experiment = Experiment::builder().body("sum", body, true, &[]).save_to("sum").build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod callable;
mod claim;
mod command;
mod environment;
mod failure;
mod file;
mod generator;
mod json;
mod names;
mod output;
mod output_error;
mod output_spec;
mod preview;
mod process;
mod program_error;
mod render_error;
mod setting;
mod shell;
mod spec;
mod stdout;
mod template;

pub use callable::ProgramCallable;
pub use command::ProgramCommand;
pub use failure::UNFILLED;
pub use generator::ProgramGenerator;
pub use output_spec::{FileOutput, FileType, Groups, OutputSpec, RegexOutput, RegexType};
pub use preview::KnownBefore;
pub use program_error::ProgramError;
pub use render_error::{RenderError, UnknownName};
pub use spec::{ProgramSpec, Run, Setting, Shell, Stdin};
pub use template::{Template, TemplateError};
