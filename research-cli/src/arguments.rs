//! What can be typed.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Runs experiments over a space of parameters.
#[derive(Debug, Parser)]
#[command(
    name = "research",
    version,
    max_term_width = 100,
    about = "Run thousands of experiments over a space of parameters, each in its own process",
    after_help = "\
Examples:
  research run research.toml             run what the file describes
  research status power                  how it stands
  research results power                 what it has saved, as a table
  research domain 'a=[1, 2] * b=[3, 4]'  which configs an expression makes

`research help COMMAND` has more about each command."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the experiments that a research file describes
    Run(RunArguments),
    /// Go on with a research that was interrupted
    Resume(ResumeArguments),
    /// Show how a research stands
    Status(StatusArguments),
    /// Print what a research has saved
    Results(ResultsArguments),
    /// End the run of a research, from another terminal
    Stop(StopArguments),
    /// Remove a research and all that it has saved
    Remove(RemoveArguments),
    /// List the researches in a folder
    List(ListArguments),
    /// Print the configs of a research file or of a domain expression
    Domain(DomainArguments),
}

/// The arguments of `research run`.
#[derive(Debug, Args)]
#[command(
    long_about = "\
Run the experiments that a research file describes.

Each experiment runs in a process of its own; what it saves is kept in a folder that is called like
the research. Progress is shown on standard error, and a summary at the end. If it is interrupted,
nothing that was saved is lost.

Exit codes: 0 if all experiments finished, 1 if some failed, 2 for a bad file, 3 if it could not
run or store, 130 if it was interrupted.",
    after_help = "\
Examples:
  research run research.toml
  research run research.toml --name second -w 8
  research run research.toml --set n_reps=5 --set domain.lr=[0.1,0.01]"
)]
pub struct RunArguments {
    /// The research file, in TOML or JSON
    pub file: PathBuf,
    /// The name of the research, instead of that in the file
    #[arg(short, long)]
    pub name: Option<String>,
    /// How many worker processes, instead of what the file says
    #[arg(short, long, value_name = "N")]
    pub workers: Option<NonZeroU32>,
    /// The seed of everything that is drawn, instead of that in the file
    #[arg(short, long, value_name = "S")]
    pub seed: Option<u64>,
    /// Set a key of the file: workers=4, domain.lr=[0.1,0.2]; can be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Show no progress, only the summary
    #[arg(long)]
    pub no_bar: bool,
    /// Print the results at the end, as `research results` does
    #[arg(long)]
    pub results: bool,
}

/// The arguments of `research resume`.
#[derive(Debug, Args)]
#[command(
    long_about = "\
Go on with a research that was interrupted, killed or cut off: run what is missing, and nothing else.

Experiments that ended keep what they have saved; the others get the ids and seeds that they would
have had. What runs is what was recorded, whatever the research file says by now.",
    after_help = "\
Examples:
  research resume power
  research resume power -w 8"
)]
pub struct ResumeArguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// How many worker processes, instead of what was recorded
    #[arg(short, long, value_name = "N")]
    pub workers: Option<NonZeroU32>,
    /// Show no progress, only the summary
    #[arg(long)]
    pub no_bar: bool,
    /// Print the results at the end, as `research results` does
    #[arg(long)]
    pub results: bool,
}

/// The arguments of `research status`.
#[derive(Debug, Args)]
#[command(
    long_about = "\
Show how a research stands: what is done, running, failed and left, how fast it goes and how long it
will take, what each worker does, and why experiments failed.",
    after_help = "\
Examples:
  research status power
  research status power --format json"
)]
pub struct StatusArguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: StatusFormat,
}

