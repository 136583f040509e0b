//! The generated Redfish models (bundle 2023.1), named here and nowhere else: bodies that we send are built from them,
//! so that a word we misspell does not compile, and error messages come from their registries.
//!
//! The crate is a frozen translation of DMTF's schema bundle, made by a Java tool from its `OpenAPI` files; a newer bundle
//! means running that tool by hand, never a build step. Its models are not read with: they drop `@odata.id`, `Id` and all
//! annotations, and refuse unknown words. Reading is `view`.
//!
//! A generated resource always writes its read-only members (`@odata.id`, `Id`, `Name`): `only` keeps what a request
//! is about.

use redfish_codegen::models::computer_system::BootSource;
use redfish_codegen::models::computer_system::v1_20_1 as system;
use redfish_codegen::models::event::EventType as Event;
use redfish_codegen::models::event_destination::v1_13_1 as destination;
use redfish_codegen::models::manager::v1_18_0 as manager;
use redfish_codegen::models::message::v1_1_2::Message;
use redfish_codegen::models::resource;
use redfish_codegen::models::secure_boot::v1_1_0 as secure;
use redfish_codegen::models::session::v1_6_0 as session;
use redfish_codegen::models::virtual_media::v1_6_1 as media;
use redfish_codegen::registries::base::v1_16_0::Base;
use serde::Serialize;
use serde_json::Value;

use crate::wire::redfish::send::{
    BootPatch, EventType, InsertMedia, Led, Mode, Override, ResetKeys, ResetType, Subscribe, Target, Transfer,
};

/// `ComputerSystem.Reset`, `Chassis.Reset` and `Manager.Reset`, which take the same body; without a type `{}`.
pub fn reset(kind: Option<ResetType>) -> Value {
    value(&system::ResetRequestBody { reset_type: kind.map(reset_type) })
}

/// `VirtualMedia.InsertMedia`: absent members are left out.
pub fn insert_media(ask: &InsertMedia) -> Value {
    value(&media::InsertMediaRequestBody {
        image: ask.image.clone(),
        inserted: ask.inserted,
        write_protected: ask.write_protected,
        user_name: ask.user_name.clone(),
        password: ask.password.as_ref().map(|secret| secret.reveal().to_owned()),
        transfer_method: ask.stream.then_some(media::TransferMethod::Stream),
        transfer_protocol_type: ask.transfer.map(transfer_protocol),
    })
}

/// The PATCH that ejects where there is no action: nulls that the generated model would leave out.
pub fn eject_patch() -> Value {
    let mut body = only(&media::VirtualMedia { inserted: Some(false), ..Default::default() }, &["Inserted"]);
    if let Some(map) = body.as_object_mut() {
        map.insert("Image".to_owned(), Value::Null);
    }
    body
}

/// The POST that makes a session.
pub fn log_in(user: &str, password: &str) -> Value {
    let model = session::Session {
        user_name: Some(user.to_owned()),
        password: Some(password.to_owned()),
        ..Default::default()
    };
    only(&model, &["UserName", "Password"])
}

/// The PATCH of `Boot`; `null` for an HTTP URI that is cleared.
pub fn boot(patch: &BootPatch) -> Value {
    let boot = system::Boot {
        boot_source_override_target: patch.target.and_then(boot_source),
        boot_source_override_enabled: patch.enabled.map(boot_enabled),
        boot_source_override_mode: patch.mode.map(boot_mode),
        http_boot_uri: patch.http_uri.clone().flatten(),
        ..Default::default()
    };
    let mut body = only(&system::ComputerSystem { boot: Some(boot), ..Default::default() }, &["Boot"]);
    if let Some(map) = body.get_mut("Boot").and_then(Value::as_object_mut) {
        if patch.target == Some(Target::UsbCd) {
            map.insert("BootSourceOverrideTarget".to_owned(), Target::UsbCd.as_str().into());
        }
        if patch.http_uri == Some(None) {
            map.insert("HttpBootUri".to_owned(), Value::Null);
        }
    }
    body
}

/// The PATCH of `SecureBoot`.
pub fn secure_boot(enable: bool) -> Value {
    let model = secure::SecureBoot { secure_boot_enable: Some(enable), ..Default::default() };
    only(&model, &["SecureBootEnable"])
}

/// `SecureBoot.ResetKeys`.
pub fn reset_keys(kind: ResetKeys) -> Value {
    let reset_keys_type = match kind {
        ResetKeys::ResetAllKeysToDefault => secure::ResetKeysType::ResetAllKeysToDefault,
        ResetKeys::DeleteAllKeys => secure::ResetKeysType::DeleteAllKeys,
    };
    value(&secure::ResetKeysRequestBody { reset_keys_type })
}

/// The PATCH of a manager's clock.
pub fn clock(date_time: Option<&str>, offset: Option<&str>) -> Value {
    let model = manager::Manager {
        date_time: date_time.map(str::to_owned),
        date_time_local_offset: offset.map(str::to_owned),
        ..Default::default()
    };
    only(&model, &["DateTime", "DateTimeLocalOffset"])
}

