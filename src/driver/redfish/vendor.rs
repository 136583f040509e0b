//! The vendor methods of Redfish: event subscriptions and ejecting (contract `redfish.md` section 14), arguments
//! checked before anything is sent.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::base::time::{Later, sleep};
use crate::driver::bmc::settings::Given;
use crate::driver::capability::vendor::{VendorCall, VendorPassthru};
use crate::driver::error::DriverError;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::error::RedfishError;
use crate::model::Object;
use crate::wire::redfish::lenient::View;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send::{self, EventType, Subscribe};
use crate::wire::redfish::view::media::MediaKind;
use crate::wire::redfish::view::service::event::{EventService, Subscription};

/// The vendor methods of a Redfish machine.
#[derive(Debug)]
pub struct RedfishVendor(pub Server);

impl VendorPassthru for RedfishVendor {
    fn call<'a>(&'a self, call: VendorCall<'a>) -> Later<'a, Result<Value, DriverError>> {
        Box::pin(async move { Ok(self.0.vendor(call.method, call.args).await?) })
    }
}

impl Server {
    /// A method by its name; what it returns, null for nothing.
    pub async fn vendor(&self, method: &str, arguments: &Object) -> Result<Value, RedfishError> {
        match method {
            "eject_vmedia" => self.eject_vmedia(arguments).await.map(|()| Value::Null),
            "bmc_reset" => self.bmc_reset(arguments).await.map(|()| Value::Null),
            "create_subscription" => self.create_subscription(arguments).await,
            "delete_subscription" => self.delete_subscription(arguments).await.map(|()| Value::Null),
            "get_all_subscriptions" => Ok(self.subscriptions().await?.raw),
            "get_subscription" => self.subscription(arguments).await,
            _ => Err(RedfishError::Invalid(format!("redfish has no vendor method {method}"))),
        }
    }

    async fn eject_vmedia(&self, arguments: &Object) -> Result<(), RedfishError> {
        let Some(word) = text(arguments, "boot_device")? else { return self.eject_all().await };
        let known = || MediaKind::ALL.map(MediaKind::as_str).join(", ");
        let kind = MediaKind::parse(word)
            .ok_or_else(|| RedfishError::Invalid(format!("boot_device {word:?} is none of {}", known())))?;
        self.eject(kind).await
    }

    /// The BMC restarts: gracefully, unless `warm` is false.
    async fn bmc_reset(&self, arguments: &Object) -> Result<(), RedfishError> {
        let is_warm = Given(arguments).flag("warm", true);
        let is_warm =
            is_warm.map_err(|_| RedfishError::Invalid("warm is neither true nor false".to_owned()))?;
        self.reset_bmc(is_warm, RESET_LIMIT).await
    }

    async fn event_service(&self) -> Result<EventService, RedfishError> {
        let root = self.talk.root().await?;
        let service = self.talk.maybe_view(root.event_service.as_ref()).await?;
        service.ok_or_else(|| self.missing("event service"))
    }

    async fn subscriptions(&self) -> Result<Resource, RedfishError> {
        let service = self.event_service().await?;
        let link = service.subscriptions.ok_or_else(|| self.missing("event subscriptions"))?;
        self.talk.follow(&link).await
    }

    async fn create_subscription(&self, arguments: &Object) -> Result<Value, RedfishError> {
        let ask = subscribe(arguments)?;
        let service = self.event_service().await?;
        let refused = ask.event_types.iter().find(|kind| {
            !service.event_types.is_empty()
                && !service.event_types.iter().any(|word| EventType::parse(word) == Some(**kind))
        });
        if let Some(kind) = refused {
            return Err(RedfishError::NotAllowed {
                bmc: self.talk.who(),
                what: format!("subscriptions to {kind}"),
                allowed: service.event_types.join(", "),
            });
        }
        let link = service.subscriptions.ok_or_else(|| self.missing("event subscriptions"))?;
        let path = self.talk.path(&link)?;
        let written = self.talk.post(&path, Some(&send::subscription(&ask))).await?;
        let Some(location) = written.location.filter(|_| written.status == 201) else {
            return Err(RedfishError::Garbled {
                place: self.talk.place(crate::net::http::Method::Post, &path),
                why: format!("HTTP {} without a Location is no new subscription", written.status),
            });
        };
        Ok(five(&self.talk.follow(&Link::new(location)).await?))
    }

    async fn subscription(&self, arguments: &Object) -> Result<Value, RedfishError> {
        Ok(five(&self.talk.follow(&self.named(arguments).await?).await?))
    }

