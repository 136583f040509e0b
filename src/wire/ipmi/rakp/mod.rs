//! Open session and the RAKP key exchange, both sides (IPMI 2.0 13.17 to 13.24).
//!
//! ```text
//! client -> BMC   OpenRequest     algorithms wanted, the client's session id
//! BMC -> client   OpenResponse    algorithms given, the BMC's session id
//! client -> BMC   Rakp1           Rm, role, user
//! BMC -> client   Rakp2           Rc, GUID, code: the BMC knows the password
//! client -> BMC   Rakp3           code: the client knows it, too
//! BMC -> client   Rakp4           code: both have the same session key
//! ```

pub mod open;
pub mod exchange;
pub mod proof;

pub use exchange::{Rakp1, Rakp2, Rakp3, Rakp4};
pub use open::{OpenRequest, OpenResponse, Opened};
pub use proof::Proof;
