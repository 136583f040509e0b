//! What is asked in a session over IPMI: power, boot options, sensors, inventories, the console.

use std::time::Duration;

use ferric::driver::Hardware;
use ferric::model::Object;
use ferric::model::bmc::Keep;
use ferric::model::bmc::power::Power;
use ferric::model::bmc::power::PowerWish;
use ferric::model::boot::BootDevice;
use ferric::model::node::Node;
use ferric::twin::ipmi::quirk::Quirk;
use ferric::twin::progress::Stage;
use ferric::wire::ipmi::ask::Ask;
use ferric::wire::ipmi::data::chassis::Control;
use serde_json::json;

use crate::station::Station;

fn supermicro(node: &mut Node) {
    node.wished.properties.insert("vendor".to_owned(), json!("Supermicro"));
}

async fn readings(station: &Station) -> Object {
    station.power(PowerWish::On).await.unwrap();
    station.hardware().sensors.unwrap().readings().await.unwrap()
}

/// Asserts that as many sensors are read with the oddity as without; values move.
async fn same_sensors(station: &Station, quirk: Quirk) {
    let odd = readings(station).await;
    station.service.set_quirk(quirk, false);
    let plain = ferric::driver::capability::sensors::Sensors::readings(&station.anew()).await.unwrap();
    let count = |all: &Object| {
        all.values().filter_map(|kind| kind.as_object()).map(serde_json::Map::len).sum::<usize>()
    };
    assert!(count(&plain) > 5, "{plain:?}");
    assert_eq!(count(&odd), count(&plain), "{odd:?}");
}

