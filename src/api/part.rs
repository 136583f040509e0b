//! What belongs to nodes beside their settings, and the events that a network tells of their ports.

pub mod event;
pub mod raid;
pub mod traits;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::net::http::Response;

/// What a request wants of such a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartAction {
    Traits,
    TraitsSet,
    TraitsClear,
    TraitAdd,
    TraitRemove,
    Raid,
    Events,
}

/// Does what is asked for.
pub async fn act(action: PartAction, call: &Call<'_>) -> Result<Response, Fault> {
    match action {
        PartAction::Traits => traits::show(call),
        PartAction::TraitsSet => traits::set(call).await,
        PartAction::TraitsClear => traits::clear(call).await,
        PartAction::TraitAdd => traits::add(call).await,
        PartAction::TraitRemove => traits::remove(call).await,
        PartAction::Raid => raid::set(call).await,
        PartAction::Events => event::take(call).await,
    }
}
