//! The context of a root unit.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use research_domain::Value;

use super::{Context, DEVICE, ExecutorContext};
use crate::root_scope::{RootPart, RootSaved, RootScope, SavedValue, View};

impl ExecutorContext {
    /// Sets the part of the experiment that root units see. The default is all of it.
    pub fn set_root_scope(&mut self, scope: Arc<RootScope>) {
        self.0.root = Some(Box::new(RootPart {
            scope,
            other: None,
            is_entered: false,
            saved: Vec::new(),
        }));
    }

    /// Begins a call of the root unit at an index.
    pub fn enter_root(&mut self, position: usize) {
        let Some(mut root) = self.0.root.take() else {
            return;
        };
        let device = self.0.full_config.get(DEVICE).unwrap_or(&Value::Null);
        let view = root.other.get_or_insert_with(|| {
            let record = root.scope.record(&self.0.record);
            View {
                full_config: root.scope.full_config(&record, device),
                random: None,
                record: Arc::new(record),
                branch: Arc::new(self.0.branch.of_root()),
            }
        });
        // The numbers that it draws must not depend on how often it was called for other branches.
        let mut random = ChaCha8Rng::seed_from_u64(view.record.seed);
        random.set_stream(((position as u64 + 1) << 40) ^ self.0.iteration);
        view.random = Some(Box::new(random));
        root.is_entered = true;
        root.saved.clear();
        self.0.root = Some(root);
        self.0.swap_view();
    }

    /// Ends the call of a root unit.
    pub fn leave_root(&mut self) {
        self.0.swap_view();
        if let Some(root) = &mut self.0.root {
            root.is_entered = false;
        }
    }

    /// Takes the values that the latest root unit has saved with [`Context::save`], for the other
    /// branches.
    pub fn take_root_saved(&mut self) -> Vec<RootSaved> {
        let root = self.0.root.as_mut();
        root.map(|root| std::mem::take(&mut root.saved))
            .unwrap_or_default()
    }

    /// Saves values that a root unit has saved in another branch.
    pub fn save_root_saved(&mut self, saved: &[RootSaved]) {
        for RootSaved {
            variable,
            iteration,
            value,
        } in saved
        {
            match value.clone() {
                SavedValue::Value(value) => self.0.saved.push(variable, *iteration, value),
                SavedValue::Large(value) => self.0.saved.push_large(variable, *iteration, value),
            }
        }
    }
}

impl Context {
    fn swap_view(&mut self) {
        if let Some(view) = self.root.as_mut().and_then(|root| root.other.as_mut()) {
            std::mem::swap(&mut self.record, &mut view.record);
            std::mem::swap(&mut self.full_config, &mut view.full_config);
            std::mem::swap(&mut self.random, &mut view.random);
            std::mem::swap(&mut self.branch, &mut view.branch);
        }
    }

    /// Whether programs receive neither the experiment's id nor its folder, because a root unit
    /// runs that several experiments may share.
    #[must_use]
    pub fn hides_place(&self) -> bool {
        let root = self.root.as_ref();
        root.is_some_and(|root| root.is_entered && root.scope.hides_place())
    }

    /// Whether the running unit is a root unit that several experiments may share.
    pub(super) fn is_in_shared_root(&self) -> bool {
        self.root.as_ref().is_some_and(|root| root.is_entered)
    }

    /// Records a value that a root unit has saved, for the other branches.
    pub(super) fn note_root_saved(&mut self, variable: &str, value: impl FnOnce() -> SavedValue) {
        let iteration = self.iteration;
        if let Some(root) = self.root.as_mut().filter(|root| root.is_entered) {
            root.saved.push(RootSaved {
                variable: variable.to_owned(),
                iteration,
                value: value(),
            });
        }
    }
}
