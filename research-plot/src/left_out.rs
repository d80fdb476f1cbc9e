//! Experiments that are not drawn.

use std::fmt;

const WITHOUT_X: &str = "without the parameter of the x axis";

/// The numbers of experiments that are not drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The number of failed experiments.
    pub failed: usize,
    /// The number of experiments that have not ended.
    pub unfinished: usize,
    /// Those that do not have the parameter of the x axis.
    pub without_x: usize,
}

impl LeftOut {
    /// Returns a note about these experiments, if there are any.
    pub(crate) fn note(self) -> Option<String> {
        let text = self.to_string();
        text.strip_prefix("; ").map(str::to_owned)
    }
}

/// Formats the numbers as a clause that can be appended to a sentence.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.failed, "that failed", "that failed"),
            (self.unfinished, "that has not ended", "that have not ended"),
            (self.without_x, WITHOUT_X, WITHOUT_X),
        ];
        for (count, one, several) in parts {
            match count {
                0 => {}
                1 => write!(f, "; 1 experiment {one} is left out")?,
                count => write!(f, "; {count} experiments {several} are left out")?,
            }
        }
        Ok(())
    }
}
