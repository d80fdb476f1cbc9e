//! The flags that select experiments, and that format tables of them.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use research::StoredExperiment;
use research::base::Status;
use research::domain::Condition;
use research::storage::{StoredResearch, TableOptions};

use super::CommandError;

/// The flags that select experiments.
#[derive(Clone, Debug, Default, Args)]
pub struct Selection {
    /// Only experiments that satisfy a condition, such as 'C > 1' or 'act in ["relu", "tanh"]', or
    /// in which a parameter has a value, such as lr=0.1; may be repeated
    #[arg(long = "where", value_name = "CONDITION")]
    pub filter: Vec<String>,
    /// Only experiments in this domain, such as 'y=[2, 3]'; other parameters may have any value
    #[arg(long, value_name = "EXPR")]
    pub domain: Option<String>,
    /// Only experiments with one of these statuses
    #[arg(long = "status", value_name = "STATUS,…", value_delimiter = ',',
          value_parser = statuses())]
    pub statuses: Vec<Option<Status>>,
    /// Only the experiment with this id, or unique prefix of an id; may be repeated
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
}

/// Parses a status; `unfinished` is none.
fn statuses() -> impl TypedValueParser<Value = Option<Status>> {
    let ended = Status::ALL.into_iter().map(|status| match status {
        Status::TimedOut => PossibleValue::new(status.as_str()).alias("timed-out"),
        status => PossibleValue::new(status.as_str()),
    });
    let unfinished = PossibleValue::new("unfinished").alias("running");
    PossibleValuesParser::new(ended.chain([unfinished])).map(|name| {
        let name = name.replace('-', "_");
        let mut ended = Status::ALL.into_iter();
        ended.find(|status| status.as_str() == name)
    })
}

/// The flags of tables with one or more rows for each experiment.
#[derive(Clone, Debug, Default, Args)]
pub struct TableFlags {
    /// Print aliases of parameters instead of values
    #[arg(long)]
    pub alias: bool,
    /// Print the config as one column instead of one for each parameter
    #[arg(long)]
    pub concat_config: bool,
    /// Keep the columns of the parameters beside the one column of the config
    #[arg(long, requires = "concat_config")]
    pub keep_columns: bool,
    /// Leave out the config
    #[arg(long, conflicts_with = "concat_config")]
    pub no_config: bool,
    /// Only the first N rows
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Include repetition, updates, and devices if there are any
    #[arg(long)]
    pub aux: bool,
    /// Include the peak memory in bytes, processor seconds and exit code of each experiment
    #[arg(long)]
    pub with_usage: bool,
    /// Include the seed of each experiment, its start in seconds since 1970, its run and its host
    #[arg(long)]
    pub with_run: bool,
    /// Include the parameters that workers and branches add to configs
    #[arg(long)]
    pub with_added: bool,
    /// Include the status of each experiment
    #[arg(long)]
    pub with_status: bool,
    /// Which experiments.
    #[command(flatten)]
    pub selection: Selection,
}

impl TableFlags {
    /// Returns the options of a table of `stored`.
    pub(super) fn options(&self, stored: &StoredResearch) -> Result<TableOptions, CommandError> {
        let options = TableOptions::new()
            .use_alias(self.alias)
            .concat_config(self.concat_config)
            .drop_columns(!self.keep_columns)
            .include_config(!self.no_config)
            .aux(self.aux)
            .origin(self.with_run)
            .usage(self.with_usage)
            .added(self.with_added)
            .status_column(self.with_status);
        self.selection.apply(stored, options)
    }
}

impl Selection {
    /// Whether all experiments are selected.
    pub(super) fn is_all(&self) -> bool {
        self.filter.is_empty()
            && self.domain.is_none()
            && self.ids.is_empty()
            && self.statuses.is_empty()
    }

    /// Adds the selection to the options of a table of `stored`.
    pub(super) fn apply(
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
                    None => return Err(CommandError::InvalidFilter(Box::new(error))),
                },
            };
        }
        for status in &self.statuses {
            options = options.status(*status);
        }
        if let Some(expression) = &self.domain {
            options = options.domain(expression.parse()?);
        }
        Ok(options)
    }
}

/// Splits a filter such as `lr=0.1`; returns `None` for a condition with a syntax error.
fn key_and_value(filter: &str) -> Option<(&str, &str)> {
    let (key, value) = filter.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let is_comparison = key.ends_with(['<', '>', '!', '=']) || value.starts_with('=');
    let is_key = !key.is_empty() && !key.contains(['(', '[', '{', '"', '\'', '<', '>']);
    (is_key && !is_comparison).then_some((key, value))
}
