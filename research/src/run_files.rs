//! Holds the files of completed runs open: a worker that passes such a run needs its results, even
//! if the program has removed the folder.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The files of a research.
const FILES: [&str; 2] = ["research.json", "events.log"];

/// The number of runs whose files are held open; older ones are closed.
const MOST_HELD: usize = 64;

/// The runs whose files are held open, the oldest first.
static HELD: Mutex<Vec<Arc<RunFiles>>> = Mutex::new(Vec::new());

/// The files of a run, in the order of their names above.
#[derive(Debug)]
pub(crate) struct RunFiles {
    folder: PathBuf,
    files: [File; FILES.len()],
}

impl RunFiles {
    /// Opens the files of a completed run in this folder; does nothing if they cannot be opened.
    pub(crate) fn hold(folder: &Path) -> Weak<Self> {
        let open = |name: &str| File::open(folder.join(name));
        let [record, log] = FILES.map(open);
        let (Ok(record), Ok(log)) = (record, log) else {
            return Weak::new();
        };
        let files = Arc::new(Self {
            folder: folder.to_owned(),
            files: [record, log],
        });
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MOST_HELD {
            held.remove(0);
        }
        held.push(Arc::clone(&files));
        Arc::downgrade(&files)
    }

    /// Whether the folder has other files now, or does not exist.
    pub(crate) fn were_removed(&self) -> bool {
        let [_, log] = FILES.map(|name| key(fs::metadata(self.folder.join(name))));
        log.is_none() || log != key(self.files[1].metadata())
    }

    /// Copies their content into a folder of the same name in `base`.
    pub(crate) fn copy(&self, base: &Path) -> io::Result<()> {
        let folder = base.join(self.folder.file_name().unwrap_or("research".as_ref()));
        fs::create_dir_all(&folder)?;
        for (name, file) in FILES.iter().zip(&self.files) {
            // Opened again through `/proc`, so that it is read from its start and the system copies
            // it.
            let held = format!("/proc/self/fd/{}", file.as_raw_fd());
            fs::copy(held, folder.join(name))?;
        }
        Ok(())
    }
}

fn key(metadata: io::Result<fs::Metadata>) -> Option<(u64, u64)> {
    let metadata = metadata.ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Links the files of the only folder in `base` into a folder of this process, so that a program
/// that removes the research does not affect other workers. No bytes are copied.
pub(crate) fn copy_of_this_process(base: &Path) -> io::Result<PathBuf> {
    let own = base.with_extension(format!("of-{}", std::process::id()));
    let name = fs::read_dir(base)?.next().transpose()?;
    let name = name.ok_or(io::ErrorKind::NotFound)?.file_name();
    let folder = own.join(&name);
    fs::create_dir_all(&folder)?;
    for file in FILES {
        fs::hard_link(base.join(&name).join(file), folder.join(file))?;
    }
    Ok(folder)
}
