//! Threads that share work.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// A calling thread and a pool of further threads.
#[derive(Clone)]
pub(crate) struct Team {
    pool: Option<Arc<ThreadPool>>,
}

impl Team {
    pub(crate) fn new(threads: usize) -> Result<Self, ThreadPoolBuildError> {
        let build = || ThreadPoolBuilder::new().num_threads(threads - 1).build();
        let pool = (threads > 1).then(build).transpose()?;
        Ok(Self {
            pool: pool.map(Arc::new),
        })
    }

    /// Number of threads, the caller included.
    pub(crate) fn size(&self) -> usize {
        1 + self
            .pool
            .as_ref()
            .map_or(0, |pool| pool.current_num_threads())
    }

    /// Does all items' work, the first item's on the calling thread.
    pub(crate) fn for_each<T: Send>(&self, items: &mut [T], work: impl Fn(&mut T) + Sync) {
        let (Some(pool), Some((first, rest))) = (&self.pool, items.split_first_mut()) else {
            return items.iter_mut().for_each(work);
        };
        pool.in_place_scope(|scope| {
            for item in rest {
                scope.spawn(|_| work(item));
            }
            work(first);
        });
    }
}
