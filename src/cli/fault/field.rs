//! A field that the API does not let anybody patch: the one that was meant, or the command that changes it.

/// What helps against a refusal to patch a field, which the API words `/FIELD cannot be patched; what can be: A, B`.
pub fn unknown(text: &str, kind: &str, node: &str) -> Option<String> {
    let (name, known) = text.strip_prefix('/')?.split_once(" cannot be patched; what can be: ")?;
    let own = OWN.iter().find(|(fields, _)| kind == "node" && fields.contains(&name));
    if let Some((_, command)) = own {
        return Some(command.replace("{node}", node));
    }
    let known = known.trim_end_matches('.').split(", ");
    let near = known.map(|field| (distance(name, field), field)).min()?;
    (near.0 <= name.len() / 3).then(|| format!("is {} meant?", near.1))
}

/// How many letters must be added, taken away or changed to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut slant = above;
        let mut left = above + 1;
        for (cell, opposite) in row.iter_mut().skip(1).zip(other.chars()) {
            let changed = slant + usize::from(letter != opposite);
            slant = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Fields of a node that have commands of their own.
const OWN: &[(&[&str], &str)] = &[
    (&["traits"], "`ferric node trait set {node} TRAIT`"),
    (
        &["provision_state", "target_provision_state"],
        "verbs change it, as in `ferric node manage {node} --wait`; `ferric node --help` lists them",
    ),
    (&["power_state", "target_power_state"], "`ferric node power {node} on`, or `off`"),
    (&["maintenance_reason", "fault"], "`ferric node maintenance {node} on --reason TEXT`"),
    (&["target_raid_config", "raid_config"], "`ferric node raid --help`"),
    (&["boot_mode"], "`ferric node boot-mode {node} uefi`, or `bios`"),
    (&["secure_boot"], "`ferric node secure-boot {node} on`, or `off`"),
    (&["console_enabled"], "`ferric console {node}` opens it"),
    (&["allocation_uuid"], "`ferric allocation create NAME --resource-class CLASS`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn told(field: &str) -> String {
        let text = format!("/{field} cannot be patched; what can be: description, extra, maintenance, owner");
        unknown(&text, "node", "n1").unwrap_or_default()
    }

    #[test]
    fn the_nearest_field_is_named_and_no_far_one() {
        assert_eq!(told("descripton"), "is description meant?");
        assert_eq!(told("ower"), "is owner meant?");
        assert_eq!(told("foo"), "");
        assert_eq!(unknown("extra must be an object", "node", "n1"), None);
    }

    #[test]
    fn fields_with_commands_of_their_own_are_sent_there() {
        assert_eq!(told("traits"), "`ferric node trait set n1 TRAIT`");
        assert_eq!(told("maintenance_reason"), "`ferric node maintenance n1 on --reason TEXT`");
        let text = "/traits cannot be patched; what can be: name, steps";
        assert_eq!(unknown(text, "runbook", "n1"), None);
    }

    #[test]
    fn distances_are_counted() {
        for (one, other, wanted) in [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("ab", "ba", 2)] {
            assert_eq!(distance(one, other), wanted);
        }
    }
}
