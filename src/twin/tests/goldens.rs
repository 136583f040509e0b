//! A twin is asked what the real agent was asked, and must answer alike.
