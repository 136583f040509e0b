//! Makers of servers and of their controllers by IANA enterprise number, named as the registry does, as `ipmitool`
//! 1.8.19 prints them; older ones print names of their own (`Supermicro`), so compare by number where it matters.

/// The maker's name.
pub fn name(number: u32) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

#[rustfmt::skip]
const NAMES: &[(u32, &str)] = &[
    (0,      "Unknown"),
    (2,      "IBM"),
    (9,      "ciscoSystems"),
    (11,     "Hewlett-Packard"),
    (42,     "Sun Microsystems"),
    (111,    "Oracle"),
    (116,    "Hitachi"),
    (119,    "NEC Corporation"),
    (186,    "Toshiba Corporation"),
    (211,    "FUJITSU LIMITED"),
    (343,    "Intel Corporation"),
    (674,    "Dell Inc."),
    (2011,   "HUAWEI Technology Co.,Ltd"),
    (2623,   "ASUSTek Computer Inc."),
    (3902,   "ZTE Corporation"),
    (4337,   "RadiSys Corporation"),
    (4753,   "MontaVista Software, Inc."),
    (5703,   "NVIDIA Corporation"),
    (5771,   "Cisco SPVTG"),
    (6653,   "Tyan Computer Corporation"),
    (7154,   "IPMI forum"),
    (7244,   "Quanta Computer Inc."),
    (10368,  "Fujitsu Siemens"),
    (10876,  "Super Micro Computer Inc."),
    (11129,  "Google, Inc."),
    (15000,  "Kontron Canada Inc."),
    (15370,  "Giga-Byte Technology Co., Ltd."),
    (19046,  "Lenovo Enterprise Business Group"),
    (20301,  "IBM eServer X"),
    (20974,  "American Megatrends, Inc."),
    (25506,  "H3C"),
    (33049,  "Mellanox Technologies LTD"),
    (37945,  "Inspur Group Co.,Ltd."),
    (40092,  "Wiwynn Corporation"),
    (40981,  "Facebook, Inc."),
    (47196,  "Hewlett Packard Enterprise"),
    (47488,  "Super Micro Computer Inc."),
    (49622,  "ASRockRack Incorporation"),
    (49769,  "YADRO"),
    (49871,  "OpenBMC Project"),
    (52538,  "Ampere Computing"),
    (0xf_ffff, "Unspecified"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_none_is_twice() {
        assert!(NAMES.is_sorted_by(|before, after| before.0 < after.0));
        assert_eq!(name(674), Some("Dell Inc."));
        assert_eq!(name(1), None);
    }
}
