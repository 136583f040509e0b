//! What `driver_info` keys mean, as `driver properties` shows them.

pub const FAKE_PROPERTIES: &[(&str, &str)] = &[(
    "fake_verify_error",
    "Text with which the fake verify step fails; without it the step passes. Optional.",
)];

pub const AGENT_PROPERTIES: &[(&str, &str)] = &[
    (
        "deploy_forces_oob_reboot",
        "Whether the machine is switched off by its power interface after a deployment, instead of by the agent. \
         Optional.",
    ),
    (
        "disk_guard",
        "Whether drives must be those that were seen last before a step destroys what is on them. Optional.",
    ),
    ("fast_track", "Whether a running agent is used again; the agent power interface needs it. Optional."),
    (
        "image_download_source",
        "Where the agent gets the image: http (from its source, the default) or local (from this service). Optional.",
    ),
    (
        "image_pull_secret",
        "What the registry of an oci:// image takes: user:password, or its auth value. Optional.",
    ),
    ("image_http_proxy", "URL of a proxy through which the agent fetches http images. Optional."),
    ("image_https_proxy", "URL of a proxy through which the agent fetches https images. Optional."),
    ("image_no_proxy", "Host names, separated by commas, that are reached without a proxy. Optional."),
];

pub const REDFISH_PROPERTIES: &[(&str, &str)] = &[
    (
        "redfish_address",
        "URL of the Redfish service; without a scheme it is https. Its path is the service root. Required.",
    ),
    ("redfish_system_id", "Path of the machine's ComputerSystem. Optional where the service has one system."),
    ("redfish_username", "Account of the BMC. Optional."),
    ("redfish_password", "Password of the account. Optional."),
    (
        "redfish_verify_ca",
        "Whether the BMC's certificate is verified (true, the default, or false), or the path of a file or directory \
         of authorities. Optional.",
    ),
    (
        "redfish_auth_type",
        "How to log in: auto (the default: a session, else basic), session or basic. Optional.",
    ),
    ("redfish_tls_pin", "SHA-256 of the one certificate that is trusted, in hex. Optional."),
    (
        "redfish_ssh_host_key",
        "The key of the BMC's SSH (SHA256:...) for the console; the one seen first if none is given. Optional.",
    ),
    (
        "redfish_tls_trust_first",
        "Whether the certificate that is seen first is trusted from then on, and no other. Optional.",
    ),
    ("redfish_tls_minimum_version", "The oldest TLS that is spoken: 1.2 (the default) or 1.3. Optional."),
    ("redfish_tls_ciphers", "OpenSSL cipher list: refused, since the TLS library has a fixed set. Optional."),
    (
        "redfish_http_boot_url",
        "URL that the firmware boots where the boot device is uefihttp, for BMCs that take one; else what DHCP tells. \
         Optional.",
    ),
    (
        "firmware_update_unresponsive_bmc_wait",
        "Seconds for which a BMC may be silent while it updates itself. Optional.",
    ),
    (
        "vmedia_transport_protocol",
        "How the BMC fetches images: HTTP (the default), HTTPS, NFS or CIFS (with the account of [cifs]). Optional.",
    ),
];

pub const IPMI_PROPERTIES: &[(&str, &str)] = &[
    ("ipmi_address", "IP address or host name of the BMC. Required."),
    ("ipmi_port", "UDP port of the BMC; 623 if not given. Optional."),
    ("ipmi_username", "Account of the BMC; the null user if not given. Optional."),
    ("ipmi_password", "Password of the account; the null password if not given. Optional."),
    ("ipmi_priv_level", "ADMINISTRATOR (the default), OPERATOR, USER or CALLBACK. Optional."),
    ("ipmi_protocol_version", "2.0 (the default) or 1.5. Optional."),
    (
        "ipmi_cipher_suite",
        "Number of the cipher suite; 17, else 3, if not given. Needs protocol 2.0. Optional.",
    ),
    ("ipmi_hex_kg_key", "Key of the BMC (K_g) as hex digits. Optional."),
    (
        "ipmi_bridging",
        "Whether commands are bridged to the machine's controller: no (the default), single or dual. Optional.",
    ),
    ("ipmi_target_channel", "Channel of the target; required with single and dual bridging."),
    ("ipmi_target_address", "Address of the target; required with single and dual bridging."),
    ("ipmi_transit_channel", "Channel of the transit; required with dual bridging."),
    ("ipmi_transit_address", "Address of the transit; required with dual bridging."),
    ("ipmi_local_address", "Own address where commands are bridged. Optional."),
    ("ipmi_force_boot_device", "Whether the boot device is set again at each power-on. Optional."),
    (
        "ipmi_disable_boot_timeout",
        "Whether the BMC is told to keep a boot device however long the boot takes; true if not given. Optional.",
    ),
    ("ipmi_terminal_port", "TCP port of the console. Optional."),
];

pub const BOOT_PROPERTIES: &[(&str, &str)] = &[
    ("deploy_kernel", "Kernel of the deploy ramdisk. Optional."),
    ("deploy_ramdisk", "Deploy ramdisk. Optional."),
    ("deploy_iso", "ISO image that boots the deploy ramdisk. Optional."),
    ("rescue_kernel", "Kernel of the rescue ramdisk. Optional."),
    ("rescue_ramdisk", "Rescue ramdisk. Optional."),
    ("rescue_iso", "ISO image that boots the rescue ramdisk. Optional."),
    ("bootloader", "EFI system partition image for ISO images that are made. Optional."),
    ("kernel_append_params", "Further parameters of the ramdisk's kernel. Optional."),
    (
        "force_persistent_boot_device",
        "Always: a ramdisk's boot device is for each boot; Never: an instance's is for one boot; Default. Optional.",
    ),
    ("external_http_url", "Where the BMC fetches images, if not where clients do. Optional."),
    (
        "config_via_removable",
        "Whether the ramdisk gets its parameters on a virtual USB stick or floppy. Optional.",
    ),
];
