//! Hooks on inventories as the stock agent sends them.
