//! What happens when the user wants to stop: once means to end in order, twice to end at once.

use std::future::Future;

use terrane_apply::Cancellation;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::report::Report;

/// How something ended that could be interrupted.
pub enum Ending<T> {
    /// By itself, in time or after it was asked to.
    Finished(T),
    /// It was given up.
    Abandoned,
}

const FIRST: &str = "\nInterrupt received.\nPlease wait for Terrane to exit or data loss may occur.\nGracefully shutting down...\n";
const SECOND: &str = "\nTwo interrupts received. Exiting immediately. What is under way is recorded and will be looked after by the \
                      next run.\n";

/// Runs something until it ends. The first interrupt asks it to end, the second gives it up.
pub async fn interruptible<F: Future>(
    work: F,
    cancellation: &Cancellation,
    report: &dyn Report,
) -> Ending<F::Output> {
    let mut interrupts = Interrupts::listen();
    tokio::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return Ending::Finished(result),
            () = interrupts.next() => {
                if cancellation.is_requested() {
                    report.notice(SECOND);
                    return Ending::Abandoned;
                }
                report.notice(FIRST);
                cancellation.request();
            }
        }
    }
}

/// Runs something until it ends, as [`interruptible`] does, and says nothing.
pub async fn interruptible_quietly<F: Future>(work: F, cancellation: &Cancellation) -> Ending<F::Output> {
    let mut interrupts = Interrupts::listen();
    tokio::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return Ending::Finished(result),
            () = interrupts.next() => {
                if cancellation.is_requested() {
                    return Ending::Abandoned;
                }
                cancellation.request();
            }
        }
    }
}

/// Waits until the user wants to stop.
pub async fn until_interrupted() {
    Interrupts::listen().next().await;
}

/// The signals that ask the process to end.
struct Interrupts {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Interrupts {
    fn listen() -> Self {
        // Without signals the process just ends when it is told to; the journal is made for that.
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            () = received(&mut self.interrupt) => {}
            () = received(&mut self.terminate) => {}
        }
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
