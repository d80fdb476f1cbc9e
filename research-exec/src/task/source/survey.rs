//! What a research that is resumed has left to do.

use research_core::text::plural;

use super::{DomainSource, SourceError, TaskSource};

/// What resuming a research would run, and what it would not find again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResumePlan {
    /// How many experiments earlier runs have begun.
    pub begun: u64,
    /// How many of these are done, and are in the domain.
    pub done: u64,
    /// How many of these are run again.
    pub again: u64,
    /// How many of these are not in the domain any more: their results stay, and are not added to.
    pub gone: u64,
    /// How many experiments are new; at least so many, if the domain has no end.
    pub new: u64,
    /// Whether the domain has no end, or is so large that only its beginning was searched for the
    /// experiments of earlier runs.
    pub is_partial: bool,
}

impl ResumePlan {
    /// A sentence about the experiments that are not in the domain any more, if there are any.
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
    /// How many configs are searched for the experiments of earlier runs.
    const SEARCHED: u64 = 5_000_000;

    /// Counts what is left, by going through the domain as a run does.
    ///
    /// # Errors
    /// The domain cannot give its next config.
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
