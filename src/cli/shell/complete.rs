//! What a shell reads to complete words. clap writes the scripts; for bash it tears values with blanks apart and offers
//! files everywhere, so that is mended, and names of nodes are asked for.

use std::collections::BTreeSet;
use std::fmt::Write;

use clap::builder::ValueParser;
use clap::{Arg, Command, CommandFactory, ValueHint};
use clap_complete::aot::{self, generate};

use crate::cli::arguments::Arguments;
use crate::cli::arguments::shell::Shell;
use crate::cli::shell::each_arg;

/// What a shell reads to complete `ferric` and all below it.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut command = each_arg(Arguments::command(), &hinted);
    let mut script = Vec::new();
    let shell = match shell {
        Shell::Bash => return bash(command).into_bytes(),
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
    };
    generate(shell, &mut command, NAME, &mut script);
    script
}

/// Files are offered where a file is wanted, and nowhere else.
fn hinted(arg: Arg) -> Arg {
    let name = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    let hint = match name.as_deref() {
        _ if !arg.get_possible_values().is_empty() || !arg.get_action().takes_values() => return arg,
        Some("DIR") => ValueHint::DirPath,
        Some(name) if name.split('|').any(|part| part == "FILE") => ValueHint::FilePath,
        _ if arg.get_value_hint() == ValueHint::Unknown => ValueHint::Other,
        _ => return arg,
    };
    arg.value_hint(hint)
}

fn bash(mut command: Command) -> String {
    let mut script = Vec::new();
    generate(aot::Shell::Bash, &mut command, NAME, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    let mut lists = BTreeSet::new();
    spaced(&command, &mut lists);
    for names in lists {
        let torn = format!("COMPREPLY=($(compgen -W \"{}\" -- \"${{cur}}\"))", names.join(" "));
        let whole: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
        script = script.replace(&torn, &format!("_ferric_words \"${{cur}}\" {}", whole.join(" ")));
    }
    // The asking function stands in front of clap's, and decides itself where files are offered.
    let registered = script.find("\nif [[ \"${BASH_VERSINFO[0]}\" -eq 4").unwrap_or(script.len());
    script.truncate(registered);
    let mut places = Places::default();
    places.gather(&command, "");
    let Places { one, many, files } = places;
    let (one, files) = (patterns(&one, ""), patterns(&files, "*"));
    let many = patterns(&many, "*");
    let asking = BASH.replace("@ONE@", &one).replace("@MANY@", &many).replace("@FILES@", &files);
    // Writing to a text cannot fail.
    write!(script, "{asking}").ok();
    script
}

/// The lists of values of which some have blanks.
fn spaced(command: &Command, lists: &mut BTreeSet<Vec<String>>) {
    for arg in command.get_arguments() {
        let values = arg.get_possible_values();
        let names: Vec<String> = values.iter().map(|value| value.get_name().to_owned()).collect();
        if names.iter().any(|name| name.contains(' ')) {
            lists.insert(names);
        }
    }
    command.get_subcommands().for_each(|below| spaced(below, lists));
}

/// Commands by what stands behind them without an option.
#[derive(Default)]
struct Places {
    /// One node, then something else.
    one: Vec<String>,
    /// Nodes.
    many: Vec<String>,
    files: Vec<String>,
}

impl Places {
    fn gather(&mut self, command: &Command, path: &str) {
        for below in command.get_subcommands() {
            let path = format!("{path} {}", below.get_name());
            for arg in below.get_positionals() {
                let name = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
                let several = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
                match name {
                    Some("NODE") if several => self.many.push(path.clone()),
                    Some("NODE") => self.one.push(path.clone()),
                    _ if wants_file(arg) => self.files.push(path.clone()),
                    _ => {}
                }
            }
            self.gather(below, &path);
        }
    }
}

fn wants_file(arg: &Arg) -> bool {
    let path = ValueParser::path_buf().type_id();
    arg.get_value_hint() == ValueHint::FilePath || arg.get_value_parser().type_id() == path
}

fn patterns(paths: &[String], more: &str) -> String {
    let all: Vec<String> = paths.iter().map(|path| format!("\"{path}\"{more}")).collect();
    if all.is_empty() { "\"\"".to_owned() } else { all.join("|") }
}

const NAME: &str = "ferric";

/// Values with blanks as one word each, names of nodes and drivers as the API has them, and files only where one is
/// wanted. Who cannot be asked within two seconds names nothing.
const BASH: &str = r#"
_ferric_words() {
    local cur=$1 word
    shift
    COMPREPLY=()
    for word in "$@"; do
        printf -v word %q "$word"
        [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
    done
    return 0
}

_ferric_names() {
    local names
    names=$(timeout 2 ferric "$1" list --fields name 2>/dev/null | tail -n +2)
    COMPREPLY=($(compgen -W "$names" -- "$2"))
}

_ferric_asking() {
    local word path="" cur=$2 prev=$3
    _ferric "$@"
    case "$prev" in
        --node) compopt +o nospace 2>/dev/null; _ferric_names node "$cur"; return 0 ;;
        --driver) compopt +o nospace 2>/dev/null; _ferric_names driver "$cur"; return 0 ;;
        --json) ;;
        -*) return 0 ;;
    esac
    [[ $cur == -* ]] && return 0
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] || path="$path $word"
    done
    case "$path" in
        @ONE@) _ferric_names node "$cur" ;;
        @MANY@) _ferric_names node "$cur" ;;
        @FILES@) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur")) ;;
    esac
    return 0
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _ferric_asking -o nosort ferric
else
    complete -F _ferric_asking ferric
fi
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_is_told_of_every_resource() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = String::from_utf8(completions(shell)).unwrap();
            for word in ["portgroup", "connector", "allocation", "boot-device", "completions"] {
                assert!(script.contains(word), "{shell:?} {word}");
            }
        }
    }

    #[test]
    fn states_with_blanks_stay_whole_and_nodes_are_asked_for() {
        let script = String::from_utf8(completions(Shell::Bash)).unwrap();
        assert!(script.contains("'wait call-back'") && !script.contains("compgen -W \"enroll"));
        assert!(script.contains("\" node show\"|") && script.contains("\" node manage\"*|"));
        assert!(script.contains("\" ramdisk import\"*"));
    }
}
