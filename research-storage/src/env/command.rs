//! The output of a command that may not take for ever.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A command that takes longer is ended.
const LONGEST: Duration = Duration::from_secs(30);

/// No more of an output is kept.
const MOST: usize = 16 << 20;

/// What a command puts out on both outputs, or why it does not.
pub(super) fn output(words: &[String], cwd: &Path) -> String {
    match run(words, cwd) {
        Ok(text) => text,
        Err(error) => {
            let name = words.first().map(String::as_str).unwrap_or_default();
            format!("`{name}` was not run: {error}\n")
        }
    }
}

fn run(words: &[String], cwd: &Path) -> io::Result<String> {
    let [program, arguments @ ..] = words else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0);
    // SAFETY: prctl is async-signal-safe and is given plain numbers.
    unsafe {
        command.pre_exec(|| {
            // It ends with the thread that waits for it here.
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let mut running = Running(command.spawn()?);
    // It holds the writing end, which must be closed here.
    drop(command);
    let deadline = Instant::now() + LONGEST;
    let mut reader = reader;
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 << 10];
    while wait_readable(&OwnedFd::from(reader.try_clone()?), deadline)? {
        match reader.read(&mut chunk) {
            Ok(0) => {
                let ending = running.wait(deadline)?;
                return Ok(text(bytes, ending));
            }
            Ok(read) => bytes.extend_from_slice(&chunk[..read.min(MOST - bytes.len().min(MOST))]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(text(bytes, None))
}

/// The output, and how the command ended if not well.
fn text(bytes: Vec<u8>, ending: Option<ExitStatus>) -> String {
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    let remark = match ending.map(|status| (status.code(), status.signal())) {
        Some((Some(0), _)) => return text,
        Some((Some(code), _)) => format!("(it ended with exit code {code})"),
        Some((None, signal)) => format!("(it was ended by signal {})", signal.unwrap_or(0)),
        None => format!(
            "(it took longer than {} s and was ended)",
            LONGEST.as_secs()
        ),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text + &remark + "\n"
}

/// A command that runs; it is killed with its group when this is dropped.
struct Running(Child);

impl Running {
    /// Waits for its end; `None` if that does not come in time.
    fn wait(&mut self, deadline: Instant) -> io::Result<Option<ExitStatus>> {
        let pid = self.0.id();
        // SAFETY: pidfd_open takes two integers and returns a new descriptor or -1.
        let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let descriptor = i32::try_from(descriptor).unwrap_or(-1);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just given this descriptor to nobody but us.
        let handle = unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(descriptor) };
        match wait_readable(&handle, deadline)? {
            true => self.0.wait().map(Some),
            false => Ok(None),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // As long as it was not waited for, its number is its own, and that of its group.
        if let (Ok(None), Ok(group)) = (self.0.try_wait(), i32::try_from(self.0.id())) {
            // SAFETY: kill takes two integers.
            unsafe { libc::kill(-group, libc::SIGKILL) };
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// Waits until there is something to read, or an end; false when that takes too long.
fn wait_readable(descriptor: &OwnedFd, deadline: Instant) -> io::Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut waited = libc::pollfd {
            fd: descriptor.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let milliseconds = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: it is given one structure, which is alive.
        match unsafe { libc::poll(&raw mut waited, 1, milliseconds) } {
            0 => return Ok(false),
            1.. => return Ok(true),
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}
