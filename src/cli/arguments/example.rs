//! What stands below the options in `--help`: examples, and what happens next.

pub const TOP: &str = "\
First steps:
  ferric demo                                      see it work, without hardware
  ferric serve --data ./rack                       start the appliance
  ferric node create n1 --driver fake-hardware     tell it of a server
  ferric node list                                 look at what it knows";

pub const SERVE: &str = "\
Examples:
  ferric serve --data ./rack
  ferric serve --config /etc/ferric.toml --rack-listen 10.0.0.1:6386 \\
      --hardware manual-management

What happens next:
  The address of the API is printed once it answers. State is kept in the data
  directory; a daemon that is stopped or killed goes on where it was. Ctrl-C
  ends it after running changes are written down. Servers are added with
  `ferric node create`; any Ironic client can use the same address.";

pub const DEMO: &str = "\
Examples:
  ferric demo
  ferric demo --servers 48
  ferric demo --keep

What happens next:
  Every simulated server goes from enroll to active with a disk image that the
  demo makes itself. A table shows each step, every written disk is compared
  with the image, and all is torn down. With --keep it stays up until Ctrl-C.
  Interrupted earlier it tears down, too, and ends with 130 (SIGTERM: 143).";

pub const NODE: &str = "\
A server's life:
  ferric node create n1 --driver fake-hardware --mac 52:54:00:00:00:01
  ferric node manage n1 --wait      enroll     -> manageable: can be controlled
  ferric node inspect n1 --wait     manageable -> manageable: parts known
  ferric node provide n1 --wait     manageable -> available:  clean, on offer
  ferric node deploy n1 --image http://files/disk.img --checksum sha256:... \\
      --wait                        available  -> active:     in use
  ferric node undeploy n1 --wait    active     -> available:  wiped, on offer
  ferric node delete n1

Exit codes: 0 done, 1 refused or failed to ask, 2 wrong usage,
3 waited too long, 4 the work ended in a failure or with an error.";

pub const RAMDISK: &str = "\
A machine boots a small Linux with the agent in it to be inspected, cleaned and
deployed. There is one for each processor:
  ferric ramdisk import .cache/image/ramdisk-x86_64
  ferric ramdisk list

A node that names deploy_kernel and deploy_ramdisk in its driver_info boots
those instead.";

pub const RAMDISK_IMPORT: &str = "\
Examples:
  ferric ramdisk import .cache/image/ramdisk-x86_64
  ferric ramdisk import ironic-python-agent.kernel \\
      ironic-python-agent.initramfs --name upstream

What happens next:
  Both files are sent under their SHA-256, and take the place of the pair that
  was there once both are whole. If the line breaks, the same command goes on
  where it was. Machines that are booting keep the pair they began with.";

pub const RAMDISK_LIST: &str = "\
Example:
  ferric ramdisk list

What happens next:
  Nothing changes. There is one pair for each processor.";

pub const RAMDISK_SHOW: &str = "\
Example:
  ferric ramdisk show x86_64

What happens next:
  Nothing changes. The hashes are those of the files as they were imported.";

pub const RAMDISK_REMOVE: &str = "\
Example:
  ferric ramdisk remove aarch64

What happens next:
  Machines of that processor cannot be cleaned or deployed until another pair is
  imported, unless they or the configuration name one.";

pub const LIST: &str = "\
Examples:
  ferric node list
  ferric node list --state 'clean failed' --sort name
  ferric node list --resource-class gpu --unassociated --long
  ferric node list --fields name,resource_class,properties --json

What happens next:
  Nothing changes. All pages are fetched. Nodes inside others (parent_node) are
  left out unless --include-children or --parent-node asks for them. `ferric
  node show NODE` tells the rest about one of them.";

pub const SHOW: &str = "\
Example:
  ferric node show n1

What happens next:
  Nothing changes. If the node waits, the lines under State say for what, from
  whom and since when; `ferric node wait n1` follows it. What is not set has no
  line; --json has everything.";

pub const CHILDREN: &str = "\
Example:
  ferric node children n1

What happens next:
  Nothing changes. A node becomes the child of another by its parent_node:
  `ferric node set CARD parent_node=n1`.";

pub const CREATE: &str = "\
Examples:
  ferric node create n1 --driver fake-hardware
  ferric node create n2 --driver manual-management --mac 52:54:00:00:00:02 \\
      --driver-info deploy_kernel=http://files/kernel \\
      --driver-info deploy_ramdisk=http://files/initrd \\
      --property cpu_arch=x86_64 --resource-class baremetal \\
      --set deploy_interface=direct --set extra.rack=4
  ferric node create n3 --file n3.json

