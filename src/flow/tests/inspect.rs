//! Inspections: by the BMC, by a ramdisk that we boot, by one that the network boots.

mod boots;
pub(in crate::flow::tests) mod in_band;
mod out_of_band;
mod unmanaged;
