//! Manual pages: what can be made of the definitions, and what a page has besides.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use clap::{Arg, Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::arguments::Arguments;
use crate::cli::shell::{asks, each_arg};

/// The page of the command itself.
pub fn page() -> io::Result<Vec<u8>> {
    render(whole(), None)
}

/// Writes a page for each command into `dir`, which is made if it is missing; how many there are.
pub fn pages(dir: &Path) -> io::Result<usize> {
    if dir.exists() && !dir.is_dir() {
        return Err(io::Error::new(ErrorKind::NotADirectory, "it is there, and is no folder"));
    }
    std::fs::create_dir_all(dir)?;
    write(whole(), dir, None)
}

/// All commands, with all texts that `--help` has.
fn whole() -> Command {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    each_arg(command, &|arg| arg.hide_short_help(false))
}

fn write(command: Command, dir: &Path, above: Option<&str>) -> io::Result<usize> {
    let name = name(&command);
    let mut count = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        count += write(below.clone(), dir, Some(&name))?;
    }
    std::fs::write(dir.join(format!("{name}.1")), render(command, above)?)?;
    Ok(count)
}

fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn render(command: Command, above: Option<&str>) -> io::Result<Vec<u8>> {
    let story = command.get_after_help().map(ToString::to_string);
    let (parent, asks, top) = (command.has_subcommands(), asks(&command), command.get_name() == "ferric");
    let usage = usage(&command);
    let man = Man::new(command.override_usage(usage)).manual("Ferric");
    let man = man.source(concat!("ferric ", env!("CARGO_PKG_VERSION")));
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
        section(&mut page, "EXAMPLES", &story)?;
    }
    if asks {
        section(&mut page, "ENVIRONMENT", ENVIRONMENT)?;
    }
    section(&mut page, "EXIT STATUS", if asks { STATUS } else { OWN_STATUS })?;
    let also = above.filter(|above| *above != "ferric");
    let also: Vec<&str> = also.into_iter().chain((!top).then_some("ferric")).collect();
    if !also.is_empty() {
        let pages: Vec<String> = also.iter().map(|name| format!("{name}(1)")).collect();
        section(&mut page, "SEE ALSO", &pages.join(", "))?;
    }
    Ok(page)
}

/// Lines as they are.
fn section(page: &mut Vec<u8>, title: &str, text: &str) -> io::Result<()> {
    writeln!(page, ".SH {title}\n.nf")?;
    text.lines().try_for_each(|line| writeln!(page, "{}", literal(line)))?;
    writeln!(page, ".fi")
}

/// How it is called, with the values of its options. The login has a section of its own.
fn usage(command: &Command) -> String {
    let mut words = vec![command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned()];
    let shown = |arg: &&Arg| !arg.is_hide_set() && arg.get_help_heading().is_none();
    let (placed, options): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(shown).partition(|arg| arg.is_positional());
    for option in options {
        let text = option.to_string();
        words.push(if option.is_required_set() { text } else { format!("[{text}]") });
    }
    words.extend(placed.iter().map(ToString::to_string));
    if command.has_subcommands() {
        words.push(if command.is_subcommand_required_set() { "<COMMAND>" } else { "[COMMAND]" }.to_owned());
    }
    words.join(" ")
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

const ENVIRONMENT: &str = "\
FERRIC_URL         address of the API, unless --url says it
FERRIC_CA          file with who vouches for its certificate, unless --ca does
FERRIC_TOKEN       token to log in with
FERRIC_TOKEN_FILE  file whose first line is the token
OS_TOKEN           token, if neither of these is set
OS_USERNAME        user to log in as
OS_PASSWORD        the user's password
NO_COLOR           if set, nothing is coloured";

const STATUS: &str = "\
0  done
1  refused, or the API could not be asked
2  the command line, or a file that it names, is wrong
3  waited too long
4  what was waited for ended in a failure";

const OWN_STATUS: &str = "\
0  done
1  it did not work
2  the command line is wrong";

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_page_says_how_to_call_to_log_in_and_what_the_exit_code_is() {
        let dir = tempfile::TempDir::new().unwrap();
        pages(dir.path()).unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap().replace('\\', "");
        let page = read("ferric-node-deploy.1");
        for wanted in [
            "[--image <URL>]",
            "<NODE>...",
            "everybody on this host sees it",
            ".SH ENVIRONMENT",
            "FERRIC_TOKEN_FILE",
            ".SH \"EXIT STATUS\"",
            "waited too long",
            "ferric-node(1), ferric(1)",
        ] {
            let wanted = wanted.replace('"', "");
            assert!(page.contains(&wanted), "{wanted}: {page}");
        }
        let page = read("ferric-serve.1");
        assert!(!page.contains("FERRIC_TOKEN") && page.contains("ferric(1)"), "{page}");
    }

    #[test]
    fn a_file_is_no_folder_for_pages() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(pages(file.path()).unwrap_err().to_string().contains("no folder"));
    }

    #[test]
    fn no_line_is_taken_for_a_request() {
        assert_eq!(literal(r".a\b 'c'"), r"\&.a\eb \(aqc\(aq");
    }
}
