//! A runbook in a request for cleaning or servicing: its steps come in the place of the request's own.
//!
//! They are taken when the request is admitted: a runbook that changes or goes changes no work under way.

use crate::api::fault::Fault;
use crate::api::node::provision::goes_with;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::thing;
use crate::base::who::Role;
use crate::model::draft::given::parse_uuid;
use crate::model::draft::name;
use crate::model::moves::Target;
use crate::model::node::Node;
use crate::model::plans::Plans;
use crate::model::step::AskedStep;

/// What a runbook brings along.
#[derive(Debug)]
pub struct Brought {
    pub name: String,
    pub steps: Vec<AskedStep>,
    pub disable_ramdisk: bool,
}

/// The steps of the runbook that the request names, if it names one. The node must bear one of its traits.
pub fn take(
    args: &mut Args,
    call: &Call<'_>,
    node: &Node,
    target: &Target,
) -> Result<Option<Brought>, Fault> {
    let Some(ident) = args.text("runbook")? else { return Ok(None) };
    if call.version < SINCE {
        return Err(Fault::too_new("runbook", SINCE));
    }
    if parse_uuid(&ident).is_none() && !name::is_logical(&ident) {
        return Err(Fault::invalid("runbook must be the UUID or the name of a runbook"));
    }
    let missing = || Fault::not_found(format!("runbook {ident} could not be found"));
    let runbook =
        call.published.runbook(&ident).filter(|one| thing::sees(call, &**one)).ok_or_else(missing)?;
    if !runbook.wished.public && call.who.project.is_some() && call.who.role < Role::Admin {
        return Err(Fault::new(403, "this needs the role admin: the runbook is not public"));
    }
    goes_with(true, "runbook", &["clean", "service"], target)?;
    runbook.approve(node, call.version)?;
    let steps = format!("{}_steps", target.word);
    if args.take(&steps).is_some() {
        return Err(Fault::invalid(format!("{steps} and runbook exclude each other: give one of them")));
    }
    let wished = &runbook.wished;
    let (name, disable_ramdisk) = (wished.name.clone(), wished.disable_ramdisk);
    Ok(Some(Brought { name, steps: runbook.asked(), disable_ramdisk }))
}

/// Since then there are runbooks.
const SINCE: u16 = 92;
