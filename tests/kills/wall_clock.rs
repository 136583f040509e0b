//! The wall clock jumps a year back and a year forward between the daemon's lives.
