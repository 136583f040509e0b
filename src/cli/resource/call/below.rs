//! Calls that more than one resource has: traits, and what only a vendor's hardware can do.

use crate::cli::resource::field::{Field, Shape, field};

/// The calls about the traits of a resource.
macro_rules! traits {
    ($words:literal, $ident:literal) => {
        [
            $crate::cli::resource::call::call("list", "List them", "list traits", "/traits")
                .shown($crate::cli::resource::call::Shown::Words("traits"))
                .examples(&[concat!("ferric ", $words, " trait list ", $ident)]),
            $crate::cli::resource::call::call("add", "Add some", "add traits", "/traits/{trait}")
                .inputs($crate::cli::resource::call::below::TRAITS)
                .doing(
                    $crate::net::http::Method::Put,
                    $crate::cli::resource::call::Sends::Nothing,
                    "{ident}: {trait} added",
                    "It has these traits from now on, beside those that it has.",
                )
                .examples(&[concat!(
                    "ferric ",
                    $words,
                    " trait add ",
                    $ident,
                    " CUSTOM_NVME HW_CPU_X86_VMX"
                )]),
            $crate::cli::resource::call::call("remove", "Take some away", "remove traits", "/traits/{trait}")
                .inputs($crate::cli::resource::call::below::TRAITS)
                .doing(
                    $crate::net::http::Method::Delete,
                    $crate::cli::resource::call::Sends::Nothing,
                    "{ident}: {trait} removed",
                    "It no longer has these traits; the others stay.",
                )
                .listed(concat!("ferric ", $words, " trait list {ident}"))
                .examples(&[concat!("ferric ", $words, " trait remove ", $ident, " CUSTOM_NVME")]),
            $crate::cli::resource::call::call("set", "Say all of them", "set traits", "/traits")
                .inputs($crate::cli::resource::call::below::TRAITS)
                .doing(
                    $crate::net::http::Method::Put,
                    $crate::cli::resource::call::Sends::Members,
                    "{ident}: traits set",
                    "It has these traits and no others.",
                )
                .examples(&[concat!("ferric ", $words, " trait set ", $ident, " CUSTOM_NVME CUSTOM_GPU")]),
            $crate::cli::resource::call::call("clear", "Take all away", "remove all traits", "/traits")
                .doing(
                    $crate::net::http::Method::Delete,
                    $crate::cli::resource::call::Sends::Nothing,
                    "{ident}: all traits removed",
                    "It has no traits.",
                )
                .examples(&[concat!("ferric ", $words, " trait clear ", $ident)]),
        ]
    };
}

/// The calls of a resource's vendor methods.
macro_rules! vendor {
    ($words:literal, $ident:literal, $method:literal) => {
        [
            $crate::cli::resource::call::call(
                "methods",
                "List the methods",
                "list vendor methods",
                "/vendor_passthru/methods",
            )
            .shown($crate::cli::resource::call::Shown::Named(&["http_methods", "async", "description"]))
            .examples(&[concat!("ferric ", $words, " vendor methods ", $ident)]),
            $crate::cli::resource::call::call(
                "call",
                "Call a method",
                "call the vendor method",
                "/vendor_passthru/{method}",
            )
            .inputs($crate::cli::resource::call::below::VENDOR)
            .doing(
                $crate::net::http::Method::Post,
                $crate::cli::resource::call::Sends::Vendor,
                "",
                "The method does what its maker says. What it answers is printed as JSON; one that works in the \
                 background answers nothing.",
            )
            .shown($crate::cli::resource::call::Shown::Json)
            .listed(concat!("ferric ", $words, " vendor methods {ident}"))
            .examples(&[concat!("ferric ", $words, " vendor call ", $ident, " ", $method, " bar=1")]),
        ]
    };
}

pub(crate) use {traits, vendor};

pub const TRAITS: &[Field] =
    &[field("traits", "trait", "TRAIT", "A standard trait, or one of yours: `CUSTOM_` and capital letters")
        .of(Shape::Texts)
        .needed()
        .placed()];

pub const VENDOR: &[Field] = &[
    field("method", "method", "METHOD", "The method's name").needed().placed(),
    field("argument", "argument", "KEY=VALUE", "Arguments of the method").of(Shape::Pairs).placed(),
    field("http_method", "http-method", "METHOD", "How it is called: POST unless given")
        .of(Shape::Word(&["GET", "POST", "PUT", "PATCH", "DELETE"])),
];
