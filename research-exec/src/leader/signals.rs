//! Ctrl-C and its like, as inputs of the distributor.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};

use crate::distributor::Input;

/// What runs when SIGTERM or SIGHUP comes has this long to finish.
const GRACE: Duration = Duration::from_secs(10);

/// Listens to signals while it lives: the first asks the run to finish what it has begun, a
/// second one to end at once. After SIGTERM and SIGHUP that happens by itself after a while.
pub(super) struct Signals {
    ids: Vec<SigId>,
    waker: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    pub(super) fn listen(inputs: Sender<Input>) -> io::Result<Self> {
        let (stream, waker) = UnixStream::pair()?;
        let urgent = Arc::new(AtomicBool::new(false));
        let mut signals = Self {
            ids: Vec::new(),
            waker,
            thread: None,
        };
        for signal in [SIGTERM, SIGHUP] {
            signals
                .ids
                .push(signal_hook::flag::register(signal, Arc::clone(&urgent))?);
        }
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signals
                .ids
                .push(pipe::register(signal, signals.waker.try_clone()?)?);
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
        // The thread ends at this byte; if it has ended already there is nobody to tell.
        let _ = self.waker.write_all(&[END]);
        if let Some(thread) = self.thread.take() {
            // Its panic would have nothing to say about the run.
            let _ = thread.join();
        }
    }
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
