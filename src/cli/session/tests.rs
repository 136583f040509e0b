use super::*;
use crate::cli::node::tests::{Answers, Hasty};

const LOCKED: &str = r#"{"error_message": "{\"faultstring\": \"Node n1 is locked by host rack\"}"}"#;

/// Sends one PUT; returns what came of it, what was noted, and the requests.
async fn put(answers: Answers) -> (Result<Answer, CliError>, String, usize) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let clock = Hasty::default();
    let mut console = Console::plain(&mut out, &mut err);
    let mut session = Session {
        link: &answers,
        console: &mut console,
        clock: &clock,
        url: "http://api",
        json: false,
        heard: None,
    };
    let result = session.put("/v1/nodes/n1".into(), Value::Null).await;
    (result, String::from_utf8(err).unwrap(), answers.asked().len())
}

#[tokio::test]
async fn a_lock_is_waited_out_and_said() {
    let (result, noted, asked) = put(Answers::new([(409, LOCKED), (409, LOCKED), (202, "")])).await;
    assert_eq!(result.unwrap().status, 202);
    assert_eq!(asked, 3);
    assert_eq!(
        noted,
        "ferric: Node n1 is locked by host rack; trying again (1 of 5)\n\
         ferric: still locked; trying again (2 of 5)\n"
    );
}

#[tokio::test]
async fn a_lock_that_stays_is_given_up() {
    let (result, _, asked) = put(Answers::new([(409, LOCKED); 9])).await;
    assert!(matches!(result, Err(CliError::Refused(fault)) if fault.is_locked()));
    assert_eq!(asked, 6);
}

#[tokio::test]
async fn other_refusals_are_not_tried_again() {
    let (result, noted, asked) = put(Answers::new([(409, "{}"), (202, "")])).await;
    assert!(matches!(result, Err(CliError::Refused(fault)) if fault.status == 409));
    assert_eq!((noted.as_str(), asked), ("", 1));
}

#[tokio::test]
async fn json_goes_into_a_pipe_byte_for_byte_and_is_indented_for_a_person() {
    let answers = Answers::new([]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let clock = Hasty::default();
    let answer = Answer { status: 200, body: br#"{"b": 1,"a":2}"#.to_vec() };
    let mut console = Console::plain(&mut out, &mut err);
    for terminal in [false, true] {
        console.terminal = terminal;
        let mut session = Session {
            link: &answers,
            console: &mut console,
            clock: &clock,
            url: "http://api",
            json: true,
            heard: None,
        };
        session.print_answer(&answer).unwrap();
    }
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text, "{\"b\": 1,\"a\":2}\n{\n  \"a\": 2,\n  \"b\": 1\n}\n");
}

#[test]
fn json_for_a_terminal_holds_no_letter_that_moves_it() {
    let value = serde_json::json!({"a": "x\u{9b}2J\u{202e}y\u{1b}[0m\u{e0001}"});
    let shown = escaped(&format!("{value:#}"));
    assert!(shown.chars().all(|letter| letter == '\n' || is_visible(letter)), "{shown:?}");
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
}
