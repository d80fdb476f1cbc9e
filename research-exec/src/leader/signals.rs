//! Converts Ctrl-C, SIGTERM and the warning signals of batch systems to inputs of the scheduler.

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::raw::c_int;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use research_process::disposition;
use signal_hook::SigId;
use signal_hook::low_level::{register, unregister};

use crate::scheduler::Input;

/// The signals that ask any process to end.
const TERMINATING: [c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// The other signals that end a process by default, beside the real-time signals. Batch systems
/// send SIGUSR1, SIGUSR2, SIGXCPU or a real-time signal as a warning before they kill a job, a
/// terminal sends SIGQUIT, the system sends SIGPWR when its power fails, and a timer or file that a
/// parent has set up sends one of the others.
const WARNING: [c_int; 10] = [
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGXCPU,
    libc::SIGALRM,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGIO,
    libc::SIGPWR,
    libc::SIGSTKFLT,
];

/// The signals that the kernel repeats without another request: it sends SIGXCPU each second after
/// the limit, and restarts interval timers.
const REPEATED: [c_int; 4] = [libc::SIGXCPU, libc::SIGALRM, libc::SIGVTALRM, libc::SIGPROF];

/// The time that running experiments have to finish after any signal except SIGINT.
const GRACE: Duration = Duration::from_secs(10);

/// The number of runs of this process that listen.
static RUNS: AtomicUsize = AtomicUsize::new(0);
/// The number of signals since a run began to listen.
static SEEN: AtomicUsize = AtomicUsize::new(0);

/// Listens to signals until it is dropped. After the first signal, running experiments finish and
/// no others start. A second signal ends the run at once, and so does the end of the grace period
/// after any signal except SIGINT. A third signal has its default action, even if the leader is
/// blocked: it ends this process, and with it the workers.
///
/// Signals that arrive before the run begins are kept until then, so other processes can stop a run
/// as soon as they can see it. After the run, the first two signals have no effect.
#[derive(Debug)]
pub struct Signals {
    ids: Vec<SigId>,
    waker: UnixStream,
    stream: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// A system call failed.
    pub fn listen() -> io::Result<Self> {
        let listened = listened()?;
        let (stream, waker) = UnixStream::pair()?;
        if RUNS.fetch_add(1, Ordering::SeqCst) == 0 {
            SEEN.store(0, Ordering::SeqCst);
        }
        // If an error follows, dropping this value unregisters the signals again.
        let mut signals = Self {
            ids: Vec::new(),
            waker,
            stream: Some(stream),
            thread: None,
        };
        for signal in listened {
            let id = forward(*signal, &signals.waker)?;
            signals.ids.push(id);
        }
        Ok(signals)
    }

    /// Starts to forward signals to the run, including those that have arrived already.
    pub(super) fn start(&mut self, inputs: Sender<Input>) -> io::Result<()> {
        if let Some(stream) = self.stream.take() {
            let thread = std::thread::Builder::new().name("signals".into());
            self.thread = Some(thread.spawn(move || receive(stream, &inputs))?);
        }
        Ok(())
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            unregister(id);
        }
        RUNS.fetch_sub(1, Ordering::SeqCst);
        // The thread ends when it reads this byte. It may have ended already.
        let _ = self.waker.write_all(&[END]);
        if let Some(thread) = self.thread.take() {
            // A panic of this thread does not affect the run.
            let _ = thread.join();
        }
    }
}

/// Registers an action that sends the number of a signal to the listening thread each time the
/// signal arrives.
fn forward(signal: c_int, waker: &UnixStream) -> io::Result<SigId> {
    let socket = waker.as_raw_fd();
    let byte = u8::try_from(signal).map_err(io::Error::other)?;
    let action = move || {
        // SAFETY: `send` is async-signal-safe and reads one byte, which lives in the closure. The
        // socket stays open until the action is unregistered.
        // If `send` fails, the buffer is full of unread signals, and one more makes no difference.
        unsafe {
            let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
            libc::send(socket, (&raw const byte).cast(), 1, flags);
        }
    };
    // SAFETY: the action calls nothing but `send`.
    unsafe { register(signal, action) }
}

/// Returns the signals to listen to, depending on their actions in this process so far:
/// - SIGHUP is left out if it is ignored, as under `nohup`;
/// - a warning is left out if it is ignored, or if the program has a handler of its own for it.
///
/// SIGINT is always listened to: shells start background processes with SIGINT ignored, but other
/// processes stop a run by it.
fn listened() -> io::Result<&'static [c_int]> {
    static LISTENED: OnceLock<Vec<c_int>> = OnceLock::new();
    if let Some(listened) = LISTENED.get() {
        return Ok(listened);
    }
    let mut listened = Vec::new();
    let real_time = libc::SIGRTMIN()..=libc::SIGRTMAX();
    let signals = TERMINATING.into_iter().chain(WARNING).chain(real_time);
    for signal in signals {
        match disposition(signal)? {
            libc::SIG_IGN if signal == libc::SIGHUP => continue,
            // A registered handler replaces the default action, even after it is unregistered.
            libc::SIG_DFL => default_unless_listening(signal)?,
            _ if !TERMINATING.contains(&signal) => continue,
            // The program's own handler is called, too, and replaces the default action.
            _ => {}
        }
        listened.push(signal);
    }
    Ok(LISTENED.get_or_init(|| listened))
}

fn default_unless_listening(signal: c_int) -> io::Result<()> {
    let is_repeated = REPEATED.contains(&signal);
    let action = move || {
        let is_third = || !is_repeated && SEEN.fetch_add(1, Ordering::SeqCst) >= 2;
        if RUNS.load(Ordering::SeqCst) == 0 || is_third() {
            end_by(signal);
        }
    };
    // SAFETY: the action only uses atomic integers and an async-signal-safe function.
    unsafe { register(signal, action)? };
    Ok(())
}

/// Ends this process by the default action of a signal; async-signal-safe.
fn end_by(signal: c_int) {
    // SAFETY: all calls are async-signal-safe, and `sigemptyset` initialises the set. The signal is
    // blocked while its handler runs, so it ends the process when it is unblocked.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// The byte that ends the thread. Other bytes are the numbers of signals.
const END: u8 = 0;

fn receive(mut stream: UnixStream, inputs: &Sender<Input>) {
    let mut stopped = false;
    let mut deadline: Option<Instant> = None;
    loop {
        // `set_read_timeout` refuses a timeout of zero.
        let left = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            left.max(Duration::from_millis(1))
        });
        let mut byte = [END];
        let read = stream
            .set_read_timeout(left)
            .and_then(|()| stream.read(&mut byte));
        let input = match read {
            Ok(1) if byte[0] != END => {
                let signal = c_int::from(byte[0]);
                if signal != libc::SIGINT {
                    deadline = deadline.or_else(|| Instant::now().checked_add(GRACE));
                }
                match stopped {
                    false => Input::Stop,
                    true if REPEATED.contains(&signal) => continue,
                    true => Input::Kill,
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                deadline = None;
                Input::Kill
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(_) | Err(_) => return,
        };
        stopped = true;
        if inputs.send(input).is_err() {
            return;
        }
    }
}
