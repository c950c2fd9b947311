//! The threads of an engine.
//!
//! A step of a small network takes less time than a thread that sleeps takes to wake, most of all on a
//! virtual machine. So the caller works too, and the others look out for more work for a while before
//! they sleep.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder, Yield, yield_now};

/// How long a thread without work looks out for more: what lies between two passes of a small network
/// (an update of the parameters, a batch) takes less.
const PATIENCE: Duration = Duration::from_millis(1);
/// Pauses between two looks.
const PAUSES: usize = 16;

/// Threads that share out work.
pub(crate) struct Crew {
    /// All but the caller; none where the caller is alone.
    others: Option<ThreadPool>,
    /// How many of them look out for work.
    watching: Arc<AtomicUsize>,
}

impl Crew {
    /// A crew of `threads`, the caller among them.
    ///
    /// # Errors
    /// If threads cannot be had.
    pub(crate) fn new(threads: usize) -> Result<Crew, rayon::ThreadPoolBuildError> {
        let others = match threads {
            0 | 1 => None,
            _ => Some(ThreadPoolBuilder::new().num_threads(threads - 1).build()?),
        };
        Ok(Crew { others, watching: Arc::default() })
    }

    /// `work` of each item, done by whoever is free; the answers in the order of the items.
    pub(crate) fn each<I: Send, R: Send>(
        &self,
        items: &mut [I],
        work: impl Fn(&mut I) -> R + Sync,
    ) -> Vec<R> {
        let helpers = items.len().saturating_sub(1);
        let mut answers: Vec<Option<R>> = items.iter().map(|_| None).collect();
        let queue = Mutex::new(items.iter_mut().zip(&mut answers));
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let share = || {
            while let Some((item, answer)) = next() {
                *answer = Some(work(item));
            }
        };
        match &self.others {
            Some(others) if helpers > 0 => {
                let busy = AtomicUsize::new(helpers.min(others.current_num_threads()));
                others.in_place_scope(|scope| {
                    for _ in 0..busy.load(Ordering::Relaxed) {
                        scope.spawn(|_| {
                            share();
                            busy.fetch_sub(1, Ordering::Release);
                        });
                    }
                    share();
                    // the end of the scope sleeps until they are done
                    let until = Instant::now() + PATIENCE;
                    while busy.load(Ordering::Acquire) > 0 && Instant::now() < until {
                        spin_loop();
                    }
                });
                self.watch(others);
            }
            _ => share(),
        }
        answers.into_iter().map(|answer| answer.expect("all work was shared out")).collect()
    }

    /// Lets the others look out for work.
    fn watch(&self, others: &ThreadPool) {
        if self.watching.load(Ordering::Relaxed) > 0 {
            return;
        }
        self.watching.store(others.current_num_threads(), Ordering::Relaxed);
        let watching = Arc::clone(&self.watching);
        others.spawn_broadcast(move |_| {
            let mut until = Instant::now() + PATIENCE;
            while Instant::now() < until {
                match yield_now() {
                    Some(Yield::Executed) => until = Instant::now() + PATIENCE,
                    _ => (0..PAUSES).for_each(|_| spin_loop()),
                }
            }
            watching.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once_and_answers_are_in_order() {
        for threads in [0, 1, 2, 5] {
            let crew = Crew::new(threads).unwrap();
            for count in [0, 1, 2, 7, 100] {
                let mut items: Vec<usize> = (0..count).collect();
                for pass in 1..4 {
                    let answers = crew.each(&mut items, |item| {
                        *item += 1000;
                        *item
                    });
                    assert_eq!(answers, (0..count).map(|k| k + 1000 * pass).collect::<Vec<_>>());
                    assert_eq!(answers, items);
                }
            }
        }
    }

    #[test]
    fn threads_that_went_to_sleep_wake() {
        let crew = Crew::new(3).unwrap();
        for _ in 0..3 {
            assert_eq!(crew.each(&mut [1, 2, 3, 4], |x| *x * 10), [10, 20, 30, 40]);
            while crew.watching.load(Ordering::Relaxed) > 0 {
                std::thread::sleep(PATIENCE);
            }
        }
    }
}
