//! Lanes in process: a store that commits inline, virtual time, machines that outlive the daemon.

mod allocations;
mod clock;
mod cut;
mod cuts;
mod discoveries;
mod inspections;
mod lanes;
mod looks;
mod machine;
mod pipelines;
mod power;
mod relatives;
mod rig;
mod webhooks;
mod world;
