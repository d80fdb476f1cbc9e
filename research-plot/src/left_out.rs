//! Experiments that are not drawn.

use std::fmt;

/// The numbers of experiments that are not drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The number of failed experiments.
    pub failed: usize,
    /// The number of experiments that have not ended.
    pub unfinished: usize,
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
        let parts = [(self.failed, "failed"), (self.unfinished, "have not ended")];
        for (count, what) in parts.iter().filter(|(count, _)| *count > 0) {
            match count {
                1 => write!(
                    f,
                    "; 1 experiment that {} is left out",
                    what.replace("have", "has")
                )?,
                count => write!(f, "; {count} experiments that {what} are left out")?,
            }
        }
        Ok(())
    }
}
