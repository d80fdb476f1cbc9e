//! Measures the `tracing` spans that the code of units opens, for profiles of level 2.
//!
//! A thread that calls units measures the spans that are entered in it during a call. Other threads
//! measure nothing, so no lock is needed.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Instant;

use research_core::events::SpanTime;
use tracing_core::dispatcher::{self, DefaultGuard, Dispatch};
use tracing_core::span::{Attributes, Current, Id, Record};
use tracing_core::subscriber::{Interest, NoSubscriber};
use tracing_core::{Event, LevelFilter, Metadata, Subscriber};

type Callsite = &'static Metadata<'static>;

/// The address of a callsite.
type Key = usize;

fn key(callsite: Callsite) -> Key {
    std::ptr::from_ref(callsite).addr()
}

thread_local! {
    /// The times that this thread is measuring, during a call.
    static CALL: RefCell<Option<SpanTimes>> = const { RefCell::new(None) };
}

/// The times of spans, by callsite.
#[derive(Default)]
pub(super) struct SpanTimes {
    spans: HashMap<Key, Times>,
    /// The entered spans, the innermost last.
    open: Vec<Open>,
}

struct Times {
    callsite: Callsite,
    calls: u64,
    own: f64,
    total: f64,
}

struct Open {
    callsite: Callsite,
    began: Instant,
    /// The time in the spans inside this one.
    inside: f64,
}

/// Starts to measure spans in this thread.
pub(super) fn begin() {
    CALL.set(Some(SpanTimes::default()));
}

/// Returns the times since [`begin`]; spans that are still entered count until now.
pub(super) fn end() -> SpanTimes {
    let mut times = CALL.take().unwrap_or_default();
    while times.close_last() {}
    times
}

fn enter(callsite: Callsite) {
    CALL.with_borrow_mut(|call| {
        if let Some(times) = call {
            times.open.push(Open {
                callsite,
                began: Instant::now(),
                inside: 0.0,
            });
        }
    });
}

fn exit(callsite: Callsite) {
    CALL.with_borrow_mut(|call| {
        // The span may have been entered in an earlier call, or may end before a span inside it.
        if let Some(times) = call
            && let Some(position) = times
                .open
                .iter()
                .rposition(|open| key(open.callsite) == key(callsite))
        {
            while times.open.len() > position {
                times.close_last();
            }
        }
    });
}

impl SpanTimes {
    fn close_last(&mut self) -> bool {
        let Some(Open {
            callsite,
            began,
            inside,
        }) = self.open.pop()
        else {
            return false;
        };
        let seconds = began.elapsed().as_secs_f64();
        let is_within_itself = self
            .open
            .iter()
            .any(|open| key(open.callsite) == key(callsite));
        if let Some(outer) = self.open.last_mut() {
            outer.inside += seconds;
        }
        self.add(&Times {
            callsite,
            calls: 1,
            own: seconds - inside,
            total: if is_within_itself { 0.0 } else { seconds },
        });
        true
    }

    fn add(&mut self, times: &Times) {
        let sum = self.spans.entry(key(times.callsite)).or_insert(Times {
            callsite: times.callsite,
            calls: 0,
            own: 0.0,
            total: 0.0,
        });
        sum.calls += times.calls;
        sum.own += times.own;
        sum.total += times.total;
    }

    /// Adds the times of another call.
    pub(super) fn extend(&mut self, other: Self) {
        for times in other.spans.values() {
            self.add(times);
        }
    }

    /// Takes the times so far.
    pub(super) fn take(&mut self) -> Vec<SpanTime> {
        let spans = self.spans.drain().map(|(_, times)| SpanTime {
            name: times.callsite.name().to_owned(),
            target: times.callsite.target().to_owned(),
            calls: times.calls,
            own: times.own,
            total: times.total,
        });
        spans.collect()
    }
}

/// Makes this thread measure spans until the guard is dropped. Does not replace a subscriber of the
/// program: see [`SpanProfile`].
pub(super) fn listen() -> Option<DefaultGuard> {
    static COUNTER: OnceLock<Dispatch> = OnceLock::new();
    let has_subscriber = dispatcher::get_default(|current| !current.is::<NoSubscriber>());
    if has_subscriber {
        return None;
    }
    let counter = COUNTER.get_or_init(|| Dispatch::new(SpanCounter::default()));
    Some(dispatcher::set_default(counter))
}

