//! Sessions over IPMI: privileges, suites, and packets that are not as they should be.

use ferric::driver::capability::power::PowerSwitch;
use ferric::driver::error::DriverError;
use ferric::model::bmc::power::Power;
use ferric::twin::ipmi::quirk::Quirk;
use ferric::twin::ipmi::settings::Account;
use ferric::twin::ipmi::weather::Faults;
use ferric::wire::ipmi::id::Privilege;
use serde_json::json;

use crate::station::Station;

/// Asserts that IPMI 1.5 comes to nothing here, and 2.0 does.
async fn new_only(station: &Station) {
    station.off_and_on().await;
    let old = station.hardware_as(|node| {
        node.wished.driver_info.insert("ipmi_protocol_version".to_owned(), json!("1.5"));
    });
    old.power.unwrap().state().await.unwrap_err();
}

stations! {
    the_same_level_is_asked_for_twice, "any-opensess-privilege", |station| {
        station.off_and_on().await;
    };

    a_refused_administrator_is_an_operator, "any-admin-refused", |station| {
        station.off_and_on().await;
    };

    capabilities_are_asked_for_without_the_new_bit, "any-v15-reserved", |station| {
        station.off_and_on().await;
    };

    suite_3_follows_a_refused_17, "any-suite17-missing", |station| {
        station.off_and_on().await;
    };

    a_maker_without_1_5, "hpe-no-lan15", |station| {
        new_only(&station).await;
    };

    another_maker_without_1_5, "smc-ipmi-no-15", |station| {
        new_only(&station).await;
    };

    a_suite_is_refused_in_another_word, "smc-ipmi-suite-0-12", |station| {
        station.service.configure(|settings| settings.suites = vec![3]);
        station.off_and_on().await;
    };

    a_proof_that_comes_late, "openbmc-ipmi-rakp-late", |station| {
        station.off_and_on().await;
    };

    flags_that_are_wrong_stop_nothing, "asus-authcap", |station| {
        station.off_and_on().await;
    };

    a_level_that_is_held_down_is_told, "gigabyte-callback", |station| {
        let refused = station.state().await.unwrap_err().to_string();
        assert!(refused.to_lowercase().contains("privilege"), "{refused}");
    };

    keys_of_the_first_level_and_broken_suites, "sun-ilom", |station| {
        station.off_and_on().await;
    };

    the_account_s_own_level_is_asked_for, "xyratex-privilege", |station| {
        station.off_and_on().await;
    };

    answers_with_wrong_sums, "smc-ipmi-checksum", |station| {
        station.off_and_on().await;
    };

    numbers_that_skip, "asrock-shared-seq", |station| {
        station.off_and_on().await;
    };

    a_busy_bmc_is_asked_again, "any-node-busy", |station| {
        station.off_and_on().await;
    };

    a_proof_that_is_counted_too_long_is_read, "smc-ipmi-rakp2-len", |station| {
        station.off_and_on().await;
    };

    names_are_hashed_filled_and_passwords_cut, "intel-ipmi20", |station| {
        station.off_and_on().await;
        let long = "twenty bytes of word";
        station.service.configure(|settings| {
            settings.accounts = vec![Account::new("admin", long, Privilege::Administrator)];
            settings.suites = vec![8];
        });
        let md5 = station.hardware_as(|node| {
            node.wished.driver_info.insert("ipmi_password".to_owned(), json!(long));
            node.wished.driver_info.insert("ipmi_cipher_suite".to_owned(), json!("8"));
        });
        assert_eq!(md5.power.unwrap().state().await, Ok(Power::On));
        assert_eq!(station.service.seen().refused, 0);
    };

    answers_under_no_session_are_proven_by_their_code, "tyan-zero-session", |station| {
        station.off_and_on().await;
        let old = station.hardware_as(|node| {
            node.wished.driver_info.insert("ipmi_protocol_version".to_owned(), json!("1.5"));
        });
        assert_eq!(old.power.unwrap().state().await, Ok(Power::On));
    };

    suites_are_not_asked_for_where_that_is_lost_time, "any-no-cipher-query", |station| {
        station.off_and_on().await;
        station.naive_cipher_query().await;
    };
}

/// Neither oddity makes a wrong password right, nor is more tried with it than with any other board.
#[tokio::test]
async fn a_wrong_password_is_wrong_everywhere() {
    for id in ["smc-ipmi-rakp2-len", "intel-ipmi20", "tyan-zero-session"] {
        let station = Station::odd(id).await;
        let wrong = station.hardware_as(|node| {
            node.wished.driver_info.insert("ipmi_password".to_owned(), json!("wrong"));
        });
        let refused = wrong.power.unwrap().state().await.unwrap_err().to_string();
        assert!(refused.contains("password is wrong"), "{id}: {refused}");
        let seen = station.service.seen();
        assert_eq!((seen.refused, seen.logins), (0, 0), "{id}: no proof was sent");
    }
}

#[tokio::test]
async fn an_operator_s_account_is_told_what_it_lacks() {
    let station = Station::odd("xyratex-privilege").await;
    station.service.configure(|settings| {
        settings.accounts = vec![Account::new("admin", "secret", Privilege::User)];
    });
    let refused = station.state().await.unwrap_err();
    assert!(!matches!(refused, DriverError::Silent { .. }), "{refused}");
}

/// The repeat that some controllers refuse is never sent: where the answer was lost, a new handshake begins.
#[tokio::test]
async fn a_lost_handshake_starts_anew() {
    let station = Station::odd("any-rakp-no-duplicates").await;
    let mut seen = 0;
    for nth in 2..=6 {
        station.service.fail(Faults { lose_answers: nth, ..Faults::default() });
        seen += u32::from(PowerSwitch::state(&station.anew()).await.is_ok());
    }
    assert!(seen >= 3, "{seen} of 5");
    assert_eq!(station.service.bitten(Quirk::RakpNoRepeat), 0);
}
