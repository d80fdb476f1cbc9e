//! Parameter spaces: the algebra of domains, and plans that find a config by its index.

pub(crate) mod compile;
pub(crate) mod condition;
pub(crate) mod domain;
pub(crate) mod option;
pub(crate) mod plan;
pub(crate) mod predicate;
