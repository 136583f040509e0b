//! Who a command says it is: what the command line says, else the environment, else a file with a token.
//!
//! `--token` | `--token-file` | `--user` with `--password`, `FERRIC_TOKEN` | `FERRIC_TOKEN_FILE`, `OS_TOKEN`,
//! `OS_USERNAME` with `OS_PASSWORD`, `~/.config/ferric/token`; the first that is there.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::base::secret::Secret;
use crate::cli::fault::CliError;

/// What the command line says of the login.
#[derive(Debug, Clone, Default)]
pub struct Said {
    pub token: Option<Secret>,
    pub token_file: Option<PathBuf>,
    pub user: Option<String>,
    pub password: Option<Secret>,
}

/// What the command line says, for all that this process asks: set once, before anything is asked.
pub fn say(said: Said) {
    // A second word changes nothing: a process has one command line.
    SAID.set(said).ok();
}

/// The value of `Authorization`; `None` for nobody.
pub(super) fn authorization() -> Result<Option<Secret>, CliError> {
    let said = SAID.get().cloned().unwrap_or_default();
    of(said, &|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

fn of(said: Said, env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Secret>, CliError> {
    let ways =
        [said.token.is_some(), said.token_file.is_some(), said.user.is_some() || said.password.is_some()];
    if ways.into_iter().filter(|&said| said).count() > 1 {
        return Err(CliError::Login("--token, --token-file and --user are three ways: give one".to_owned()));
    }
    if let Some(token) = said.token {
        if token.reveal().trim().is_empty() {
            return Err(CliError::Login("--token is empty; is a variable of the shell not set?".to_owned()));
        }
        return Ok(Some(bearer(token.reveal())));
    }
    if let Some(path) = said.token_file {
        return read(&path).map(Some);
    }
    let user = said.user.or_else(|| said.password.as_ref().and_then(|_| env("OS_USERNAME")));
    if said.password.is_some() && user.is_none() {
        let why = "--password goes with --user, or OS_USERNAME in the environment";
        return Err(CliError::Login(why.to_owned()));
    }
    if let Some(user) = user {
        let password = said.password.or_else(|| env("OS_PASSWORD").map(Secret::new));
        let password = password.ok_or_else(|| {
            CliError::Login("--user goes with --password, or OS_PASSWORD in the environment".to_owned())
        })?;
        return Ok(Some(basic(&user, password.reveal())));
    }
    if let Some(token) = env("FERRIC_TOKEN") {
        return Ok(Some(bearer(&token)));
    }
    if let Some(path) = env("FERRIC_TOKEN_FILE") {
        return read(Path::new(&path)).map(Some);
    }
    if let Some(token) = env("OS_TOKEN") {
        return Ok(Some(bearer(&token)));
    }
    if let (Some(user), Some(password)) = (env("OS_USERNAME"), env("OS_PASSWORD")) {
        return Ok(Some(basic(&user, &password)));
    }
    let folder = env("XDG_CONFIG_HOME").map(PathBuf::from);
    let folder = folder.or_else(|| env("HOME").map(|home| Path::new(&home).join(".config")));
    let kept = folder.map(|folder| folder.join("ferric/token")).filter(|path| path.exists());
    kept.map(|path| read(&path)).transpose()
}

fn bearer(token: &str) -> Secret {
    Secret::new(format!("Bearer {}", token.trim()))
}

fn basic(user: &str, password: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// The token that is a file's first line.
fn read(path: &Path) -> Result<Secret, CliError> {
    let wrong = |source| CliError::File { path: path.to_owned(), source };
    let mut text = String::new();
    fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text)).map_err(wrong)?;
    match text.lines().next().map(str::trim).filter(|line| !line.is_empty()) {
        Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(bearer(token)),
        Some(_) | None => Err(CliError::Login(format!("the first line of {} is no token", path.display()))),
    }
}

static SAID: OnceLock<Said> = OnceLock::new();

/// Bytes of a file that are looked at.
const LARGEST: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn with(said: Said, names: &[(&str, &str)]) -> Option<String> {
        let env =
            |name: &str| names.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        of(said, &env).unwrap().map(|secret| secret.reveal().to_owned())
    }

    #[test]
    fn the_first_that_is_there_counts() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("ferric/token");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "kept\n").unwrap();
        let kept = ("XDG_CONFIG_HOME", home.path().to_str().unwrap());
        let none = Said::default;
        assert_eq!(with(none(), &[]), None);
        assert_eq!(with(none(), &[kept]).as_deref(), Some("Bearer kept"));
        let all = [kept, ("OS_USERNAME", "u"), ("OS_PASSWORD", "p"), ("FERRIC_TOKEN", "t")];
        assert_eq!(with(none(), &all[..3]).as_deref(), Some("Basic dTpw"));
        assert_eq!(with(none(), &all).as_deref(), Some("Bearer t"));
        let user = Said { user: Some("v".to_owned()), ..none() };
        assert_eq!(with(user, &all).as_deref(), Some("Basic djpw"));
        let token = Said { token: Some(Secret::new("x")), ..none() };
        assert_eq!(with(token, &all).as_deref(), Some("Bearer x"));
        let file = Said { token_file: Some(file), ..none() };
        assert_eq!(with(file, &all).as_deref(), Some("Bearer kept"));
    }

    #[test]
    fn half_a_login_is_a_mistake_that_is_named() {
        let user = Said { user: Some("v".to_owned()), ..Said::default() };
        assert!(of(user, &|_| None).unwrap_err().to_string().contains("--password"));
        let alone = Said { password: Some(Secret::new("p")), ..Said::default() };
        assert!(of(alone.clone(), &|_| None).unwrap_err().to_string().contains("--user"));
        let env = [("OS_USERNAME", "u")];
        assert_eq!(with(alone, &env).as_deref(), Some("Basic dTpw"));
        let empty = Said { token: Some(Secret::new(" ")), ..Said::default() };
        assert!(of(empty, &|_| None).unwrap_err().to_string().contains("--token is empty"));
        let both = Said { token: Some(Secret::new("t")), user: Some("u".to_owned()), ..Said::default() };
        assert!(of(both, &|_| None).unwrap_err().to_string().contains("give one"));
        let file = Said { token_file: Some("/nowhere/token".into()), ..Said::default() };
        assert!(of(file, &|_| None).unwrap_err().to_string().contains("/nowhere/token"));
    }
}