    async fn delete_subscription(&self, arguments: &Object) -> Result<(), RedfishError> {
        let link = self.named(arguments).await?;
        let written = self.talk.delete(&self.talk.path(&link)?).await?;
        let until = self.talk.clock().tick().after(SEEN_LIMIT);
        while self.talk.maybe(Some(&link)).await?.is_some() {
            if self.talk.clock().tick() >= until {
                return Err(RedfishError::NotApplied {
                    place: written.place.clone(),
                    asked: "no such subscription".to_owned(),
                    answered: written.text(),
                    seen: "the subscription".to_owned(),
                });
            }
            sleep(&**self.talk.clock(), SEEN_PAUSE).await;
        }
        Ok(())
    }

    /// The subscription of an id, among those that there are.
    async fn named(&self, arguments: &Object) -> Result<Link, RedfishError> {
        let id = text(arguments, "id")?.ok_or_else(|| RedfishError::Invalid("id is missing".to_owned()))?;
        let all = self.subscriptions().await?;
        let links = crate::wire::redfish::view::root::Collection::read(&all.raw).members;
        let found = links.into_iter().find(|link| link.last() == Some(id));
        let shown: String = id.chars().take(80).collect();
        found.ok_or_else(|| self.missing(&format!("subscription {shown:?}")))
    }
}

/// Checked arguments of `create_subscription`.
fn subscribe(arguments: &Object) -> Result<Subscribe, RedfishError> {
    let invalid = |why: &str| RedfishError::Invalid(why.to_owned());
    let destination = text(arguments, "Destination")?.ok_or_else(|| invalid("Destination is missing"))?;
    let url = url::Url::parse(destination).ok().filter(url::Url::has_host);
    url.ok_or_else(|| invalid("Destination is no absolute URI"))?;
    if text(arguments, "Protocol")?.is_some_and(|word| word != "Redfish") {
        return Err(invalid("Protocol must be Redfish"));
    }
    let types = match arguments.get("EventTypes") {
        None | Some(Value::Null) => vec![EventType::Alert],
        Some(Value::Array(list)) => {
            let parsed: Option<Vec<_>> =
                list.iter().map(|word| word.as_str().and_then(EventType::parse)).collect();
            let known = || EventType::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
            parsed.ok_or_else(|| RedfishError::Invalid(format!("EventTypes is a list of {}", known())))?
        }
        Some(_) => return Err(invalid("EventTypes is no list")),
    };
    let headers = match arguments.get("HttpHeaders") {
        None | Some(Value::Null) => None,
        Some(Value::Array(list)) if list.iter().all(Value::is_object) => Some(list.clone()),
        Some(_) => return Err(invalid("HttpHeaders is no list of objects")),
    };
    Ok(Subscribe {
        destination: destination.to_owned(),
        context: text(arguments, "Context")?.unwrap_or_default().to_owned(),
        event_types: types,
        http_headers: headers,
    })
}

/// A text argument; one of another type is refused.
fn text<'a>(arguments: &'a Object, name: &str) -> Result<Option<&'a str>, RedfishError> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(RedfishError::Invalid(format!("{name} is no text"))),
    }
}

/// The members that users are told.
fn five(resource: &Resource) -> Value {
    let view: Subscription = resource.view();
    let members = json!({
        "Id": view.id.or_else(|| resource.id()),
        "Context": view.context.unwrap_or_default(),
        "Protocol": view.protocol,
        "Destination": view.destination,
        "EventTypes": view.event_types,
    });
    members.as_object().map_or_else(|| Value::Object(Map::new()), |map| Value::Object(map.clone()))
}

/// How long a deleted subscription may still be shown.
const SEEN_LIMIT: Duration = Duration::from_secs(10);
const SEEN_PAUSE: Duration = Duration::from_secs(1);
/// How long a BMC may be away; less than a change may take.
const RESET_LIMIT: Duration = Duration::from_mins(3);

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &Value) -> Result<Subscribe, String> {
        subscribe(arguments.as_object().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn arguments_are_checked_before_anything_is_sent() {
        let good = asked(&json!({"Destination": "https://listener/x"})).unwrap();
        assert_eq!((good.event_types, good.context.as_str()), (vec![EventType::Alert], ""));
        let types = asked(&json!({"Destination": "https://l", "EventTypes": ["Alert", "Other"]})).unwrap();
        assert_eq!(types.event_types, [EventType::Alert, EventType::Other]);
        for (wrong, word) in [
            (json!({}), "Destination"),
            (json!({"Destination": "listener"}), "absolute"),
            (json!({"Destination": "https://l", "Protocol": "SNMP"}), "Protocol"),
            (json!({"Destination": "https://l", "EventTypes": ["Strange"]}), "EventTypes"),
            (json!({"Destination": "https://l", "EventTypes": "Alert"}), "EventTypes"),
            (json!({"Destination": "https://l", "HttpHeaders": {}}), "HttpHeaders"),
            (json!({"Destination": 3}), "Destination"),
        ] {
            assert!(asked(&wrong).unwrap_err().contains(word), "{wrong}");
        }
    }
}
