//! Which experiments a command looks at, and how it shows their configs.

use clap::Args;
use research::StoredExperiment;
use research::storage::{StoredResearch, TableOptions};

use super::CommandError;

/// The flags that choose experiments.
#[derive(Clone, Debug, Default, Args)]
pub struct Chosen {
    /// Only experiments in which a parameter has this value; can be given several times
    #[arg(long = "where", value_name = "KEY=VALUE")]
    pub filter: Vec<String>,
    /// Only experiments whose configs this domain expression has
    #[arg(long, value_name = "EXPR")]
    pub domain: Option<String>,
    /// Only this experiment: its id, or as much of its beginning as no other has; can be given
    /// several times
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
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
            .aux(self.aux);
        self.chosen.choose(stored, options)
    }
}

impl Chosen {
    /// Whether all experiments are looked at.
    pub(super) fn is_all(&self) -> bool {
        self.filter.is_empty() && self.domain.is_none() && self.ids.is_empty()
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
            let (key, value) = filter
                .split_once('=')
                .ok_or_else(|| CommandError::NoFilter(filter.clone()))?;
            options = options.config_text(key.trim(), value.trim());
        }
        if let Some(expression) = &self.domain {
            options = options.domain(expression.parse()?);
        }
        Ok(options)
    }
}
