//! Which experiments a command looks at, and how it shows their configs.

use clap::{Args, ValueEnum};
use research::StoredExperiment;
use research::core::Status;
use research::domain::{Condition, SyntaxError};
use research::storage::{StoredResearch, TableOptions};

use super::CommandError;

/// The flags that choose experiments.
#[derive(Clone, Debug, Default, Args)]
pub struct Chosen {
    /// Only experiments for which this condition is true, as 'C > 1' or 'act in ["relu", "tanh"]',
    /// or in which a parameter has this value, as lr=0.1; can be given several times
    #[arg(long = "where", value_name = "CONDITION")]
    pub filter: Vec<String>,
    /// Only experiments that are in this domain, as 'y=[2, 3]'; other parameters may have any value
    #[arg(long, value_name = "EXPR")]
    pub domain: Option<String>,
    /// Only experiments with one of these statuses
    #[arg(
        long = "status",
        value_name = "STATUS,…",
        value_enum,
        value_delimiter = ','
    )]
    pub statuses: Vec<StatusFilter>,
    /// Only this experiment: its id, or as much of its beginning as no other has; can be given
    /// several times
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
}

/// A status by which experiments are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFilter {
    /// All iterations ran
    Finished,
    /// A generator stopped it
    Stopped,
    /// A unit failed
    Failed,
    /// It was killed
    Killed,
    /// It took too long
    #[value(alias = "timed-out", name = "timed_out")]
    TimedOut,
    /// It runs, or was interrupted
    #[value(alias = "running")]
    Unfinished,
}

impl StatusFilter {
    fn status(self) -> Option<Status> {
        match self {
            Self::Finished => Some(Status::Finished),
            Self::Stopped => Some(Status::Stopped),
            Self::Failed => Some(Status::Failed),
            Self::Killed => Some(Status::Killed),
            Self::TimedOut => Some(Status::TimedOut),
            Self::Unfinished => None,
        }
    }
}

/// The flags of tables with a row for each experiment, or for parts of one.
#[derive(Clone, Debug, Default, Args)]
pub struct Shown {
    /// Print the aliases of parameters instead of their values
    #[arg(long)]
    pub alias: bool,
    /// One column with the whole config instead of one for each parameter
    #[arg(long)]
    pub concat_config: bool,
    /// Print repetition and updates too, and devices if there were any
    #[arg(long)]
    pub aux: bool,
    /// Print the status of each experiment
    #[arg(long)]
    pub with_status: bool,
    /// Which experiments.
    #[command(flatten)]
    pub chosen: Chosen,
}

impl Shown {
    /// The options of a table of a research that is shown so.
    pub(super) fn options(&self, stored: &StoredResearch) -> Result<TableOptions, CommandError> {
        let options = TableOptions::new()
            .use_alias(self.alias)
            .concat_config(self.concat_config)
            .aux(self.aux)
            .status_column(self.with_status);
        self.chosen.choose(stored, options)
    }
}

impl Chosen {
    /// Whether all experiments are looked at.
    pub(super) fn is_all(&self) -> bool {
        self.filter.is_empty()
            && self.domain.is_none()
            && self.ids.is_empty()
            && self.statuses.is_empty()
    }

    /// Adds the choice to the options of a table of a research.
    pub(super) fn choose(
        &self,
        stored: &StoredResearch,
        options: TableOptions,
    ) -> Result<TableOptions, CommandError> {
        let ids = StoredExperiment::ids(stored, &self.ids).map_err(Box::new)?;
        let mut options = options.ids(ids);
        for filter in &self.filter {
            options = match filter.parse::<Condition>() {
                Ok(condition) => options.condition(condition),
                Err(error) => match key_and_value(filter) {
                    Some((key, value)) => options.config_text(key, value),
                    None => return Err(no_filter(error)),
                },
            };
        }
        for status in &self.statuses {
            options = options.status(status.status());
        }
        if let Some(expression) = &self.domain {
            options = options.domain(expression.parse()?);
        }
        Ok(options)
    }
}

fn no_filter(error: SyntaxError) -> CommandError {
    CommandError::NoFilter {
        error: Box::new(error),
    }
}

/// The parts of a filter such as `lr=0.1`; none of what rather is a condition with a mistake.
fn key_and_value(filter: &str) -> Option<(&str, &str)> {
    let (key, value) = filter.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let is_comparison = key.ends_with(['<', '>', '!', '=']) || value.starts_with('=');
    let is_key = !key.is_empty() && !key.contains(['(', '[', '{', '"', '\'', '<', '>']);
    (is_key && !is_comparison).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::key_and_value;

    #[test]
    fn a_condition_with_a_mistake_is_no_key_with_a_value() {
        assert_eq!(key_and_value("lr=0.1"), Some(("lr", "0.1")));
        assert_eq!(
            key_and_value(" learning rate = a=b "),
            Some(("learning rate", "a=b"))
        );
        for wrong in ["C >= ", "a == 1 2", "a != (", "a in [\"x=y\"", "=1", "a"] {
            assert_eq!(key_and_value(wrong), None, "{wrong}");
        }
    }
}
