//! Work that goes through many bytes, kept off the async threads.

use std::future::pending;
use std::panic::resume_unwind;

/// Does work that goes through so many bytes: here if they are few, else on a thread for what blocks.
///
/// A panic of the work is one of the caller. In a runtime that shuts down it may never return.
pub async fn beside<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes <= FEW {
        return work();
    }
    match tokio::task::spawn_blocking(work).await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_)) => pending().await,
    }
}

/// As many are read as JSON in 0.2 ms if they are mostly texts, in 6 ms at the worst.
const FEW: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::*;

    #[tokio::test]
    async fn much_is_done_on_another_thread_and_little_on_this_one() {
        let here = current().id();
        assert_eq!(beside(FEW, || current().id()).await, here);
        assert_ne!(beside(FEW + 1, || current().id()).await, here);
    }

    #[tokio::test]
    async fn a_panic_is_one_of_the_caller() {
        for bytes in [0, usize::MAX] {
            let done = tokio::spawn(beside(bytes, || panic!("as it is meant to"))).await;
            let done: Result<(), _> = done;
            assert!(done.unwrap_err().is_panic());
        }
    }
}
