//! What befalls an act in the middle: it is killed, or its connections to the database are lost. The middle is counted
//! in points: each statement, each call of the provider and each call of a queue or table is one.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Once;
use std::task::Poll;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What befalls an act once it has come to so many points; nothing, if it ends before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// It is dropped and never heard of again, as a process that was killed. What it had sent is done.
    Killed {
        /// Points.
        at: u32,
    },
    /// The server ends every connection, this act's and all others'.
    ConnectionsLost {
        /// Points.
        at: u32,
    },
}

/// What is known of an act under way.
#[derive(Default)]
struct Trace {
    points: Cell<u32>,
    /// The delivery it has claimed last.
    delivery: RefCell<Option<String>>,
}

/// How an act ended.
pub(crate) enum Ending<T> {
    /// By itself.
    Whole(T),
    /// It was killed, and this delivery was claimed last.
    Killed(Option<String>),
}

thread_local! {
    /// The act that is being polled by this thread.
    static CURRENT: RefCell<Option<Rc<Trace>>> = const { RefCell::new(None) };
}

/// The act has come to another point.
fn count() {
    CURRENT.with_borrow(|current| {
        if let Some(trace) = current {
            trace.points.set(trace.points.get() + 1);
        }
    });
}

/// A point at which an act can be killed.
pub(crate) async fn point() {
    count();
    tokio::task::yield_now().await;
}

/// The act has claimed this delivery.
pub(crate) fn claimed(delivery_id: &str) {
    CURRENT.with_borrow(|current| {
        if let Some(trace) = current {
            *trace.delivery.borrow_mut() = Some(delivery_id.to_owned());
        }
    });
}

/// The delivery that the act has claimed last.
pub(crate) fn claim() -> Option<String> {
    CURRENT.with_borrow(|current| current.as_ref().and_then(|trace| trace.delivery.borrow().clone()))
}

/// Runs an act, and what is to befall it.
pub(crate) async fn run<T>(
    work: impl Future<Output = T>,
    mut mishap: Option<Mishap>,
    lose_connections: impl AsyncFn(),
) -> Ending<T> {
    count_statements();
    let trace = Rc::new(Trace::default());
    let mut work: Pin<Box<dyn Future<Output = T> + '_>> = Box::pin(work);
    loop {
        let polled = poll_fn(|context| {
            let outer = CURRENT.replace(Some(Rc::clone(&trace)));
            let polled = work.as_mut().poll(context);
            CURRENT.set(outer);
            let at = mishap.map(|(Mishap::Killed { at } | Mishap::ConnectionsLost { at })| at);
            match polled {
                Poll::Ready(value) => Poll::Ready(Some(value)),
                Poll::Pending if at.is_some_and(|at| trace.points.get() >= at) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        match (polled.await, mishap.take()) {
            (Some(value), _) => return Ending::Whole(value),
            (None, Some(Mishap::ConnectionsLost { .. })) => lose_connections().await,
            (None, _) => return Ending::Killed(trace.delivery.take()),
        }
    }
}

/// Runs an act that nothing befalls.
pub(crate) async fn whole<T>(work: impl Future<Output = T>) -> Option<T> {
    match run(work, None, async || {}).await {
        Ending::Whole(value) => Some(value),
        Ending::Killed(_) => None,
    }
}

/// Statements and calls of the provider tell of themselves by events of `tracing`; they are counted from now on.
fn count_statements() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // There is one already: whoever made it wants to see the logs, and nothing is killed at a statement.
        let _kept = tracing::subscriber::set_global_default(Statements);
    });
}

struct Statements;

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && matches!(metadata.target(), "store::statement" | "store::transaction" | "adapters::call")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        count();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn three_points(passed: &Cell<u32>) -> u32 {
        for _ in 0..3 {
            point().await;
            passed.set(passed.get() + 1);
        }
        passed.get()
    }

    #[tokio::test]
    async fn an_act_is_killed_at_its_point_and_not_before() {
        for (at, expected) in [(1, 0), (2, 1), (3, 2)] {
            let passed = Cell::new(0);
            let ending = run(three_points(&passed), Some(Mishap::Killed { at }), async || {}).await;
            assert!(matches!(ending, Ending::Killed(None)));
            assert_eq!(passed.get(), expected);
        }
        let passed = Cell::new(0);
        let ending = run(three_points(&passed), Some(Mishap::Killed { at: 4 }), async || {}).await;
        assert!(matches!(ending, Ending::Whole(3)));
    }

    #[tokio::test]
    async fn an_act_goes_on_when_its_connections_were_lost() {
        let (passed, lost) = (Cell::new(0), Cell::new(0));
        let lose = async || lost.set(lost.get() + passed.get() + 1);
        let ending = run(three_points(&passed), Some(Mishap::ConnectionsLost { at: 2 }), lose).await;
        assert!(matches!(ending, Ending::Whole(3)));
        assert_eq!(lost.get(), 2, "once, after the first point was passed");
    }
}