What happens next:
  The node is in `enroll`: known, not yet touched. `ferric node manage NAME
  --wait` proves that it can be controlled.";

pub const SET: &str = "\
Examples:
  ferric node set n1 resource_class=gpu
  ferric node set n1 driver_info/deploy_kernel=http://files/kernel \\
      properties.memory_mb=65536
  ferric node set n1 'properties.root_device={\"serial\": \"S1\"}'

What happens next:
  All fields change together or none does. `ferric node validate n1` says
  whether the settings suffice.";

pub const UNSET: &str = "\
Example:
  ferric node unset n1 driver_info/deploy_kernel description

What happens next:
  The fields are removed, or go back to their defaults, together. A key below a
  field, as in extra.rack, must be there; a field may be unset already.";

pub const DELETE: &str = "\
Example:
  ferric node delete n1

What happens next:
  The node and its ports are forgotten; the server itself is left as it is. A
  node in use must be undeployed first.";

pub const MANAGE: &str = "\
Examples:
  ferric node manage n1 --wait
  ferric node manage n1 n2 n3 --wait 120

What happens next:
  The node goes through `verifying` to `manageable`. If it falls back to
  `enroll`, its last error says what could not be reached. Then: `ferric node
  provide n1`.";

pub const INSPECT: &str = "\
Examples:
  ferric node inspect n1 --wait
  ferric node inspect n1 n2 n3 --wait 900

What happens next:
  Processors, memory, disks and network cards are looked at: by the BMC, or
  with inspect_interface=agent by a ramdisk that the node boots (`inspect
  wait`). The node goes through `inspecting` back to `manageable`: properties
  are set, new network cards have ports, and `ferric node inventory n1` shows
  all of it. `inspect failed` tells why in the last error.";

pub const INVENTORY: &str = "\
Examples:
  ferric node inventory n1
  ferric node inventory n1 --json

What happens next:
  Nothing changes. What is shown is as of the last inspection; `ferric node
  inspect n1` looks anew.";

pub const PROVIDE: &str = "\
Example:
  ferric node provide n1 --wait

What happens next:
  The node boots the agent, runs its automated clean steps (disks are wiped)
  and becomes `available`. Then: `ferric node deploy n1`. `ferric node abort
  n1` stops it while it waits.";

pub const DEPLOY: &str = "\
Examples:
  ferric node deploy n1 --image http://files/debian.img \\
      --checksum sha256:9f86d0... --wait
  ferric node deploy n1 n2 --image http://files/debian.img \\
      --checksum http://files/SHA256SUMS --config-drive first-boot.json \\
      --set-instance image_disk_format=raw

What happens next:
  The image is noted in instance_info, the node boots the agent, which writes
  it, and the server starts from its disk: `active`. On failure the state is
  `deploy failed`; mend the cause and deploy again.";

pub const UNDEPLOY: &str = "\
Example:
  ferric node undeploy n1 --wait

What happens next:
  The server is switched off, what was deployed is forgotten, the disks are
  cleaned; the node ends `available`. What is on the disks is lost.";

pub const CLEAN: &str = "\
Examples:
  ferric node clean n1 --runbook wipe --wait
  ferric node clean n1 --steps '[{\"interface\": \"deploy\",
      \"step\": \"erase_devices_metadata\"}]'

What happens next:
  The node goes through `cleaning` back to `manageable`; the ramdisk is booted
  if a step needs it. A runbook runs on nodes that bear one of its traits.";

pub const SERVICE: &str = "\
Examples:
  ferric node service n1 --runbook firmware --wait
  ferric node service n1 --steps steps.json

What happens next:
  The node goes through `servicing` back to `active`; the ramdisk is booted if
  a step needs it, and what was deployed afterwards.";

pub const REBUILD: &str = "\
Examples:
  ferric node rebuild n1 --wait
  ferric node rebuild n1 --image http://files/debian-13.img \\
      --checksum sha256:9f86d0... --config-drive first-boot.json --wait

What happens next:
  The image that is named, or else the one that instance_info names, is written
  once more; the node ends `active`. What is on the disk is lost.";

pub const ADOPT: &str = "\
Example:
  ferric node adopt n1 --wait

What happens next:
  A manageable node becomes `active` without being touched: what runs there is
  taken for what instance_info says.";

pub const UNHOLD: &str = "\
Example:
  ferric node unhold n1 --wait

What happens next:
  A node in `deploy hold`, `clean hold` or `service hold` goes on with its next
  step.";

