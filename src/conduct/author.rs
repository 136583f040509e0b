//! Who asks for what is under way: known to the task that serves the request, and taken along by what it posts.
//!
//! It stands beside the asks and not in them, since every resource would have to pass it on and one would forget to.

use std::future::Future;
use std::sync::Arc;

use crate::base::who::Author;

tokio::task_local! {
    static AUTHOR: Arc<Author>;
}

/// Does `work` in somebody's name.
pub async fn asking<F: Future>(author: Author, work: F) -> F::Output {
    AUTHOR.scope(Arc::new(author), work).await
}

/// In whose name the present task works; `None` for the daemon itself.
pub fn present() -> Option<Arc<Author>> {
    AUTHOR.try_with(Arc::clone).ok()
}
