//! `ferric conductor`.

use crate::cli::resource::kind::{Kind, Paging, Sample};

pub const CONDUCTOR: Kind = Kind {
    words: "conductor",
    many: "conductors",
    about: "The daemon behind the API, as clients of Ironic see it",
    story: "\
There is one, this appliance:
  ferric conductor list",
    path: "/v1/conductors",
    key: "conductors",
    ident: "HOST",
    named: "Host name",
    columns: &["hostname", "conductor_group", "alive"],
    long: &["hostname", "conductor_group", "alive", "drivers", "created_at", "updated_at"],
    paging: Paging::Detailed,
    deleted_by_uuid: false,
    filters: &[],
    fields: &[],
    calls: &[],
    sample: Sample {
        ident: "rack-1",
        filter: "--long",
        create: &[],
        set: "",
        unset: "",
        created: "",
        changed: "",
        deleted: "",
    },
    settles: None,
};
