//! Plans that a site keeps, as decisions look them up.

use std::fmt;
use std::sync::Arc;

use crate::model::runbook::Runbook;
use crate::model::template::Template;

/// The site's deploy templates and runbooks.
pub trait Plans: fmt::Debug {
    /// The deploy template of this name.
    fn template(&self, name: &str) -> Option<Arc<Template>>;

    /// The runbook of this UUID or name.
    fn runbook(&self, ident: &str) -> Option<Arc<Runbook>>;
}

/// A site without any.
#[derive(Debug, Clone, Copy)]
pub struct NoPlans;

impl Plans for NoPlans {
    fn template(&self, _: &str) -> Option<Arc<Template>> {
        None
    }

    fn runbook(&self, _: &str) -> Option<Arc<Runbook>> {
        None
    }
}
