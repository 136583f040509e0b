//! Whether somebody waits for what is under way: then a BMC that is left alone in silence is tried once all the same.
//!
//! It goes with the task, since between who asks (a lane) and who has to know (a queue) lie all the drivers.

use std::cell::Cell;

tokio::task_local! {
    /// Whether the try is still to be made.
    static TRY: Cell<bool>;
}

/// Does the work as somebody who waits for it.
pub async fn insisting<T>(work: impl Future<Output = T>) -> T {
    TRY.scope(Cell::new(true), work).await
}

/// Whether a try may be made now in spite of a pause.
pub fn is_on() -> bool {
    TRY.try_with(Cell::get).unwrap_or(false)
}

/// The try is made: what follows in the same work waits like all others.
pub fn used() {
    // Outside such work there is nothing to use up.
    TRY.try_with(|one| one.set(false)).ok();
}
