//! Who a BMC says its machine is: what the claim of a machine is held against.

use uuid::Uuid;

use crate::base::mac::Mac;
use crate::model::bmc::power::Power;

/// As the BMC told it, placeholders left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reported {
    /// The system UUID; more than one where its bytes can be read in several orders, each of which may be meant.
    pub systems: Vec<Uuid>,
    /// Serial numbers of the machine.
    pub serials: Vec<String>,
    /// Numbers that may be the machine's serial number (a board's, a service tag): that one of them is the same means
    /// something, that none is means nothing.
    pub other_serials: Vec<String>,
    /// Addresses of the machine's NICs.
    pub nics: Vec<Mac>,
    /// Addresses of the BMC's own NICs.
    pub bmc_macs: Vec<Mac>,
    pub power: Option<Power>,
    /// The maker, lower-case.
    pub vendor: Option<String>,
}
