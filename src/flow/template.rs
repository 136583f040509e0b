//! Which deploy templates a deployment takes, and what they add to its steps (contract `steps.md` section 2).
//!
//! ```text
//! instance_info.traits -> templates of these names -> their steps, less those that the request names itself
//! ```
//! The steps are taken when the deployment begins: a template that changes or goes changes no deployment under way.

use std::sync::Arc;

use crate::flow::plan;
use crate::model::catalog::Catalog;
use crate::model::node::Node;
use crate::model::plans::Plans;
use crate::model::policy::Policy;
use crate::model::step::AskedStep;
use crate::model::template::Template;

/// What a deployment is asked for in all.
#[derive(Debug, PartialEq)]
pub struct Asked {
    /// The request's steps, then those of templates.
    pub steps: Vec<AskedStep>,
    /// Names of the templates.
    pub templates: Vec<String>,
}

/// The request's steps with those of the instance's templates; where both name a step, the request's is taken.
pub fn asked(node: &Node, request: &[AskedStep], plans: &dyn Plans) -> Result<Asked, String> {
    let templates = matching(node, plans)?;
    let mut steps = request.to_vec();
    let mut added: Vec<(AskedStep, &str)> = Vec::new();
    for template in &templates {
        let name = template.wished.name.as_str();
        for kept in &template.wished.steps {
            let step = kept.with_priority();
            if let Some((_, other)) = added.iter().find(|(known, _)| is_same(known, &step)) {
                return Err(format!(
                    "deploy templates {other} and {name} both have step {}.{}: an instance may have one of their traits",
                    step.interface, step.step
                ));
            }
            added.push((step, name));
        }
    }
    steps.extend(
        added.into_iter().map(|(step, _)| step).filter(|step| !request.iter().any(|own| is_same(own, step))),
    );
    let templates = templates.iter().map(|template| template.wished.name.clone()).collect();
    Ok(Asked { steps, templates })
}

/// What would keep a deployment from taking the steps of its templates: for those who look before they ask.
pub fn trouble(node: &Node, policy: &Policy, catalog: &Catalog, plans: &dyn Plans) -> Option<String> {
    let asked = match asked(node, &[], plans) {
        Ok(asked) => asked,
        Err(why) => return Some(why),
    };
    let first = asked.steps.iter().find_map(|step| {
        let name = format!("{}.{}", step.interface, step.step);
        if policy.disallow_deploy_steps.contains(&name) {
            return Some(format!("deploy step {name} is not allowed on this host"));
        }
        plan::check_asked(node, step, catalog).err()
    });
    first.map(|why| format!("deploy templates {}: {why}", asked.templates.join(", ")))
}

/// Traits of the instance, each of which the node must have.
pub fn instance_traits(node: &Node) -> Result<Vec<&str>, String> {
    let Some(given) = node.wished.instance_info.get("traits").filter(|given| !given.is_null()) else {
        return Ok(Vec::new());
    };
    let items = given.as_array().ok_or("traits in instance_info must be a list of texts")?;
    let mut traits = Vec::new();
    for item in items {
        let name = item.as_str().ok_or("traits in instance_info must be a list of texts")?;
        if !node.traits.iter().any(|own| own == name) {
            let shown: String = name.chars().take(64).collect();
            return Err(format!(
                "instance_info asks for trait {shown:?}, which node {} does not have",
                node.id
            ));
        }
        if !traits.contains(&name) {
            traits.push(name);
        }
    }
    Ok(traits)
}

/// In the order of their creation.
fn matching(node: &Node, plans: &dyn Plans) -> Result<Vec<Arc<Template>>, String> {
    let names = instance_traits(node)?;
    let mut templates: Vec<_> = names.into_iter().filter_map(|name| plans.template(name)).collect();
    templates.sort_by_key(|template| template.order);
    Ok(templates)
}

fn is_same(one: &AskedStep, other: &AskedStep) -> bool {
    one.interface == other.interface && one.step == other.step
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::model::node::Wished;
    use crate::model::runbook::Runbook;

    #[derive(Debug)]
    struct Shelf(Vec<Arc<Template>>);

    impl Plans for Shelf {
        fn template(&self, name: &str) -> Option<Arc<Template>> {
            self.0.iter().find(|one| one.wished.name == name).cloned()
        }

        fn runbook(&self, _: &str) -> Option<Arc<Runbook>> {
            None
        }
    }

    fn template(order: u64, name: &str, step: &str, priority: i64) -> Arc<Template> {
        let step = json!({"interface": "bios", "step": step, "args": {}, "priority": priority});
        let body = json!({"name": name, "steps": [step]});
        let made = Template::draft(body.as_object().unwrap().clone(), Uuid::nil()).unwrap();
        Arc::new(Template { order, ..made })
    }

    fn node(traits: &[&str], instance: &Value) -> Node {
        let mut node = Node::new(NodeId(Uuid::nil()), Wished::default(), Moment(0));
        node.traits = traits.iter().map(|&name| name.to_owned()).collect();
        node.wished.instance_info.insert("traits".to_owned(), instance.clone());
        node
    }

    #[test]
    fn templates_of_the_instances_traits_are_taken_and_no_others() {
        let plans = Shelf(vec![
            template(2, "CUSTOM_B", "b", 10),
            template(1, "CUSTOM_A", "a", 20),
            template(3, "CUSTOM_C", "c", 30),
        ]);
        let node = node(&["CUSTOM_A", "CUSTOM_B", "CUSTOM_C"], &json!(["CUSTOM_B", "CUSTOM_A", "CUSTOM_B"]));
        let asked = asked(&node, &[], &plans).unwrap();
        assert_eq!(asked.templates, ["CUSTOM_A", "CUSTOM_B"]);
        let steps: Vec<_> = asked.steps.iter().map(|step| (step.step.as_str(), step.priority)).collect();
        assert_eq!(steps, [("a", Some(20)), ("b", Some(10))]);
    }

    #[test]
    fn the_request_wins() {
        let plans = Shelf(vec![template(1, "CUSTOM_A", "a", 20)]);
        let own = template(1, "CUSTOM_X", "a", 0).wished.steps[0].with_priority();
        let node = node(&["CUSTOM_A"], &json!(["CUSTOM_A"]));
        assert_eq!(asked(&node, std::slice::from_ref(&own), &plans).unwrap().steps, [own]);
    }

    #[test]
    fn two_templates_with_the_same_step_are_refused_by_name() {
        let plans = Shelf(vec![template(1, "CUSTOM_A", "a", 20), template(2, "CUSTOM_B", "a", 30)]);
        let node = node(&["CUSTOM_A", "CUSTOM_B"], &json!(["CUSTOM_A", "CUSTOM_B"]));
        let why = asked(&node, &[], &plans).unwrap_err();
        for part in ["CUSTOM_A", "CUSTOM_B", "bios.a"] {
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn traits_of_an_instance_are_those_of_its_node() {
        for (instance, part) in [
            (json!(["CUSTOM_B"]), "CUSTOM_B"),
            (json!("CUSTOM_A"), "list"),
            (json!([1]), "list"),
            (json!({}), "list"),
        ] {
            let why = instance_traits(&node(&["CUSTOM_A"], &instance)).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        assert!(instance_traits(&node(&[], &Value::Null)).unwrap().is_empty());
    }
}
