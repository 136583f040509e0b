//! What a request says: its version, its body, its arguments, its page.

pub mod args;
pub mod body;
pub mod call;
pub mod paging;
pub mod suffix;
pub mod version;
