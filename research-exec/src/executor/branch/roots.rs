//! Root units in a branch: they run in one branch for all.

use research_core::executor::RootSaved;
use research_core::units::Generator;
use research_core::{BranchView, Branches, EventSink, SinkError, Unit, UnitResult};

use super::Branch;

impl Branch {
    /// Applies the result of a root unit that ran in another branch, without saving its output.
    pub(in crate::executor) fn share(
        &mut self,
        position: usize,
        result: &UnitResult,
        unit: &Unit,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        match result {
            Ok(Some(output)) => {
                self.keep(position, output.clone());
                Ok(())
            }
            Ok(None) => {
                self.come_to_end(position);
                Ok(())
            }
            Err(error) => self.fail(Some(unit), error, sink),
        }
    }

    /// Takes the values that the code of the last root unit has saved in this branch.
    pub(in crate::executor) fn take_root_saved(&mut self) -> Vec<RootSaved> {
        self.context.take_root_saved()
    }

    /// Saves the values that the code of a root unit has saved in another branch.
    pub(in crate::executor) fn save_root_saved(&mut self, saved: &[RootSaved]) {
        self.context.save_root_saved(saved);
    }

    /// Applies the result of a root unit that ran in another branch, as if it had run in this one.
    pub(in crate::executor) fn adopt(
        &mut self,
        position: usize,
        unit: &Unit,
        result: &UnitResult,
        saved: &[RootSaved],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        self.save_root_saved(saved);
        match result {
            Ok(Some(output)) => self.settle(position, unit, Ok(Some(output.clone())), sink),
            Ok(None) | Err(_) => self.share(position, result, unit, sink),
        }
    }

    /// Returns the slot of a generator, which moves to the branch in which it runs next.
    pub(in crate::executor) fn generator(
        &mut self,
        position: usize,
    ) -> &mut Option<Box<dyn Generator>> {
        &mut self.generators[position]
    }

    pub(in crate::executor) fn view(&self) -> BranchView {
        self.context.branch_view(self.is_running())
    }

    pub(in crate::executor) fn let_see(&mut self, branches: Option<Branches>) {
        self.context.set_branches(branches);
    }
}
