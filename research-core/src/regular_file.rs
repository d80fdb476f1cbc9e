//! Files of a research's folder, opened only if they are regular files: a pipe or a device instead
//! of one could block its reader for ever.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Opens a file to read it.
///
/// # Errors
/// It cannot be opened, or is not a regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    open_regular_with(path, OpenOptions::new().read(true))
}

/// Opens a file with these options.
///
/// # Errors
/// It cannot be opened, or is not a regular file.
pub fn open_regular_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // `O_NONBLOCK`, because opening a pipe waits for a process at its other end. For regular files
    // this flag has no effect.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let opened = options.custom_flags(flags).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        // `ENXIO` is the error for a socket, and for a pipe without a reader.
        Some(libc::ENXIO) => not_regular(),
        _ => error,
    })?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(not_regular()),
    }
}

/// Reads a whole file.
///
/// # Errors
/// It cannot be read, or is not a regular file.
pub fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a file to append to it; creates it if it is missing.
///
/// # Errors
/// It cannot be opened or created, or is not a regular file.
pub fn append_to_regular(path: &Path) -> io::Result<File> {
    open_regular_with(path, OpenOptions::new().append(true).create(true))
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}
