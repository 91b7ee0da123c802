//! A thread of its own for the one task that everybody waits for.

use std::thread;

use tokio::runtime::{Builder, Handle, RuntimeFlavor};

use crate::StoreError;

/// Runs work on a thread of its own, beside those that take turns with thousands of connections: whatever wakes it, it goes
/// on as soon as there is a core for it (ADR 0072). The work may use timers and whatever wakes it from elsewhere, but open no
/// sockets. The thread ends with the work.
///
/// A runtime of one thread has all its work there, in an order that is its own (the simulation).
pub(crate) fn run(work: impl Future<Output = ()> + Send + 'static) -> Result<(), StoreError> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        tokio::spawn(work);
        return Ok(());
    }
    let failed = |source| StoreError::Database {
        doing: "starting the writer",
        source: Box::new(source),
    };
    let runtime = Builder::new_current_thread().enable_time().build().map_err(failed)?;
    thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || runtime.block_on(work))
        .map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use tokio::{sync::oneshot, time::sleep};

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn it_goes_on_while_no_thread_of_the_runtime_is_free() {
        let (wake, woken) = oneshot::channel();
        let (say, said) = mpsc::channel();
        super::run(async move {
            woken.await.unwrap();
            sleep(Duration::from_millis(1)).await;
            say.send(()).unwrap();
        })
        .unwrap();
        let busy = tokio::spawn(async move {
            wake.send(()).unwrap();
            said.recv_timeout(Duration::from_secs(60)).unwrap();
        });
        busy.await.unwrap();
    }

    #[tokio::test]
    async fn in_a_runtime_of_one_thread_it_stays_there() {
        let (say, said) = oneshot::channel();
        super::run(async move { say.send(thread::current().id()).unwrap() }).unwrap();
        assert_eq!(said.await.unwrap(), thread::current().id());
    }
}