stations! {
    a_device_that_does_not_outlive_the_start_is_set_at_every_one, "any-boot-flag-60s", |station| {
        let forced = || station.hardware_as(|node| {
            node.wished.driver_info.insert("ipmi_force_boot_device".to_owned(), json!(true));
        });
        let choice = forced().boot_device.unwrap().set(BootDevice::Pxe, true).await.unwrap();
        assert_eq!(choice.keep, Keep::Device);
        for _ in 0..2 {
            forced().boot_device.unwrap().set(BootDevice::Pxe, false).await.unwrap();
            let power = forced().power.unwrap();
            assert_eq!(power.set(PowerWish::On, Duration::from_mins(2)).await, Ok(Power::On));
            assert_ne!(station.server.progress().stage, Stage::Installed);
            power.set(PowerWish::Off, Duration::from_mins(2)).await.unwrap();
        }
        // What is told to last does not.
        station.hardware().boot_device.unwrap().set(BootDevice::Pxe, true).await.unwrap();
        station.off_and_on().await;
        assert_eq!(station.server.progress().stage, Stage::Installed);
    };

    texts_of_the_inventory_are_cleaned, "any-fru-noise", |station| {
        let inventory = station.driven().inventory(0).await.unwrap();
        let board = inventory.board.unwrap();
        let product = inventory.product.unwrap();
        assert_eq!((board.maker.as_str(), product.name.as_str()), ("Ferric", "Twin"));
        assert!(!product.serial.contains('\0') && !product.serial.ends_with('\u{ff}'), "{product:?}");
        assert!(board.part.chars().all(|letter| !letter.is_control()), "{board:?}");
    };

    off_when_off_is_no_error, "any-off-when-off", |station| {
        assert_eq!(station.power(PowerWish::Off).await, Ok(Power::Off));
        assert_eq!(station.power(PowerWish::SoftOff).await, Ok(Power::Off));
        station.off_and_on().await;
    };

    records_that_cannot_be_read_are_passed_over, "any-sdr-reservation", |station| {
        readings(&station).await;
        station.off_and_on().await;
    };

    a_console_of_the_dead_is_taken_over, "any-sol-active", |station| {
        station.assert_console().await;
    };

    a_packet_that_is_too_short_is_dropped, "any-runt-packet", |station| {
        station.assert_console().await;
    };

    a_capacity_of_nought_is_one, "dell-ipmi-sol-limit", |station| {
        station.assert_console().await;
        // Get Payload Activation Status of SOL: what would say that there is room for none.
        station.naive(Ask::new(6, 0x4a, vec![1])).await;
    };

    the_length_that_came_counts, "hpe-sdr-length", |station| {
        readings(&station).await;
        station.off_and_on().await;
    };

    the_id_that_was_asked_for_counts, "smc-ipmi-sdr-id", |station| {
        same_sensors(&station, Quirk::RecordId).await;
    };

    the_walk_goes_to_the_end, "fujitsu-sdr-count", |station| {
        same_sensors(&station, Quirk::RecordCount).await;
    };

    the_walk_ends_at_what_was_seen, "inspur-sdr-end", |station| {
        same_sensors(&station, Quirk::RecordsLoop).await;
    };

    the_disk_of_uefi_has_another_code, "smc-ipmi-uefi-disk", |station| {
        let hardware = station.hardware_as(supermicro);
        assert_eq!(station.boots(&hardware, BootDevice::Disk).await, Stage::Installed);
    };

    pxe_of_uefi_is_asked_for_as_of_old, "smc-ipmi-efi-pxe", |station| {
        // By a driver that does not know the machine: the oddity shows.
        assert_eq!(station.boots(&station.hardware(), BootDevice::Pxe).await, Stage::Installed);
        station.power(PowerWish::Off).await.unwrap();
        station.service.configure(|settings| {
            settings.maker = (10_876, 2404);
            settings.product = ("Supermicro".to_owned(), "X11DSC+".to_owned());
        });
        let anew = station.anew().hardware();
        assert_ne!(station.boots(&anew, BootDevice::Pxe).await, Stage::Installed);
    };

    setup_is_asked_for_as_the_vendor_s_tool_does, "smc-ipmi-bios-raw", |station| {
        let set = async |hardware: Hardware| hardware.boot_device.unwrap().set(BootDevice::Bios, false).await;
        set(station.hardware()).await.unwrap_err();
        let choice = set(station.hardware_as(supermicro)).await.unwrap();
        assert_eq!(choice.device, Some(BootDevice::Bios));
    };

    a_reset_of_what_is_off_is_a_start, "smc-ipmi-reset-off", |station| {
        assert_eq!(station.power(PowerWish::Reset).await, Ok(Power::On));
        assert_eq!(station.server.progress().boots, 1);
        station.power(PowerWish::Off).await.unwrap();
        station.naive(Control::Reset.ask()).await;
        assert_eq!(station.state().await, Ok(Power::Off));
    };

    a_port_with_its_bytes_swapped_is_not_looked_at, "smc-ipmi-sol-port", |station| {
        station.assert_console().await;
    };

    a_console_that_is_closed_at_once_is_opened_again, "ami-sol-drops", |station| {
        station.assert_console().await;
    };

    a_boot_option_that_is_not_there_stops_nothing, "openbmc-ipmi-timeout-param", |station| {
        assert_eq!(station.boots(&station.hardware(), BootDevice::Disk).await, Stage::Installed);
    };

    without_a_cycle_there_is_a_reset, "openbmc-ipmi-no-cycle", |station| {
        station.off_and_on().await;
        assert_eq!(station.power(PowerWish::Reset).await, Ok(Power::On));
        assert_eq!(station.server.progress().boots, 3);
        station.naive(Control::Cycle.ask()).await;
    };

    a_console_that_ends_at_the_start_comes_back, "openbmc-sol-keepalive", |station| {
        let console = station.hardware().console.unwrap().open().await.unwrap();
        station.power(PowerWish::On).await.unwrap();
        tokio::time::timeout(Duration::from_secs(20), station.assert_line(console)).await.unwrap();
    };

    pings_that_are_not_answered_stop_nothing, "intel-sol-stalls", |station| {
        station.assert_console().await;
        station.ping(Quirk::NoPing).await;
    };
}

/// Who the machine is is asked once, with the first look, and is recorded.
#[tokio::test]
async fn a_machine_is_known_after_a_look() {
    let station = Station::odd("any-fru-noise").await;
    station.state().await.unwrap();
    let identity = station.recorded().bmc.identity;
    assert_eq!((identity.manufacturer.as_str(), identity.model.as_str()), ("Ferric", "Twin / Twin Board"));
    assert!(!identity.firmware.is_empty() && identity.bmc_manufacturer == "IPMI forum", "{identity:?}");
    let before = station.service.seen().commands;
    station.state().await.unwrap();
    assert_eq!(station.service.seen().commands, before + 1);
}