/// The PATCH of the old lamp.
pub fn indicator_led(led: Led) -> Value {
    let led = match led {
        Led::Lit => system::IndicatorLED::Lit,
        Led::Blinking => system::IndicatorLED::Blinking,
        Led::Off => system::IndicatorLED::Off,
    };
    only(&system::ComputerSystem { indicator_led: Some(led), ..Default::default() }, &["IndicatorLED"])
}

/// The PATCH of the new lamp.
pub fn location_indicator(active: bool) -> Value {
    let model = system::ComputerSystem { location_indicator_active: Some(active), ..Default::default() };
    only(&model, &["LocationIndicatorActive"])
}

/// The POST that makes a subscription.
pub fn subscription(ask: &Subscribe) -> Value {
    let headers = ask.http_headers.as_ref();
    let model = destination::EventDestination {
        destination: Some(ask.destination.clone()),
        protocol: Some(destination::EventDestinationProtocol::Redfish),
        context: ask.context.clone(),
        event_types: Some(ask.event_types.iter().copied().map(event_type).collect()),
        http_headers: headers.map(|list| list.iter().cloned().map(destination::HttpHeaderProperty).collect()),
        ..Default::default()
    };
    only(&model, &["Destination", "Protocol", "Context", "EventTypes", "HttpHeaders"])
}

/// A message of the Base registry, as an entry of `@Message.ExtendedInfo`: id, text, severity, resolution. `key` is
/// without prefix; arguments that are missing are empty. `None` for a key that is not listed here.
pub fn base_message(key: &str, arguments: &[String]) -> Option<Value> {
    let argument = |index: usize| arguments.get(index).cloned().unwrap_or_default();
    let (first, second, third) = (argument(0), argument(1), argument(2));
    let message = plain_message(key)
        .or_else(|| parameter_message(key, first.clone(), second.clone(), third))
        .or_else(|| property_message(key, first, second))?;
    let message: Message = message.into();
    Some(value(&message))
}

/// Messages without arguments.
fn plain_message(key: &str) -> Option<Base> {
    Some(match key {
        "AuthenticationTokenRequired" => Base::AuthenticationTokenRequired,
        "Created" => Base::Created,
        "EventSubscriptionLimitExceeded" => Base::EventSubscriptionLimitExceeded,
        "GeneralError" => Base::GeneralError,
        "InsufficientPrivilege" => Base::InsufficientPrivilege,
        "InternalError" => Base::InternalError,
        "MalformedJSON" => Base::MalformedJSON,
        "NoOperation" => Base::NoOperation,
        "NoValidSession" => Base::NoValidSession,
        "OperationFailed" => Base::OperationFailed,
        "OperationNotAllowed" => Base::OperationNotAllowed,
        "OperationTimeout" => Base::OperationTimeout,
        "PayloadTooLarge" => Base::PayloadTooLarge,
        "PreconditionFailed" => Base::PreconditionFailed,
        "PreconditionRequired" => Base::PreconditionRequired,
        "QueryNotSupported" => Base::QueryNotSupported,
        "QueryNotSupportedOnResource" => Base::QueryNotSupportedOnResource,
        "ResourceInStandby" => Base::ResourceInStandby,
        "ResourceInUse" => Base::ResourceInUse,
        "ServiceInUnknownState" => Base::ServiceInUnknownState,
        "ServiceShuttingDown" => Base::ServiceShuttingDown,
        "SessionLimitExceeded" => Base::SessionLimitExceeded,
        "SessionTerminated" => Base::SessionTerminated,
        "Success" => Base::Success,
        "UnrecognizedRequestBody" => Base::UnrecognizedRequestBody,
        _ => return None,
    })
}

/// Messages about actions and their parameters.
fn parameter_message(key: &str, first: String, second: String, third: String) -> Option<Base> {
    Some(match key {
        "ActionNotSupported" => Base::ActionNotSupported(first),
        "ActionParameterMissing" => Base::ActionParameterMissing(first, second),
        "ActionParameterNotSupported" => Base::ActionParameterNotSupported(first, second),
        "ActionParameterUnknown" => Base::ActionParameterUnknown(first, second),
        "ActionParameterValueConflict" => Base::ActionParameterValueConflict(first, second),
        "ActionParameterValueError" => Base::ActionParameterValueError(first, second),
        "ActionParameterValueFormatError" => Base::ActionParameterValueFormatError(first, second, third),
        "ActionParameterValueNotInList" => Base::ActionParameterValueNotInList(first, second, third),
        "ActionParameterValueTypeError" => Base::ActionParameterValueTypeError(first, second, third),
        "ChassisPowerStateOffRequired" => Base::ChassisPowerStateOffRequired(first),
        "ChassisPowerStateOnRequired" => Base::ChassisPowerStateOnRequired(first),
        "QueryParameterUnsupported" => Base::QueryParameterUnsupported(first),
        "ResetRequired" => Base::ResetRequired(first, second),
        _ => return None,
    })
}

