//! Errors as BMCs word them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn fault(status: u16, body: &Value) -> Fault {
    Fault::parse(status, body.to_string().as_bytes())
}

fn with(status: u16, message: &Value) -> Fault {
    fault(
        status,
        &json!({"error": {"code": "Base.1.8.GeneralError", "message": "see", "@Message.ExtendedInfo": [message]}}),
    )
}

#[test]
fn the_worst_message_comes_first() {
    let body = json!({"error": {"message": "general", "@Message.ExtendedInfo": [
        {"MessageId": "A.Ok", "Message": "fine", "Severity": "OK"},
        {"MessageId": "A.Warn", "Message": "careful", "Severity": "Warning"},
        {"MessageId": "A.Bad", "Message": "broken", "MessageSeverity": "Critical"}]}});
    let fault = fault(400, &body);
    assert_eq!(fault.to_string(), "HTTP 400: broken");
    assert_eq!(fault.messages.iter().map(Message::key).collect::<Vec<_>>(), ["Bad", "Warn", "Ok"]);
}

#[test]
fn messages_are_found_in_all_their_places() {
    let one = json!({"MessageId": "Base.1.0.ResourceInUse"});
    for body in [
        json!({"error": {"@Message.ExtendedInfo": [one]}}),
        json!({"error": {"@Message.ExtendedInfo": one}}),
        json!({"@Message.ExtendedInfo": [one]}),
        json!({"Boot@Message.ExtendedInfo": [one]}),
        json!({"Messages": [one]}),
        json!([{"error": {"@Message.ExtendedInfo": [one]}}]),
    ] {
        let fault = fault(400, &body);
        assert_eq!(fault.messages.len(), 1, "{body}");
        assert!(fault.message().starts_with("The change to the requested resource failed"), "{fault}");
    }
}

#[test]
fn what_is_no_json_is_named() {
    let page = Fault::parse(403, b"<!DOCTYPE html><html><head><title>Sign in</title>");
    assert_eq!(page.to_string(), "HTTP 403: an HTML page in place of JSON (sign in)");
    assert_eq!(Fault::parse(500, b"").to_string(), "HTTP 500 without a reason");
    assert_eq!(Fault::parse(500, b"oops").to_string(), "HTTP 500: text in place of JSON: oops");
    assert_eq!(fault(500, &json!({"error": "flat"})).to_string(), "HTTP 500: flat");
}

#[test]
fn the_first_of_two_documents_is_read() {
    let two = br#"{"error":{"@Message.ExtendedInfo":[{"MessageId":"X.LicenseRequired","Message":"no licence"}]}}{"Id":"1"}"#;
    let fault = Fault::parse(200, two);
    assert!(fault.is_licence());
    assert_eq!(fault.message(), "no licence");
}

#[test]
fn each_question_knows_its_answer() {
    let password = with(
        403,
        &json!({"MessageId": "Base.1.8.PasswordChangeRequired",
        "MessageArgs": ["/redfish/v1/AccountService/Accounts/1"]}),
    );
    assert!(password.is_password_change_required() && !password.is_licence());
    assert_eq!(password.account(), Some(Link::new("/redfish/v1/AccountService/Accounts/1")));
    assert!(with(403, &json!({"MessageId": "SMC.1.0.OemLicenseNotPassed"})).is_licence());
    assert!(with(400, &json!({"MessageId": "iLO.2.14.UnableToModifyDuringSystemPOST"})).is_in_post());
    assert!(with(409, &json!({"MessageId": "Base.1.8.ActionParameterValueConflict"})).is_value_conflict());
    assert!(with(500, &json!({"MessageId": "IDRAC.2.8.SYS518"})).is_busy());
    assert!(!with(409, &json!({"MessageId": "IDRAC.2.8.SYS518"})).is_busy());
    assert!(with(400, &json!({"MessageId": "iLO.2.14.InvalidOperationForSystemState"})).is_busy());
    assert!(with(503, &json!({"MessageId": "IDRAC.2.8.RAC0218"})).is_session_limit());
    assert!(with(428, &json!({"MessageId": "Ami.1.0.PreconditionHeaderMissing"})).wants_if_match());
    assert!(Fault::parse(412, b"").is_etag_refused());
    assert!(
        with(400, &json!({"MessageId": "Ami.1.0.OperationSupportedInFutureStateURI"})).wants_future_state()
    );
    assert!(with(400, &json!({"MessageId": "iLO.2.24.UnsupportedOperation"})).is_unsupported());
    assert!(with(400, &json!({"MessageId": "IDRAC.2.8.LC068"})).is_config_pending());
    assert!(with(400, &json!({"MessageId": "IDRAC.2.8.RAC0679"})).is_job_running());
    assert!(with(403, &json!({"Message": "System is in Lockdown mode"})).is_lockdown());
    let late = with(500, &json!({"MessageId": "IDRAC.2.8.SYS029", "Message": "@Redfish.OperationApplyTime"}));
    assert!(late.refuses_apply_time());
    assert!(with(400, &json!({"MessageId": "Base.1.8.PropertyValueNotInList"})).is_value_refused());
}

#[test]
fn texts_tell_the_power_that_is_there() {
    let already = |text: &str| with(400, &json!({ "Message": text })).already();
    assert_eq!(already("The Host is powered OFF."), Some(Power::Off));
    assert_eq!(already("Server is already powered ON"), Some(Power::On));
    assert_eq!(already("no"), None);
}

