//! `ferric completions` and `ferric man`: the command line told to shells and to `man`, from its own definitions.

use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::aot::{self, generate};
use clap_mangen::Man;

use crate::cli::arguments::Arguments;
use crate::cli::arguments::shell::Shell;

/// What a shell reads to complete `ferric` and all below it.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    let shell = match shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
    };
    generate(shell, &mut command, "ferric", &mut script);
    script
}

/// The page of the command itself.
pub fn page() -> io::Result<Vec<u8>> {
    render(whole())
}

/// Writes a page for each command into `dir`, which is made if it is missing; how many there are.
pub fn pages(dir: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(dir)?;
    write(whole(), dir)
}

fn whole() -> Command {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    command
}

fn write(command: Command, dir: &Path) -> io::Result<usize> {
    let mut count = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        count += write(below.clone(), dir)?;
    }
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    std::fs::write(dir.join(format!("{name}.1")), render(command)?)?;
    Ok(count)
}

/// A page: what can be made of the definitions, then the examples line by line as help has them.
fn render(command: Command) -> io::Result<Vec<u8>> {
    let story = command.get_after_help().map(ToString::to_string);
    let parent = command.has_subcommands();
    let man = Man::new(command).manual("Ferric").source(concat!("ferric ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if parent {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(story) = story {
        writeln!(page, ".SH EXAMPLES\n.nf")?;
        story.lines().try_for_each(|line| writeln!(page, "{}", literal(line)))?;
        writeln!(page, ".fi")?;
    }
    Ok(page)
}

/// A line as roff prints it unchanged (groff(7): `\e` is a backslash, `\-` a minus, `\&` nothing, `\(aq` an apostrophe).
fn literal(line: &str) -> String {
    let mut shown = String::from(r"\&");
    for letter in line.chars() {
        match letter {
            '\\' => shown.push_str(r"\e"),
            '-' => shown.push_str(r"\-"),
            '\'' => shown.push_str(r"\(aq"),
            '`' => shown.push_str(r"\(ga"),
            '~' => shown.push_str(r"\(ti"),
            '^' => shown.push_str(r"\(ha"),
            other => shown.push(other),
        }
    }
    shown
}

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
    fn every_command_has_a_page_with_its_examples() {
        let dir = tempfile::TempDir::new().unwrap();
        let count = pages(&dir.path().join("man1")).unwrap();
        let names = std::fs::read_dir(dir.path().join("man1")).unwrap();
        assert_eq!(names.count(), count);
        assert!(count > 120, "{count}");
        let read = |name: &str| std::fs::read_to_string(dir.path().join("man1").join(name)).unwrap();
        let page = read("ferric-volume-target-create.1");
        assert!(page.contains(".SH EXAMPLES") && page.contains(r"\-\-volume\-type iscsi"), "{page}");
        assert!(read("ferric-node.1").contains("ferric\\-node\\-deploy(1)"));
        assert!(!dir.path().join("man1/ferric-help.1").exists());
    }

    #[test]
    fn no_line_is_taken_for_a_request() {
        assert_eq!(literal(r".a\b 'c'"), r"\&.a\eb \(aqc\(aq");
    }
}
