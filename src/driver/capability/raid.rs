//! Volumes of the RAID controllers.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::Object;

/// Reads and changes volumes. Creating is a press: a second call makes a second volume.
pub trait Raid: fmt::Debug + Send + Sync {
    /// The volumes in the form of a node's `raid_config`.
    fn volumes(&self) -> Later<'_, Result<Object, DriverError>>;

    /// Creates the volumes of a `target_raid_config` and returns what there is then.
    fn create(&self, wished: Object) -> Later<'_, Result<Object, DriverError>>;

    /// Deletes every volume.
    fn delete(&self) -> Later<'_, Result<(), DriverError>>;
}
