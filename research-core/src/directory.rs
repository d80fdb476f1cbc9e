//! Where the programs of a stored research run.

use std::path::{Component, Path, PathBuf};

use crate::record::ResearchRecord;

impl ResearchRecord {
    /// The folder in which the programs of the research run, where its own folder is at this path
    /// now: in a project that was copied or moved as a whole, the copy's. `None` if there is no
    /// such folder any more.
    ///
    /// The research file tells a copy of the project from a place to which the research's folder
    /// was moved or copied alone.
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

/// The path from the folder of a research to the folder in which its programs run, where both are
/// parts of one project: the research is inside the other folder, or beside it, or one of them is
/// beside what contains the other.
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
