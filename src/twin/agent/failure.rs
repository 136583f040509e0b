//! How commands fail, in the forms that were recorded.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::wire::agent::command::{CommandError, Status};

/// How a command ended that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// With an error that can be told.
    Told { status: Status, error: CommandError },
    /// With a Python exception (of this type) that the agent cannot write as JSON: the list is poisoned.
    Poison(&'static str),
}

impl Failure {
    fn failed(kind: &str, message: &str, details: impl Into<String>) -> Self {
        let error = CommandError {
            kind: kind.to_owned(),
            code: 500,
            message: message.to_owned(),
            details: details.into(),
        };
        Self::Told { status: Status::Failed, error }
    }

    /// A step that said itself why it fails. Deploy and service steps of sites fail in the words of cleaning.
    pub fn step(details: impl Into<String>) -> Self {
        Self::failed("CleaningError", "Clean step failed", details)
    }

    /// No disk is the one that the hints mean.
    pub fn no_device(details: impl Into<String>) -> Self {
        let message = "Error finding the disk or partition device to deploy the image onto";
        Self::failed("DeviceNotFound", message, details)
    }

    pub fn no_such_step(step: &str) -> Self {
        let details = format!("Could not find method: {step}");
        Self::failed("HardwareManagerMethodNotFound", "No HardwareManager found to handle method", details)
    }

    pub fn execution(details: impl Into<String>) -> Self {
        Self::failed("CommandExecutionError", "Command execution failed", details)
    }

    pub fn checksum(details: impl Into<String>) -> Self {
        Self::failed("ImageChecksumError", "Error verifying image checksum", details)
    }

    /// The server of the image refuses it: not tried again.
    pub fn download(details: impl Into<String>) -> Self {
        Self::failed("ImageDownloadFatalError", "Error downloading image", details)
    }

    /// The download broke.
    pub fn broken_download(details: impl Into<String>) -> Self {
        Self::failed("ImageDownloadError", "Error downloading image", details)
    }

    pub fn invalid_image(details: impl Into<String>) -> Self {
        Self::failed("InvalidImage", "The provided image is not valid for use", details)
    }

    pub fn write(details: impl Into<String>) -> Self {
        Self::failed("ImageWriteError", "Error writing image to device", details)
    }

    /// The caller's idea of the hardware managers is not ours.
    pub fn versions(ours: &BTreeMap<String, String>, theirs: &BTreeMap<String, String>) -> Self {
        let error = CommandError {
            kind: "VersionMismatch".to_owned(),
            code: 409,
            message: "Hardware managers version mismatch, reload agent with correct version".to_owned(),
            details: format!(
                "Current versions: {}, versions used by ironic: {}",
                python(ours),
                python(theirs)
            ),
        };
        Self::Told { status: Status::VersionMismatch, error }
    }
}

/// A map as Python prints it.
fn python(map: &BTreeMap<String, String>) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in map.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        write!(text, "{comma}'{name}': '{value}'").ok();
    }
    text.push('}');
    text
}