/// Counts spans and ignores everything else. All spans of a callsite have one id, the index of the
/// callsite in the list plus one.
#[derive(Default)]
struct SpanCounter {
    callsites: RwLock<Vec<Callsite>>,
}

impl SpanCounter {
    fn id(&self, callsite: Callsite) -> Id {
        let position =
            |list: &[Callsite]| list.iter().position(|known| key(known) == key(callsite));
        let known = position(
            &self
                .callsites
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        );
        let position = known.unwrap_or_else(|| {
            let mut list = self
                .callsites
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            position(&list).unwrap_or_else(|| {
                list.push(callsite);
                list.len() - 1
            })
        });
        Id::from_u64(position as u64 + 1)
    }

    fn callsite(&self, id: &Id) -> Option<Callsite> {
        let list = self
            .callsites
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let position = usize::try_from(id.into_u64() - 1).ok()?;
        list.get(position).copied()
    }
}

impl Subscriber for SpanCounter {
    fn register_callsite(&self, callsite: Callsite) -> Interest {
        if callsite.is_span() {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span()
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.id(span.metadata())
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        if let Some(callsite) = self.callsite(span) {
            enter(callsite);
        }
    }

    fn exit(&self, span: &Id) {
        if let Some(callsite) = self.callsite(span) {
            exit(callsite);
        }
    }
}

/// A `tracing` subscriber that forwards to the program's own one, and also measures the spans of
/// units.
///
/// With a [profile](super::Executor::profile) of level 2, spans are measured automatically in a
/// program without a subscriber. A program that has a subscriber, for its logs, wraps it:
///
/// ```
/// use research_exec::SpanProfile;
/// # use tracing_core::subscriber::NoSubscriber;
/// # let my_subscriber = NoSubscriber::new();
///
/// // As `tracing::subscriber::set_global_default`.
/// let profiled = tracing_core::Dispatch::new(SpanProfile::around(my_subscriber));
/// tracing_core::dispatcher::set_global_default(profiled)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SpanProfile<S> {
    inner: S,
    /// The open spans.
    spans: RwLock<HashMap<u64, Callsite>>,
}

impl<S: Subscriber> SpanProfile<S> {
    /// Wraps a subscriber, which receives everything. Spans that it disables are not measured
    /// either.
    pub fn around(inner: S) -> Self {
        Self {
            inner,
            spans: RwLock::default(),
        }
    }

    fn callsite(&self, id: &Id) -> Option<Callsite> {
        let spans = self.spans.read().unwrap_or_else(PoisonError::into_inner);
        spans.get(&id.into_u64()).copied()
    }
}

impl<S: Subscriber> Subscriber for SpanProfile<S> {
    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        self.inner.on_register_dispatch(subscriber);
    }

    fn register_callsite(&self, callsite: Callsite) -> Interest {
        self.inner.register_callsite(callsite)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.inner.max_level_hint()
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.inner.new_span(span);
        let mut spans = self.spans.write().unwrap_or_else(PoisonError::into_inner);
        spans.insert(id.into_u64(), span.metadata());
        id
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.inner.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.inner.record_follows_from(span, follows);
    }

    fn event_enabled(&self, event: &Event<'_>) -> bool {
        self.inner.event_enabled(event)
    }

    fn event(&self, event: &Event<'_>) {
        self.inner.event(event);
    }

    fn enter(&self, span: &Id) {
        self.inner.enter(span);
        if let Some(callsite) = self.callsite(span) {
            enter(callsite);
        }
    }

    fn exit(&self, span: &Id) {
        if let Some(callsite) = self.callsite(span) {
            exit(callsite);
        }
        self.inner.exit(span);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.inner.clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        let number = id.into_u64();
        let is_closed = self.inner.try_close(id);
        if is_closed {
            let mut spans = self.spans.write().unwrap_or_else(PoisonError::into_inner);
            spans.remove(&number);
        }
        is_closed
    }

    fn current_span(&self) -> Current {
        self.inner.current_span()
    }

    /// Layers find each other, and libraries find their layer, by type.
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        if id == TypeId::of::<Self>() {
            return Some(std::ptr::from_ref(self).cast());
        }
        // SAFETY: the caller guarantees what the inner subscriber requires, and that one lives as
        // long as this one.
        unsafe { self.inner.downcast_raw(id) }
    }
}
