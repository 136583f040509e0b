//! Sessions are closed when the daemon ends: a BMC has few places for them.

use std::time::Duration;

use base64::Engine;

use crate::base::time::sleep;
use crate::driver::redfish::slot::Token;
use crate::driver::redfish::talk::RedfishRack;
use crate::model::bmc::Fact;
use crate::net::http::Method;
use crate::net::outgoing::{Outgoing, Trust};