#[test]
fn missing_parameters_are_told_apart() {
    let by_args = with(
        400,
        &json!({"MessageId": "Base.1.18.ActionParameterMissing",
        "MessageArgs": ["VirtualMedia.InsertMedia", "TransferProtocolType"]}),
    );
    assert!(by_args.wants_transfer_protocol() && !by_args.wants_credentials());
    let related = with(
        400,
        &json!({"MessageId": "Base.1.8.PropertyMissing",
        "RelatedProperties": ["#/TransferProtocolType"]}),
    );
    assert!(related.wants_transfer_protocol());
    let vague =
        with(400, &json!({"MessageId": "Base.1.8.GeneralError", "Message": "TransferMethod is needed"}));
    assert!(vague.wants_transfer_method());
    assert!(with(400, &json!({"Message": "UserName must be given"})).wants_credentials());
    let unknown = with(400, &json!({"MessageId": "Base.1.8.PropertyUnknown", "MessageArgs": ["Inserted"]}));
    assert!(unknown.refuses("Inserted") && !unknown.refuses("WriteProtected"));
    let other = with(400, &json!({"MessageId": "Base.1.8.PropertyUnknown", "MessageArgs": ["UserName"]}));
    assert!(!other.wants_credentials());
}

#[test]
fn a_general_error_without_a_text_leaves_the_word_to_the_summary() {
    let silent = json!({"MessageId": "Base.1.0.GeneralError"});
    let body = json!({"error": {"message": "no such image", "@Message.ExtendedInfo": [silent]}});
    assert_eq!(fault(400, &body).to_string(), "HTTP 400: no such image");
    let told = json!({"MessageId": "Base.1.0.GeneralError", "Message": "the disk is full"});
    let body = json!({"error": {"message": "see", "@Message.ExtendedInfo": [told]}});
    assert_eq!(fault(400, &body).to_string(), "HTTP 400: the disk is full");
}

#[test]
fn a_code_that_tells_is_not_vague() {
    let coded =
        fault(400, &json!({"error": {"code": "Base.1.8.PropertyUnknown", "message": "no UserName here"}}));
    assert!(!coded.wants_credentials());
    let bare =
        fault(400, &json!({"error": {"code": "iLO.0.10.ExtendedInfo"}, "message": "UserName is needed"}));
    assert!(bare.wants_credentials());
    assert_eq!(bare.message(), "UserName is needed");
}

#[test]
fn a_secret_that_comes_back_is_hidden() {
    let echo = with(400, &json!({"Message": "bad value Hunter2", "MessageArgs": ["Hunter2"]}));
    let hidden = echo.hiding(&Secret::new("Hunter2"));
    assert!(!format!("{hidden:?}").to_lowercase().contains("hunter2"));
    assert_eq!(hidden.message(), "bad value ******");
}

#[test]
fn success_is_no_reason() {
    let body =
        json!({"error": {"@Message.ExtendedInfo": [{"MessageId": "Base.1.0.Success", "Message": "ok"}]}});
    assert_eq!(fault(400, &body).message(), "");
}

fn every_question(fault: &Fault) -> usize {
    let answers = [
        fault.is_unauthorized(),
        fault.is_password_change_required(),
        fault.is_licence(),
        fault.is_session_limit(),
        fault.is_lockdown(),
        fault.is_busy(),
        fault.is_in_post(),
        fault.is_value_conflict(),
        fault.may_be_there(),
        fault.is_config_pending(),
        fault.is_job_running(),
        fault.wants_if_match(),
        fault.is_etag_refused(),
        fault.wants_body(),
        fault.wants_transfer_protocol(),
        fault.wants_transfer_method(),
        fault.wants_credentials(),
        fault.refuses("Inserted"),
        fault.is_value_refused(),
        fault.wants_future_state(),
        fault.is_unsupported(),
        fault.refuses_apply_time(),
        fault.already().is_some(),
        fault.account().is_some(),
    ];
    answers.iter().filter(|answer| **answer).count()
}

proptest! {
    #[test]
    fn no_body_is_a_panic(status in 0_u16..700, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let fault = Fault::parse(status, &body);
        prop_assert!(every_question(&fault) < 24 && fault.message().chars().count() <= SHOWN);
    }

    #[test]
    fn no_json_is_a_panic(text in r#"\{"error":\{"@Message.ExtendedInfo":\[[{}\[\]0-9a-zA-Z",:.]{0,40}\]\}\}"#) {
        every_question(&Fault::parse(400, text.as_bytes()));
    }
}

#[test]
fn a_wrong_login_is_one_that_says_so() {
    let is_wrong = |status: u16, text: &str| Fault::parse(status, text.as_bytes()).is_wrong_login();
    let keyed =
        r#"{"error": {"@Message.ExtendedInfo": [{"MessageId": "iLO.2.14.UnauthorizedLoginAttempt"}]}}"#;
    assert!(is_wrong(401, keyed) && is_wrong(401, "Invalid username or password"));
    assert!(!is_wrong(401, "") && !is_wrong(403, keyed) && !is_wrong(401, "Unauthorized"));
    assert!(!is_wrong(401, r#"{"error": {"code": "Base.1.8.NoValidSession"}}"#));
}
