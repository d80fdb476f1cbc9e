//! The names of variables.

use std::collections::HashSet;
use std::sync::Arc;

/// The names of all saved variables, by first appearance in the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    known: HashSet<Arc<str>>,
    order: Vec<Arc<str>>,
}

impl Names {
    /// Returns the shared copy of a name.
    pub(super) fn shared(&mut self, name: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.known.get(name) {
            return Arc::clone(known);
        }
        self.known.insert(Arc::clone(name));
        self.order.push(Arc::clone(name));
        Arc::clone(name)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.known.contains(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(|name| &**name)
    }
}
