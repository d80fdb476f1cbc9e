//! Experiments that are not drawn.

use std::fmt;

/// How many experiments are not drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Those that failed.
    pub failed: usize,
    /// Those that have not ended.
    pub unfinished: usize,
}

impl LeftOut {
    /// Says so, if there are some.
    pub(crate) fn note(self) -> Option<String> {
        let text = self.to_string();
        text.strip_prefix("; ").map(str::to_owned)
    }
}

/// To be appended to a sentence.
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
