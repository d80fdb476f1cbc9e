//! Ctrl-C and its like, as inputs of the distributor.

use std::io::{self, Read, Write};
use std::os::raw::c_int;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{emulate_default_handler, pipe, register, unregister};

use crate::distributor::Input;
use crate::process::disposition;

/// What runs when SIGTERM or SIGHUP comes has this long to finish.
const GRACE: Duration = Duration::from_secs(10);

/// How many runs of this process listen.
static RUNS: AtomicUsize = AtomicUsize::new(0);
/// How many signals have come since there is a run that listens.
static SEEN: AtomicUsize = AtomicUsize::new(0);

/// Listens to signals while it lives: the first asks the run to finish what it has begun, a
/// second one to end at once. After SIGTERM and SIGHUP that happens by itself after a while. A
/// third does what it would do by default, whatever the leader waits for: it ends this process,
/// and its workers with it.
pub(super) struct Signals {
    ids: Vec<SigId>,
    waker: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    pub(super) fn listen(inputs: Sender<Input>) -> io::Result<Self> {
        let listened = listened()?;
        let (stream, waker) = UnixStream::pair()?;
        if RUNS.fetch_add(1, Ordering::SeqCst) == 0 {
            SEEN.store(0, Ordering::SeqCst);
        }
        let urgent = Arc::new(AtomicBool::new(false));
        let mut signals = Self {
            ids: Vec::new(),
            waker,
            thread: None,
        };
        for signal in listened {
            if [SIGTERM, SIGHUP].contains(signal) {
                let flag = signal_hook::flag::register(*signal, Arc::clone(&urgent))?;
                signals.ids.push(flag);
            }
            let waker = signals.waker.try_clone()?;
            signals.ids.push(pipe::register(*signal, waker)?);
        }
        let thread = std::thread::Builder::new().name("signals".into());
        signals.thread = Some(thread.spawn(move || pass_on(stream, &urgent, &inputs))?);
        Ok(signals)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            unregister(id);
        }
        RUNS.fetch_sub(1, Ordering::SeqCst);
        // The thread ends at this byte; if it has ended already there is nobody to tell.
        let _ = self.waker.write_all(&[END]);
        if let Some(thread) = self.thread.take() {
            // Its panic would have nothing to say about the run.
            let _ = thread.join();
        }
    }
}

/// The signals that are listened to: not the hang-up where this process was started to ignore it, as
/// `nohup` does. (Shells let what they start in the background ignore Ctrl-C; there it still is how
/// others stop a run.)
fn listened() -> io::Result<&'static [c_int]> {
    static LISTENED: OnceLock<Vec<c_int>> = OnceLock::new();
    if let Some(listened) = LISTENED.get() {
        return Ok(listened);
    }
    let mut listened = Vec::new();
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        match disposition(signal)? {
            libc::SIG_IGN if signal == SIGHUP => continue,
            // Once a handler was there, the system would do nothing by default any more.
            libc::SIG_DFL => default_if_nobody_listens(signal)?,
            // The program's own handler is called too, and says what happens by default.
            _ => {}
        }
        listened.push(signal);
    }
    Ok(LISTENED.get_or_init(|| listened))
}

fn default_if_nobody_listens(signal: c_int) -> io::Result<()> {
    let action = move || {
        if RUNS.load(Ordering::SeqCst) == 0 || SEEN.fetch_add(1, Ordering::SeqCst) >= 2 {
            // It cannot fail for these signals.
            let _ = emulate_default_handler(signal);
        }
    };
    // SAFETY: the action uses atomic numbers, and a function that is made for signal handlers.
    unsafe { register(signal, action)? };
    Ok(())
}

/// What the thread is sent when it is to end; signals send an `X`.
const END: u8 = 0;

fn pass_on(mut stream: UnixStream, urgent: &AtomicBool, inputs: &Sender<Input>) {
    let mut stopped = false;
    loop {
        let deadline = (stopped && urgent.load(Ordering::Relaxed)).then_some(GRACE);
        let mut byte = [END];
        let read = stream
            .set_read_timeout(deadline)
            .and_then(|()| stream.read(&mut byte));
        let input = match read {
            Ok(1) if byte[0] != END => {
                if stopped {
                    Input::Kill
                } else {
                    Input::Stop
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Input::Kill,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(_) | Err(_) => return,
        };
        stopped = true;
        if inputs.send(input).is_err() {
            return;
        }
    }
}
