//! Paths and queries of the agent's command API. They hold the token: never log them.

use crate::base::secret::Secret;

/// `POST` to run a command; `wait` joins it. Without the trailing slash the agent answers 308.
pub fn run(token: &Secret, wait: bool) -> String {
    format!("/v1/commands/?{}", query(token, Some(wait)))
}

/// `GET` every result since the agent's boot.
pub fn list(token: &Secret) -> String {
    format!("/v1/commands/?{}", query(token, None))
}

/// `GET` one result; `wait` joins it.
pub fn one(id: &str, token: &Secret, wait: bool) -> String {
    let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
    let id = id.to_string().replace("%2D", "-");
    format!("/v1/commands/{id}?{}", query(token, wait.then_some(true)))
}

/// `GET` the agent's version; needs no token.
pub const STATUS: &str = "/v1/status";

fn query(token: &Secret, wait: Option<bool>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(wait) = wait {
        query.append_pair("wait", if wait { "true" } else { "false" });
    }
    query.append_pair("agent_token", token.reveal()).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_that_were_recorded() {
        let token = Secret::new("T-_0");
        assert_eq!(run(&token, true), "/v1/commands/?wait=true&agent_token=T-_0");
        assert_eq!(run(&token, false), "/v1/commands/?wait=false&agent_token=T-_0");
        assert_eq!(list(&token), "/v1/commands/?agent_token=T-_0");
        let id = "620bf0db-0c64-4799-bd73-168d98121d8e";
        assert_eq!(one(id, &token, true), format!("/v1/commands/{id}?wait=true&agent_token=T-_0"));
        assert_eq!(one(id, &token, false), format!("/v1/commands/{id}?agent_token=T-_0"));
    }

    #[test]
    fn a_foreign_id_cannot_leave_its_place() {
        assert_eq!(
            one("../x?a=b", &Secret::new("T"), false),
            "/v1/commands/%2E%2E%2Fx%3Fa%3Db?agent_token=T"
        );
    }
}
