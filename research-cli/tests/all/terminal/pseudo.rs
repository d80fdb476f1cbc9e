//! A pseudo-terminal and its screen.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};

/// The deadline of all waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a file.
pub fn wait_for_file(path: &Path) {
    let begin = Instant::now();
    while !path.exists() {
        assert!(begin.elapsed() < PATIENCE, "{}", path.display());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The program at a pseudo-terminal.
pub struct Terminal {
    master: File,
    child: Child,
    screen: vt100::Parser,
    /// The bytes that were written.
    pub written: Vec<u8>,
}

impl Terminal {
    /// Starts the program with these arguments at a terminal of that size.
    pub fn start(folder: &Path, size: (u16, u16), arguments: &[&str]) -> Self {
        Self::start_with(folder, size, arguments, &[])
    }

    /// Starts the program with environment variables.
    pub fn start_with(
        folder: &Path,
        (rows, columns): (u16, u16),
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(&size, None).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_research"));
        let stdio = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
        command
            .args(arguments)
            .current_dir(folder)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .envs(variables.iter().copied())
            .stdin(stdio(&pair.slave))
            .stdout(stdio(&pair.slave))
            .stderr(stdio(&pair.slave));
        // SAFETY: both calls are allowed between fork and exec; neither touches memory.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                // The terminal sends Ctrl-C to the processes that it controls.
                match libc::ioctl(0, libc::TIOCSCTTY, 0) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
        let child = command.spawn().unwrap();
        Self {
            master: File::from(pair.master),
            child,
            screen: vt100::Parser::new(rows, columns, 1000),
            written: Vec::new(),
        }
    }

    /// The lines of the screen, without empty ones at the end.
    pub fn lines(&self) -> Vec<String> {
        let (_, columns) = self.screen.screen().size();
        let rows = self.screen.screen().rows(0, columns);
        let mut lines: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }

    /// The screen, cell by cell.
    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// Sends input.
    pub fn input(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the screen satisfies a condition.
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn(&[String]) -> bool) {
        let begin = Instant::now();
        while !is_so(&self.lines()) {
            assert!(
                begin.elapsed() < PATIENCE && self.read(),
                "{what}: {:#?}",
                self.lines()
            );
        }
    }

    /// Waits for the end of the program.
    pub fn end(&mut self) -> ExitStatus {
        let begin = Instant::now();
        while self.read() {
            assert!(begin.elapsed() < PATIENCE, "{:#?}", self.lines());
        }
        self.child.wait().unwrap()
    }

    /// Reads new output; false at its end.
    fn read(&mut self) -> bool {
        let mut ready = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(PATIENCE).unwrap();
        assert_ne!(poll(&mut ready, timeout), Ok(0), "{:#?}", self.lines());
        let mut bytes = [0; 4096];
        // Linux reports an error if no process has the terminal open.
        match self.master.read(&mut bytes) {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.written.extend_from_slice(&bytes[..length]);
                self.screen.process(&bytes[..length]);
                true
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
