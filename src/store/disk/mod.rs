//! What lies on the disk: the private directory, the LMDB file, the key, the reserve, sealed values.

pub mod dir;
pub mod env;
pub mod key;
pub mod pages;
pub mod seal;
pub mod space;
