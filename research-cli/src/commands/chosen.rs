//! Which experiments a command looks at.

use clap::Args;
use research::storage::TableOptions;

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
    /// Only this experiment; can be given several times
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
}

impl Chosen {
    /// Adds the choice to the options of a table.
    pub(super) fn choose(&self, options: TableOptions) -> Result<TableOptions, CommandError> {
        let mut options = options.ids(&self.ids);
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
