//! The working directory of the programs of a stored research.

use std::path::{Component, Path, PathBuf};

use crate::record::ResearchRecord;

impl ResearchRecord {
    /// Returns the folder in which the programs of the research run, if the research's folder is
    /// now at `folder`. In a project that was copied or moved as a whole, it is the folder in the
    /// copy. `None` if the folder does not exist any more.
    ///
    /// The presence of the research file shows whether the whole project was copied, or only the
    /// research's folder was moved or copied.
    #[must_use]
    pub fn working_directory(&self, folder: &Path) -> Option<PathBuf> {
        let beside = self.directory_from_folder.as_ref();
        let beside = beside.and_then(|path| folder.join(path).canonicalize().ok());
        let is_copy = |directory: &Path| {
            let file = self.source_file.as_ref();
            file.is_some_and(|file| directory.join(file).is_file())
        };
        let recorded = self.directory.clone();
        let candidates = match beside {
            Some(beside) if is_copy(&beside) => vec![beside, recorded],
            Some(beside) => vec![recorded, beside],
            None => vec![recorded],
        };
        candidates.into_iter().find(|path| path.is_dir())
    }
}

/// The root directory is a common ancestor of all paths, so it does not count.
#[must_use]
pub fn path_from_folder(folder: &Path, directory: &Path) -> Option<PathBuf> {
    let is_name = |component: &Component<'_>| matches!(component, Component::Normal(_));
    let common = folder
        .components()
        .zip(directory.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = folder.components().skip(common).filter(is_name).count();
    let down: Vec<Component<'_>> = directory.components().skip(common).collect();
    // The root has nothing but a slash in common with everything.
    let is_one_project = down.is_empty() || common > 1 && up <= 2 && down.len() <= 2;
    (is_one_project && up > 0).then(|| {
        let up = std::iter::repeat_n(Component::ParentDir, up);
        up.chain(down).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_inside_a_project_is_relative() {
        let path = |folder: &str, directory: &str| {
            let path = path_from_folder(Path::new(folder), Path::new(directory));
            path.map(|path| path.to_str().unwrap().to_owned())
        };
        assert_eq!(path("/a/p/r", "/a/p").as_deref(), Some(".."));
        assert_eq!(path("/a/p/out/x/r", "/a/p").as_deref(), Some("../../.."));
        assert_eq!(path("/a/p/r", "/a/p/code").as_deref(), Some("../code"));
        assert_eq!(
            path("/a/p/out/r", "/a/p/code").as_deref(),
            Some("../../code")
        );
        assert_eq!(path("/scratch/out/r", "/home/u/p"), None);
        assert_eq!(path("/home/u/results/2026/r", "/home/u/p/code"), None);
        assert_eq!(path("/r", "/").as_deref(), Some(".."));
        assert_eq!(path("/a/r", "/a/r"), None);
    }
}
