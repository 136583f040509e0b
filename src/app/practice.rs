//! What the demo is given: a daemon on loopback, and an image to deploy.

use std::path::Path;

use crate::app::App;
use crate::app::error::AppError;
use crate::config::{Config, Given};
use crate::depot::raw_disk;

/// A daemon on free ports of loopback with its state in `data`: for the demo. A simulated machine that
/// its agent switches off is not seen to be off by fake power, so one look is enough.
pub async fn start_on_loopback(data: &Path) -> Result<App, AppError> {
    let loopback = Some(([127, 0, 0, 1], 0).into());
    let given =
        Given { data: Some(data.to_owned()), listen: loopback, rack_listen: loopback, ..Given::default() };
    let config = Config::load(&given, "ferric-demo".to_owned())?;
    App::start(Config { power_looks: (1, 1), ..config }).await
}

/// Makes the demo's disk image at `path`, `size` bytes; its SHA-256 in hex. Blocks.
pub fn make_demo_image(path: &Path, size: u64) -> Result<String, AppError> {
    raw_disk::make_demo_image(path, size, DEMO_SEED).map_err(|error| AppError::Image(error.to_string()))
}

/// Repeats the demo's image.
const DEMO_SEED: u64 = 1;
