//! The numbers of workers and branches, and the configs that they add.

use research_domain::Config;

/// A number of workers or branches, or a list with a config for each. That config is added to the
/// configs of the experiments that run there.
///
/// ```
/// use research::domain::Config;
/// use research::Research;
///
/// let two = Research::new("two").workers(2);
/// let gpus = [0, 1].map(|gpu| Config::from_pairs([("gpu", gpu)]));
/// let each_its_own = Research::new("gpus").workers(gpus);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Parallelism {
    pub(crate) count: u32,
    pub(crate) configs: Vec<Config>,
}

impl From<u32> for Parallelism {
    fn from(count: u32) -> Self {
        Self {
            count,
            configs: Vec::new(),
        }
    }
}

impl From<Vec<Config>> for Parallelism {
    fn from(configs: Vec<Config>) -> Self {
        Self {
            count: u32::try_from(configs.len()).unwrap_or(u32::MAX),
            configs,
        }
    }
}

impl<const N: usize> From<[Config; N]> for Parallelism {
    fn from(configs: [Config; N]) -> Self {
        Vec::from(configs).into()
    }
}

impl From<&[Config]> for Parallelism {
    fn from(configs: &[Config]) -> Self {
        configs.to_vec().into()
    }
}
