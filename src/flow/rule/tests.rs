//! The rules at work on an inventory.
