//! The codec against recorded traffic of the real agent.
