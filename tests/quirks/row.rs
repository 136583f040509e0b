//! How a row is written: the id of its quirk, the controller that has it, and what is done and expected.

/// Tests, one a row: `name, "id", settings, |rig| { ... };`. Each ends with the question whether the oddity showed.
macro_rules! rows {
    ($($name:ident, $id:literal, $settings:expr, |$rig:ident| $body:block;)+) => {
        /// The ids of the rows that are tested here.
        pub const IDS: &[&str] = &[$($id),+];

        $(
            #[tokio::test]
            async fn $name() {
                let $rig = crate::rig::Rig::odd($id, $settings).await;
                $body
                $rig.assert_bitten($id);
            }
        )+
    };
}

/// The same over IPMI.
macro_rules! stations {
    ($($name:ident, $id:literal, |$station:ident| $body:block;)+) => {
        /// The ids of the rows that are tested here.
        pub const IDS: &[&str] = &[$($id),+];

        $(
            #[tokio::test]
            async fn $name() {
                let $station = crate::station::Station::odd($id).await;
                $body
                $station.assert_bitten($id);
            }
        )+
    };
}
