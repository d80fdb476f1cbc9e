//! Computes the experiments that a resumed research still has to run.

use research_core::text::plural;

use super::{DomainSource, SourceError, TaskSource};

/// The numbers of experiments that resuming a research would run, skip or not find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResumePlan {
    /// The number of experiments that earlier runs have started.
    pub begun: u64,
    /// The number of these that are done and still in the domain.
    pub done: u64,
    /// The number of these that would run again.
    pub again: u64,
    /// The number of these that are no longer in the domain: their results stay unchanged.
    pub gone: u64,
    /// The number of new experiments; a lower bound if the domain is infinite.
    pub new: u64,
    /// Whether the domain is infinite, or so large that only its beginning was searched for the
    /// experiments of earlier runs.
    pub is_partial: bool,
}

impl ResumePlan {
    /// Returns a warning about the experiments that are no longer in the domain, if there are any.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let Self { begun, gone, .. } = self;
        let where_to = match self.is_partial {
            true => "were not found in the part of the domain that was searched",
            false => "are no longer in the domain",
        };
        (*gone > 0).then(|| {
            format!(
                "{gone} of the {} that were run {where_to}: their results stay in the research",
                plural(*begun, "experiment")
            )
        })
    }
}

impl DomainSource {
    /// The number of configs that are searched for the experiments of earlier runs.
    const SEARCHED: u64 = 5_000_000;

    /// Counts the remaining experiments by iterating the domain as a run does.
    ///
    /// # Errors
    /// The next config of the domain cannot be built.
    pub fn survey(mut self) -> Result<ResumePlan, SourceError> {
        let begun = self.done.experiments.len() as u64;
        let known = self.done.experiments.values();
        let done = known.filter(|known| known.is_done).count() as u64;
        let (mut again, mut new) = (0, 0);
        let mut is_partial = self.size.is_none();
        let is_found = |source: &Self, again| source.done_ahead == 0 && again == begun - done;
        while !is_found(&self, again) {
            if self.place >= Self::SEARCHED {
                is_partial = true;
                break;
            }
            match self.next_found(None)? {
                Some(found) if found.known.is_some() => again += 1,
                Some(_) => new += 1,
                None => break,
            }
        }
        let found = done - self.done_ahead;
        Ok(ResumePlan {
            begun,
            done: found,
            again,
            gone: begun - found - again,
            new: new + self.remaining().unwrap_or(0),
            is_partial,
        })
    }
}
