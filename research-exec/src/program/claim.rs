//! A claim on an output file, which keeps other programs from writing the same file.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};

use super::output_error::OutputError;

/// The exclusive right of a program to write a file: while it exists, no other program of any
/// research on this machine can claim the same file.
///
/// It is a socket whose name is derived from the path. The kernel gives a name to one socket at a
/// time, and releases it when the process ends for any reason.
#[derive(Debug)]
pub(super) struct Claim(#[expect(dead_code, reason = "held, never read")] UnixDatagram);

impl Claim {
    /// Claims the file at a path, after resolving links. Returns `None` if the system does not
    /// support such sockets: then only the checks of the research file protect the file.
    pub(super) fn new(path: &Path) -> Result<Option<Self>, OutputError> {
        let name = name(&resolved(path));
        let bound = SocketAddr::from_abstract_name(name)
            .and_then(|address| UnixDatagram::bind_addr(&address));
        match bound {
            Ok(socket) => Ok(Some(Self(socket))),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                Err(OutputError::Shared(path.to_owned()))
            }
            Err(_) => Ok(None),
        }
    }
}

/// Returns the path with links resolved, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    }
}

/// Returns a name for the path that fits into the address of a socket.
fn name(path: &Path) -> String {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, path.as_os_str().as_bytes()).hash(&mut hasher);
        hasher.finish()
    };
    format!("research-output-{:016x}{:016x}", hash(0), hash(1))
}
