//! All transports carry the same messages.

use std::io::{self, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;

use nix::unistd::Pid;
use research_core::{Event, LogLevel, Timestamp};
use research_process::ProcessHandle;

use super::bytes::StreamReceiver;
use super::commands::{Command, CommandReceiver, CommandSender};
use super::endpoint::{Endpoint, LeaderAddress, LeaderChannel, WorkerChannel};
use super::frame::{FrameKind, push_frame};
use super::local::ReportServer;
use super::memory;
use super::messages::TaskNumber;
use super::reports::{Report, ReportReceiver};
use super::tcp::{Handshake, TcpServer};

fn this_process() -> ProcessHandle {
    ProcessHandle::open(Pid::this().as_raw()).unwrap()
}

fn in_memory() -> (LeaderChannel, WorkerChannel) {
    let (commands, received) = memory::direction();
    let (reports, reported) = memory::direction();
    let leader = LeaderChannel {
        commands: CommandSender::new(commands),
        reports: ReportReceiver::new(reported),
    };
    let worker = WorkerChannel {
        commands: CommandReceiver::new(received),
        reports: Box::new(reports),
        descriptors: Vec::new(),
    };
    (leader, worker)
}

fn between_processes(endpoint: Endpoint, inherited: UnixStream) -> (LeaderChannel, WorkerChannel) {
    let address = endpoint.address().unwrap();
    let connecting = thread::spawn(move || address.connect(inherited.into()).unwrap());
    let accepted = endpoint.accept(this_process().descriptor()).unwrap();
    (accepted.unwrap(), connecting.join().unwrap())
}

fn local() -> (LeaderChannel, WorkerChannel) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    between_processes(Endpoint::Local(ReportServer::new().unwrap(), ours), theirs)
}

fn tcp() -> (LeaderChannel, WorkerChannel) {
    let server = TcpServer::new(Handshake::new("1-1", 3, 0)).unwrap();
    between_processes(Endpoint::Tcp(server), UnixStream::pair().unwrap().0)
}

/// Returns a report of about this many bytes.
fn report(task: u64, bytes: usize) -> Vec<u8> {
    let events = vec![Event::Message {
        at: Timestamp(7),
        experiment: None,
        level: LogLevel::Info,
        text: "x".repeat(bytes),
    }];
    let mut frame = Vec::new();
    push_frame(&mut frame, FrameKind::Events, task, &events).unwrap();
    frame
}

#[test]
fn all_transports_carry_commands_and_reports_in_order() {
    for (name, (mut leader, mut worker)) in
        [("memory", in_memory()), ("local", local()), ("tcp", tcp())]
    {
        let sizes = [0, 10, 200_000, 3_000_000];
        let working = thread::spawn(move || {
            let mut tasks = Vec::new();
            while let Some(command) = worker.commands.recv().unwrap() {
                match command {
                    Command::Run(number, task) => {
                        assert!(task.is_empty());
                        tasks.push(number.0);
                    }
                    Command::Quit => break,
                    Command::Init(_) => panic!("no such command was sent"),
                }
            }
            for (task, size) in (0..).zip(sizes) {
                worker.reports.send(&report(task, size)).unwrap();
            }
            tasks
        });
        for number in [4, 2] {
            leader
                .commands
                .run(TaskNumber(number), &Vec::new())
                .unwrap();
        }
        leader.commands.quit().unwrap();
        for (number, size) in (0..).zip(sizes) {
            match leader.reports.recv().unwrap() {
                Some(Report::Events { task, events }) => {
                    assert_eq!(task, TaskNumber(number), "{name}");
                    assert!(
                        matches!(&*events, [Event::Message { text, .. }] if text.len() == size),
                        "{name}"
                    );
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        assert_eq!(working.join().unwrap(), [4, 2], "{name}");
        // The worker has dropped its end.
        assert!(leader.reports.recv().unwrap().is_none(), "{name}");
    }
}

#[test]
fn reports_that_are_not_frames_break_the_connection() {
    let (mut leader, mut worker) = tcp();
    worker.reports.send(&[0xff; 64]).unwrap();
    assert!(leader.reports.recv().is_err());
}

/// Returns the address with the handshake of another worker, run, start or program.
fn stranger(address: &LeaderAddress, handshake: Handshake) -> LeaderAddress {
    let LeaderAddress::Tcp(address) = address else {
        panic!("not over TCP");
    };
    LeaderAddress::Tcp(address.with(handshake))
}

#[test]
fn only_the_expected_worker_is_accepted_over_tcp() {
    let server = TcpServer::new(Handshake::new("1-1", 3, 5)).unwrap();
    let endpoint = Endpoint::Tcp(server);
    let address = endpoint.address().unwrap();
    let socket = || UnixStream::pair().unwrap().0.into();
    let LeaderAddress::Tcp(tcp) = &address else {
        panic!("not over TCP");
    };
    // These connections stay open on this side: the leader must close them.
    let garbage = [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 3000], &[4, 0, 1, 2]].map(|bytes| {
        let mut stream = TcpStream::connect(tcp.socket_address()).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    });
    // This handshake ends early.
    garbage[2].shutdown(std::net::Shutdown::Write).unwrap();
    let strangers = [
        Handshake::new("1-2", 3, 5),
        Handshake::new("1-1", 4, 5),
        Handshake::new("1-1", 3, 4),
        Handshake::new("1-1", 3, 5).of_version("0.0.0"),
    ];
    let mut strangers =
        strangers.map(|handshake| stranger(&address, handshake).connect(socket()).unwrap());
    let mut worker = address.connect(socket()).unwrap();
    let mut leader = endpoint
        .accept(this_process().descriptor())
        .unwrap()
        .unwrap();
    leader.commands.quit().unwrap();
    assert!(matches!(
        worker.commands.recv().unwrap(),
        Some(Command::Quit)
    ));
    for stranger in &mut strangers {
        assert!(stranger.commands.recv().unwrap().is_none());
    }
    for stream in garbage {
        let read = io::copy(&mut &stream, &mut io::sink());
        assert!(matches!(read, Ok(0)) || read.is_err());
    }
}

#[test]
fn a_worker_that_ends_before_it_connects_is_not_waited_for() {
    for tcp in [false, true] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let endpoint = match tcp {
            true => Endpoint::Tcp(TcpServer::new(Handshake::new("1-1", 0, 0)).unwrap()),
            false => Endpoint::Local(ReportServer::new().unwrap(), ours),
        };
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let process = ProcessHandle::open(pid).unwrap();
        let accepted = endpoint.accept(process.descriptor()).unwrap();
        assert!(accepted.is_none());
        child.wait().unwrap();
        drop(theirs);
    }
}

#[test]
fn a_stream_receiver_reports_the_end() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(theirs);
    let mut commands = CommandReceiver::new(StreamReceiver::new(ours));
    assert!(commands.recv().unwrap().is_none());
}
