//! The changes that a resumed research may have.

use std::fmt;

use research_core::{ResearchRecord, RootView};
use research_domain::Domain;

use crate::error::ResearchError;

/// Refuses changes that make results incomparable: of units, iterations, the seed, or updates of
/// the domain. The domain may change, because the config defines an experiment. Options of how
/// experiments run (workers, branches, devices, retries, timeouts) may change, too.
pub(crate) fn check(
    before: &ResearchRecord,
    now: &ResearchRecord,
    seed: Option<u64>,
    are_allowed: bool,
) -> Result<(), ResearchError> {
    let name = &before.name;
    // Ids depend on the seed: with another one no experiment would be recognized.
    if seed.is_some_and(|seed| seed != before.options.seed) {
        return Err(ResearchError::Options(format!(
            "research `{name}` was begun with seed {}: resume it with that, or run it under \
             another name",
            before.options.seed
        )));
    }
    if before.options.create_id_prefix != now.options.create_id_prefix {
        return Err(ResearchError::Options(format!(
            "research `{name}` was begun with another `create_id_prefix`: its experiments would \
             not be known again"
        )));
    }
    let mut changes = Vec::new();
    let mut compare = |what: &str, before: &dyn fmt::Display, now: &dyn fmt::Display| {
        let (before, now) = (before.to_string(), now.to_string());
        if before != now {
            changes.push(format!("{what} was {before}, and is {now}"));
        }
    };
    let (old, new) = (&before.options, &now.options);
    let set = |number: Option<u64>| number.map_or("not set".to_owned(), |n| n.to_string());
    compare("n_iters", &set(old.n_iters), &set(new.n_iters));
    compare("finalize", &old.finalize, &new.finalize);
    if let RootView::Shared { .. } = old.root_view {
        let parameters = |view: &RootView| match view {
            RootView::First => "all parameters".to_owned(),
            RootView::Shared { keys, is_declared } => {
                let names = keys.join(", ");
                let declared = if *is_declared { " (`branch_by`)" } else { "" };
                format!("[{names}]{declared}")
            }
        };
        compare(
            "what root units use",
            &parameters(&old.root_view),
            &parameters(&new.root_view),
        );
    }
    for (number, (before, now)) in before.units.iter().zip(&now.units).enumerate() {
        compare(&format!("unit {}", number + 1), before, now);
    }
    compare("the number of units", &before.units.len(), &now.units.len());
    let all = |updates: &[String]| match updates {
        [] => "nothing".to_owned(),
        updates => updates.join("; "),
    };
    compare(
        "what updates the domain",
        &all(&before.updates),
        &all(&now.updates),
    );
    if changes.is_empty() || are_allowed {
        return Ok(());
    }
    let name = name.clone();
    Err(ResearchError::Changed { name, changes })
}

/// Refuses to change the first domain of a research whose domain was updated, because the updates
/// depend on it.
pub(crate) fn check_updated(
    before: &ResearchRecord,
    now: &ResearchRecord,
) -> Result<(), ResearchError> {
    let of = |record: &ResearchRecord| {
        let options = &record.options;
        let iteration = (options.n_configs, options.n_reps, options.repeat_each);
        // Earlier versions formatted some domains differently.
        let domain = record.domain.parse::<Domain>();
        let domain = domain.map_or_else(|_| record.domain.clone(), |domain| domain.to_string());
        (domain, iteration)
    };
    if of(before) == of(now) {
        return Ok(());
    }
    Err(ResearchError::Options(format!(
        "the domain of research `{}` was updated since it was begun, so the first one can no \
         longer be changed: \
         resume it with the domain, n_configs, n_reps and repeat_each that it had, or run it \
         under another name",
        before.name
    )))
}

/// Returns the new record, if it differs from the old one.
pub(crate) fn updated(before: &ResearchRecord, now: ResearchRecord) -> Option<ResearchRecord> {
    let now = ResearchRecord {
        name: before.name.clone(),
        created: before.created,
        directory: before.directory.clone(),
        directory_from_folder: before.directory_from_folder.clone(),
        source_file: before.source_file.clone(),
        ..now
    };
    let is_same = (
        &before.domain,
        &before.options,
        &before.units,
        &before.updates,
        &before.source,
    ) == (
        &now.domain,
        &now.options,
        &now.units,
        &now.updates,
        &now.source,
    );
    (!is_same).then_some(now)
}

/// Returns a warning if the program is another build than the one that wrote the record.
pub(crate) fn other_build(before: &ResearchRecord) -> Option<String> {
    let recorded = before.build.as_ref()?;
    let now = build()?;
    (*recorded != now).then(|| {
        "the program is another build than the one that began this research: \
         results belong together only if its units still do the same"
            .to_owned()
    })
}

/// Identifies the build of this program by size and time of its file.
pub(crate) fn build() -> Option<String> {
    let file = std::fs::metadata("/proc/self/exe").ok()?;
    let time = file.modified().ok()?;
    let time = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{}-{}", file.len(), time.as_nanos()))
}
