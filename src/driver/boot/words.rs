//! Whether what a person wrote for kernel command lines can be carried there, before anything moves. What one loader
//! would change is refused for all of them, so that a node's boot interface can be changed.

use serde_json::Value;

use crate::depot::ramdisks::Purpose;
use crate::driver::boot::BootGround;
use crate::model::Object;
use crate::model::boot::loading::{APPEND, ARGUMENTS, append};
use crate::model::catalog::BootWay;
use crate::model::node::Node;
use crate::wire::cmdline::{Cmdline, CmdlineError, LONGEST, Word};

/// Further parameters of the agent's kernel, with those that its ramdisk came with. Reads files.
pub fn agent(ground: &BootGround, node: &Node, purpose: Purpose) -> Result<(), String> {
    let mut line = appended(ground, node)?;
    if let Some(own) = ground.ramdisks.pair(node, purpose).ok().and_then(|pair| pair.cmdline) {
        whole(node, &own, "what the ramdisk came with")?;
        line.extend(own);
    }
    short(&line)
}

/// Those of an instance that is a kernel with a ramdisk.
pub fn instance(ground: &BootGround, node: &Node) -> Result<(), String> {
    let mut line = appended(ground, node)?;
    let info = &node.wished.instance_info;
    text("instance_info", info, ARGUMENTS)?;
    line.extend(read(node, node.instance_info(ARGUMENTS).unwrap_or_default(), "instance_info", ARGUMENTS)?);
    short(&line)
}

fn appended(ground: &BootGround, node: &Node) -> Result<Cmdline, String> {
    let (instance, driver) = (&node.wished.instance_info, &node.wished.driver_info);
    text("instance_info", instance, APPEND)?;
    text("driver_info", driver, APPEND)?;
    let of_instance = node.instance_info(APPEND).is_some();
    let place = match (of_instance, node.driver_info(APPEND).is_some()) {
        (true, _) => "instance_info",
        (false, true) => "driver_info",
        (false, false) => "[pxe]",
    };
    read(node, &append(node, &ground.kernel_append), place, APPEND)
}

/// A text, or nothing.
fn text(place: &str, object: &Object, key: &str) -> Result<(), String> {
    let what = match object.get(key) {
        None | Some(Value::Null | Value::String(_)) => return Ok(()),
        Some(Value::Bool(_)) => "true or false",
        Some(Value::Number(_)) => "a number",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    };
    Err(format!("{place} {key} is {what}: it is one text, with blanks between the parameters"))
}

fn read(node: &Node, text: &str, place: &str, key: &str) -> Result<Cmdline, String> {
    let line = Cmdline::parse(text).map_err(|why| format!("{place} {key} cannot be used: {why}"))?;
    whole(node, &line, &format!("{place} {key}"))?;
    Ok(line)
}

/// The loader of a medium takes no value with blanks in it: it would hand on the quotes with backslashes.
fn whole(node: &Node, line: &Cmdline, place: &str) -> Result<(), String> {
    let boot = &node.wished.interfaces.boot;
    let is_split = |word: &&Word| word.value().is_some_and(|value| value.is_empty() || value.contains(' '));
    match line.words().iter().find(is_split) {
        Some(word) if BootWay::of(boot).is_by_bmc() => Err(format!(
            "{place} cannot be used: the value of kernel parameter {} is empty or has blanks in it, which boot interface \
             {boot:?} cannot carry",
            word.key()
        )),
        Some(_) | None => Ok(()),
    }
}

fn short(line: &Cmdline) -> Result<(), String> {
    let length = line.to_string().len();
    if length > LONGEST {
        return Err(format!(
            "{APPEND} cannot be used: all kernel parameters together have {length} bytes. {}",
            CmdlineError::Long
        ));
    }
    Ok(())
}