/// How a status is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// The arguments of `research results`.
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print what a research has saved, a row for each iteration of each experiment, in the order of the
domain, whatever finished first. It can be printed while the research runs.",
    after_help = "\
Examples:
  research results power
  research results power --format csv > power.csv
  research results power --where lr=0.1 --var loss
  research results power --iterations 0,9 --long"
)]
pub struct ResultsArguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: ResultsFormat,
    /// A row for each value, with its name, instead of a column for each variable
    #[arg(long)]
    pub long: bool,
    /// Print the aliases of parameters instead of their values
    #[arg(long)]
    pub alias: bool,
    /// One column with the whole config instead of one for each parameter
    #[arg(long)]
    pub concat_config: bool,
    /// Print repetition and updates too
    #[arg(long)]
    pub aux: bool,
    /// Only experiments in which a parameter has this value; can be given several times
    #[arg(long = "where", value_name = "KEY=VALUE")]
    pub filter: Vec<String>,
    /// Only experiments whose configs this domain expression has
    #[arg(long, value_name = "EXPR")]
    pub domain: Option<String>,
    /// Only these iterations, from 0
    #[arg(long, value_name = "I,…", value_delimiter = ',')]
    pub iterations: Vec<u64>,
    /// Only this variable; can be given several times
    #[arg(long = "var", value_name = "V")]
    pub variables: Vec<String>,
    /// Only this experiment; can be given several times
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ResultsFormat {
    /// Aligned columns for people
    #[default]
    Table,
    /// Comma-separated values
    Csv,
    /// One JSON list
    Json,
    /// One JSON object in each line
    Jsonl,
}

/// The arguments of `research stop`.
#[derive(Debug, Args)]
#[command(
    long_about = "\
End the run of a research that goes on in another terminal, as Ctrl-C there would: what runs is
finished, and `research resume` does the rest. Waits until it has ended.",
    after_help = "\
Examples:
  research stop power
  research stop power --kill -y     end now; what runs is run again when it is resumed"
)]
pub struct StopArguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// Do not finish what runs
    #[arg(long)]
    pub kill: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// The arguments of `research remove`.
#[derive(Debug, Args)]
#[command(
    long_about = "\
Remove a research and all that it has saved. A folder that is no research is left alone, and so is
a research that runs, unless --force is given.",
    after_help = "\
Examples:
  research remove power
  research remove power -y     without a question, as in scripts"
)]
pub struct RemoveArguments {
    /// The research: the name of its folder, or a path to it
    pub name: PathBuf,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Remove it even though it runs
    #[arg(long)]
    pub force: bool,
}

/// The arguments of `research list`.
#[derive(Debug, Args)]
#[command(
    long_about = "List the researches in a folder, each with its state and how much of it is done.",
    after_help = "\
Examples:
  research list
  research list studies --format json"
)]
pub struct ListArguments {
    /// The folder
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// Aligned columns for people
    #[default]
    Table,
    /// One JSON list
    Json,
}

/// The arguments of `research domain`.
#[derive(Debug, Args)]
#[command(
    long_about = "\
Print the configs of a research file or of a domain expression, in the order in which they are run.
The head of a domain of any size is printed at once. What the file says of n_configs, n_reps,
repeat_each and seed holds unless a flag says otherwise.

An expression: `*` is the product, whose left side varies slowest; `+` is one after the other; `@`
goes through two lists side by side; a number in front is a weight; `where` is a condition.",
    after_help = "\
Examples:
  research domain research.toml --count
  research domain research.toml --head 5
  research domain 'model=[\"small\", \"big\"] * lr=log_uniform(1e-5, 1e-1)' --seed 1
  research domain 'a=[1, 2, 3] @ b=[4, 5, 6]' --format jsonl
  research domain 'x=uniform(0, 1)' --n-items 3 --n-reps 2 --aux"
)]
pub struct DomainArguments {
    /// A research file, or a domain expression
    #[arg(value_name = "FILE|EXPR")]
    pub domain: String,
    /// Print how many there are, repetitions included
    #[arg(long)]
    pub count: bool,
    /// Print the first N only
    #[arg(long, value_name = "N")]
    pub head: Option<usize>,
    /// Take N configs; more than there are start over
    #[arg(long, value_name = "N")]
    pub n_items: Option<u128>,
    /// Repeat each config N times
    #[arg(long, value_name = "N")]
    pub n_reps: Option<u64>,
    /// Repeat after every N configs
    #[arg(long, value_name = "N")]
    pub repeat_each: Option<u128>,
    /// The seed of what is drawn
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Print the experiments' ids, with prefixes of N digits that show the values' numbers
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1",
          value_parser = clap::value_parser!(u8).range(1..=20))]
    pub id_prefix: Option<u8>,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    pub format: DomainFormat,
    /// Print repetition and updates too
    #[arg(long)]
    pub aux: bool,
}

/// How configs are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DomainFormat {
    /// Aligned columns for people, with aliases for values
    #[default]
    Table,
    /// One JSON object in each line
    Jsonl,
    /// One JSON list
    Json,
}