/// Messages about properties, resources and accounts.
fn property_message(key: &str, first: String, second: String) -> Option<Base> {
    Some(match key {
        "AccessDenied" => Base::AccessDenied(first),
        "CouldNotEstablishConnection" => Base::CouldNotEstablishConnection(first),
        "CreateFailedMissingReqProperties" => Base::CreateFailedMissingReqProperties(first),
        "InvalidURI" => Base::InvalidURI(first),
        "LicenseRequired" => Base::LicenseRequired(first),
        "PasswordChangeRequired" => Base::PasswordChangeRequired(first),
        "PropertyMissing" => Base::PropertyMissing(first),
        "PropertyNotUpdated" => Base::PropertyNotUpdated(first),
        "PropertyNotWritable" => Base::PropertyNotWritable(first),
        "PropertyUnknown" => Base::PropertyUnknown(first),
        "PropertyValueConflict" => Base::PropertyValueConflict(first, second),
        "PropertyValueError" => Base::PropertyValueError(first),
        "PropertyValueFormatError" => Base::PropertyValueFormatError(first, second),
        "PropertyValueNotInList" => Base::PropertyValueNotInList(first, second),
        "PropertyValueTypeError" => Base::PropertyValueTypeError(first, second),
        "ResourceMissingAtURI" => Base::ResourceMissingAtURI(first),
        "ResourceNotFound" => Base::ResourceNotFound(first, second),
        "ServiceTemporarilyUnavailable" => Base::ServiceTemporarilyUnavailable(first),
        _ => return None,
    })
}

/// The model as JSON. A model is a plain struct: writing it cannot fail.
fn value(model: &impl Serialize) -> Value {
    serde_json::to_value(model).unwrap_or_default()
}

/// The model as JSON with these members alone.
fn only(model: &impl Serialize, members: &[&str]) -> Value {
    let mut body = value(model);
    if let Some(map) = body.as_object_mut() {
        map.retain(|name, _| members.contains(&name.as_str()));
    }
    body
}

fn reset_type(kind: ResetType) -> resource::ResetType {
    match kind {
        ResetType::On => resource::ResetType::On,
        ResetType::ForceOn => resource::ResetType::ForceOn,
        ResetType::ForceOff => resource::ResetType::ForceOff,
        ResetType::GracefulShutdown => resource::ResetType::GracefulShutdown,
        ResetType::GracefulRestart => resource::ResetType::GracefulRestart,
        ResetType::ForceRestart => resource::ResetType::ForceRestart,
        ResetType::PowerCycle => resource::ResetType::PowerCycle,
        ResetType::PushPowerButton => resource::ResetType::PushPowerButton,
        ResetType::Nmi => resource::ResetType::Nmi,
    }
}

/// `None` for the word that the standard does not have.
fn boot_source(target: Target) -> Option<BootSource> {
    Some(match target {
        Target::None => BootSource::None,
        Target::Pxe => BootSource::Pxe,
        Target::Hdd => BootSource::Hdd,
        Target::Cd => BootSource::Cd,
        Target::Usb => BootSource::Usb,
        Target::Floppy => BootSource::Floppy,
        Target::BiosSetup => BootSource::BiosSetup,
        Target::UefiHttp => BootSource::UefiHttp,
        Target::UefiTarget => BootSource::UefiTarget,
        Target::UsbCd => return None,
    })
}

fn boot_enabled(enabled: Override) -> system::BootSourceOverrideEnabled {
    match enabled {
        Override::Disabled => system::BootSourceOverrideEnabled::Disabled,
        Override::Once => system::BootSourceOverrideEnabled::Once,
        Override::Continuous => system::BootSourceOverrideEnabled::Continuous,
    }
}

fn boot_mode(mode: Mode) -> system::BootSourceOverrideMode {
    match mode {
        Mode::Legacy => system::BootSourceOverrideMode::Legacy,
        Mode::Uefi => system::BootSourceOverrideMode::UEFI,
    }
}

fn transfer_protocol(transfer: Transfer) -> media::TransferProtocolType {
    match transfer {
        Transfer::Http => media::TransferProtocolType::HTTP,
        Transfer::Https => media::TransferProtocolType::HTTPS,
        Transfer::Nfs => media::TransferProtocolType::NFS,
        Transfer::Cifs => media::TransferProtocolType::CIFS,
    }
}

fn event_type(kind: EventType) -> Event {
    match kind {
        EventType::StatusChange => Event::StatusChange,
        EventType::ResourceUpdated => Event::ResourceUpdated,
        EventType::ResourceAdded => Event::ResourceAdded,
        EventType::ResourceRemoved => Event::ResourceRemoved,
        EventType::Alert => Event::Alert,
        EventType::MetricReport => Event::MetricReport,
        EventType::Other => Event::Other,
    }
}
