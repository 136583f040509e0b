//! The kernel parameters with which the agent's ramdisk is started (contract `boot.md` 6, `agent.md` 7).

use crate::depot::ramdisks::installer::STAGE2;
use crate::model::boot::loading::{ARGUMENTS, Loading, append};
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::wire::cmdline::{Cmdline, CmdlineError};

/// For the agent of a node. `own` is what its ramdisk came with; `api` is this host's HTTP server as the machine reaches
/// it, without a slash at its end.
pub fn for_node(
    node: &Node,
    loading: &Loading,
    own: Option<&Cmdline>,
    api: &str,
) -> Result<Cmdline, CmdlineError> {
    let inspects = matches!(node.provision, Provision::Inspecting | Provision::InspectWait);
    let mut line = begun(own, &append(node, &loading.kernel_append), loading)?;
    if inspects {
        inspection(&mut line, loading, api)?;
    } else {
        line.push("ipa-api-url", api);
    }
    Ok(line)
}

/// For the agent of a node on a boot medium, which can bear its token.
pub fn for_medium(
    node: &Node,
    loading: &Loading,
    own: Option<&Cmdline>,
    api: &str,
) -> Result<Cmdline, CmdlineError> {
    let mut line = for_node(node, loading, own, api)?;
    line.push("boot_method", "vmedia");
    line.push("ir_pub_id", &publisher(node));
    if let Some(agent) = node.agent.as_ref().filter(|agent| agent.pregenerated) {
        line.push("ipa-agent-token", agent.token.reveal());
    }
    Ok(line)
}

/// By which the agent knows the medium that it was booted from.
pub fn publisher(node: &Node) -> String {
    node.id.to_string()
}

/// For the agent of a machine that nobody knows: it tells what it finds.
pub fn for_discovery(loading: &Loading, own: Option<&Cmdline>, api: &str) -> Result<Cmdline, CmdlineError> {
    let mut line = begun(own, &loading.kernel_append, loading)?;
    inspection(&mut line, loading, api)?;
    Ok(line)
}

/// For an instance that is a kernel with a ramdisk.
pub fn for_instance(node: &Node, loading: &Loading) -> Result<Cmdline, CmdlineError> {
    let mut line = Cmdline::parse("root=/dev/ram0 text")?;
    line.extend(Cmdline::parse(&append(node, &loading.kernel_append))?);
    line.extend(Cmdline::parse(node.instance_info(ARGUMENTS).unwrap_or_default())?);
    Ok(line)
}

/// For what installs an instance: `files` is where its kickstart file and its second stage are, `tree` the packages that
/// bring a second stage of their own.
pub fn for_installer(
    node: &Node,
    loading: &Loading,
    files: &str,
    tree: Option<&str>,
) -> Result<Cmdline, CmdlineError> {
    let mut line = Cmdline::parse("text")?;
    line.extend(Cmdline::parse(&append(node, &loading.kernel_append))?);
    line.push("inst.ks", &format!("{files}/ks.cfg"));
    match tree.filter(|_| node.instance_info(STAGE2).is_none()) {
        Some(tree) => line.push("inst.repo", tree),
        None => line.push("inst.stage2", files),
    }
    Ok(line)
}

fn begun(own: Option<&Cmdline>, append: &str, loading: &Loading) -> Result<Cmdline, CmdlineError> {
    let mut line = Cmdline::parse("selinux=0 troubleshoot=0 text")?;
    line.extend(own.cloned().unwrap_or_default());
    line.extend(Cmdline::parse(append)?);
    if loading.debug {
        line.push("ipa-debug", "1");
    }
    Ok(line)
}

fn inspection(line: &mut Cmdline, loading: &Loading, api: &str) -> Result<(), CmdlineError> {
    line.push("ipa-inspection-callback-url", &format!("{api}/v1/continue_inspection"));
    line.extend(Cmdline::parse(&loading.inspection_append)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::base::secret::Secret;
    use crate::model::boot::Agent;
    use crate::model::node::Wished;

    const API: &str = "http://10.0.0.1:6385";

    fn node(instance: Option<&str>, driver: Option<&str>) -> Node {
        let mut node = Node::new(NodeId(uuid::Uuid::from_u128(1)), Wished::default(), Moment(0));
        let wished = &mut node.wished;
        for (object, text) in [(&mut wished.instance_info, instance), (&mut wished.driver_info, driver)] {
            if let Some(text) = text {
                object.insert("kernel_append_params".to_owned(), text.into());
            }
        }
        node
    }

    #[test]
    fn an_agent_is_told_where_to_call() {
        let loading = Loading::default();
        for (instance, driver, middle) in [
            (None, None, "nofb vga=normal"),
            (None, Some("console=ttyS0"), "console=ttyS0"),
            (Some("quiet"), Some("console=ttyS0"), "quiet"),
            (None, Some("%default% console=ttyS0"), "nofb vga=normal console=ttyS0"),
        ] {
            let line = for_node(&node(instance, driver), &loading, None, API).unwrap().to_string();
            assert_eq!(
                line,
                format!("selinux=0 troubleshoot=0 text {middle} ipa-api-url=http://10.0.0.1:6385")
            );
        }
        assert!(for_node(&node(None, Some("|| reboot")), &loading, None, API).is_err());
    }

    #[test]
    fn what_the_ramdisk_came_with_stands_before_what_the_site_says() {
        let own = Cmdline::parse("panic=20 console=ttyS0,115200").unwrap();
        let (loading, node) = (Loading::default(), node(None, None));
        let line = for_node(&node, &loading, Some(&own), API).unwrap().to_string();
        assert!(line.contains(" text panic=20 console=ttyS0,115200 nofb vga=normal ipa-api-url="), "{line}");
        let line = for_discovery(&loading, Some(&own), API).unwrap().to_string();
        assert!(line.contains(" text panic=20 console=ttyS0,115200 nofb vga=normal ipa-insp"), "{line}");
    }

    #[test]
    fn a_medium_bears_the_token_that_was_made_for_it() {
        let (loading, mut node) = (Loading::default(), node(None, None));
        let said = |node: &Node| for_medium(node, &loading, None, API).unwrap().to_string();
        let marks = " boot_method=vmedia ir_pub_id=00000000-0000-0000-0000-000000000001";
        assert!(said(&node).ends_with(marks));
        node.agent = Some(Agent::unused(Secret::new("t"), false));
        assert!(said(&node).ends_with(marks), "it was told to somebody else");
        node.agent = Some(Agent::unused(Secret::new("t"), true));
        assert!(said(&node).ends_with(&format!("{marks} ipa-agent-token=t")));
    }

    #[test]
    fn an_inspection_is_told_where_to_report() {
        let loading = Loading { debug: true, inspection_append: "a=b".to_owned(), ..Loading::default() };
        let expected = "selinux=0 troubleshoot=0 text nofb vga=normal ipa-debug=1 \
                        ipa-inspection-callback-url=http://10.0.0.1:6385/v1/continue_inspection a=b";
        assert_eq!(for_discovery(&loading, None, API).unwrap().to_string(), expected);
        let node = Node { provision: Provision::InspectWait, ..node(None, None) };
        assert_eq!(for_node(&node, &loading, None, API).unwrap().to_string(), expected);
    }

    #[test]
    fn an_instance_has_its_own_words() {
        let mut node = node(None, None);
        node.wished.instance_info.insert("ramdisk_kernel_arguments".to_owned(), "a=b".into());
        let line = for_instance(&node, &Loading::default()).unwrap().to_string();
        assert_eq!(line, "root=/dev/ram0 text nofb vga=normal a=b");
    }
}