pub const RESCUE: &str = "\
Examples:
  ferric node rescue n1 --wait
  ferric node rescue n1 n2 --rescue-password-file ~/rescue.txt --wait

What happens next:
  What the node runs is ended, and the rescue ramdisk is booted in its place
  (rescue_kernel and rescue_ramdisk of the node or of [conductor], else the
  imported pair). The node goes through `rescue wait` to `rescue`; log in as
  `rescue` with the password, at the console or by what the ramdisk offers.
  Disks stay as they are. `ferric node unrescue` brings back what was deployed.";

pub const UNRESCUE: &str = "\
Example:
  ferric node unrescue n1 --wait

What happens next:
  The rescue ramdisk is switched off and what was deployed is booted: the node
  is `active` again.";

pub const ABORT: &str = "\
Example:
  ferric node abort n1 --wait

What happens next:
  Only a node that waits or holds can be stopped. It ends in the failed state
  of what it was doing, from where the same command can be given again.";

pub const POWER: &str = "\
Examples:
  ferric node power n1 on --wait
  ferric node power n1 soft-off --timeout 120

What happens next:
  The answer comes at once, the server changes later: --wait, or `ferric node
  wait n1`, goes on when it has. If it has not, the exit code is 4 and the last
  error tells why.";

pub const BOOT_MODE: &str = "\
Example:
  ferric node boot-mode n1 uefi --wait

What happens next:
  The answer comes at once, the firmware changes later; where it takes up the
  mode at a boot only, the server is booted. `ferric node show n1` has what it
  is then.";

pub const SECURE_BOOT: &str = "\
Example:
  ferric node secure-boot n1 on --wait

What happens next:
  The answer comes at once, the firmware changes later; where it takes that up
  at a boot only, the server is booted. `ferric node show n1` has what it is
  then.";

pub const MAINTENANCE: &str = "\
Examples:
  ferric node maintenance n1 on --reason 'new fan'
  ferric node maintenance n1 off

What happens next:
  While it is on, the node is not deployed and its power is left alone. Work
  that already runs goes on.";

pub const VALIDATE: &str = "\
Example:
  ferric node validate n1

What happens next:
  Nothing changes. The exit code is 1 when `deploy` or `power` does not
  suffice; other interfaces may be false without harm.";

pub const PLAN: &str = "\
Examples:
  ferric node plan n1 deploy
  ferric node plan n1 deploy --steps steps.json --json
  ferric node plan n1 clean --runbook CUSTOM_WIPE
  ferric node plan n1 undeploy

What happens next:
  Nothing: no record, no power and no disk is touched, and the BMC is not asked.
  The same rules make the plan that would carry it out. Each step is a line:
  where it comes from, what it does to power, boot and disks, how long it took
  before. What only the agent can tell is named, with the date of what it told
  last. The exit code is 1 if the request would be refused or fail.";

pub const SENSORS: &str = "\
Example:
  ferric node sensors n1

What happens next:
  Nothing changes. The BMC is asked now; each reading is a line with its type,
  its name and its fields.";

pub const CONSOLE: &str = "\
Examples:
  ferric console n1
  ferric console n1 --log | less -R

What happens next:
  The console is opened if it is not, and stays open and recorded when you
  leave. What you type goes to the machine, except that ~. at the beginning of
  a line leaves and ~~ is a tilde. Without a terminal on standard input it
  shows what comes until Ctrl-C. The record holds the last 1 MiB.";

pub const WAIT: &str = "\
Examples:
  ferric node wait n1 n2
  ferric node wait n1 --for active --timeout 3600

What happens next:
  Each change of state, step, power or wait is a line with the time elapsed,
  until no work is left or one of the named states is reached. A node whose
  work ends in a failed state, or in a good one with an error, prints its last
  error; the exit code is then 4. A node that holds waits for a person: `ferric
  node unhold n1`. Ctrl-C stops the watching, not the work. With --json the
  lines go to standard error, and each node is printed at its end.";

pub const LEASES: &str = "\
Examples:
  ferric leases
  ferric leases --json

What happens next:
  Nothing changes. A lease belongs to a hardware address; the node is the one
  that has a port with it. `last asked` tells how the machine last asked: its
  firmware, iPXE or a system.";

pub const NETWORKS: &str = "\
Examples:
  ferric networks
  ferric networks --json

What happens next:
  Nothing changes. Networks are [[network]] tables of the configuration file.
  With --json there are counters of packets and the other DHCP servers that
  were heard.";
