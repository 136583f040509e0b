//! Which system calls an executable may not make (seccomp): none that opens a socket, unless its manifest says so, none
//! by which a child leaves its group and outlives it, none that looks into other processes or changes the host.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

use crate::driver::site::launcher::order::Order;

/// Raises the fence; it holds for all that is started behind it.
pub fn raise(order: &Order) -> Result<(), String> {
    let raised = || -> Result<(), Box<dyn std::error::Error>> {
        // Its flags lie in memory, where no filter looks: without it everybody falls back to `clone`.
        apply(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)?;
        apply(denied(order)?, libc::EPERM)
    };
    raised().map_err(|error| format!("system calls cannot be kept from it: {error}"))
}

type Denied = BTreeMap<i64, Vec<SeccompRule>>;

fn denied(order: &Order) -> Result<Denied, seccompiler::BackendError> {
    let mut calls: Denied = NEVER.iter().map(|call| (*call, Vec::new())).collect();
    if !order.network {
        calls.insert(libc::SYS_socket, Vec::new());
    }
    // New namespaces come with privileges inside.
    let spaces = rule(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(NEW_USER), NEW_USER)?;
    calls.insert(libc::SYS_clone, vec![spaces]);
    let daemon = u64::from(order.daemon);
    let mut whom = Vec::new();
    for target in [daemon, u64::from(u32::MAX), u64::from(order.daemon.wrapping_neg())] {
        whom.push(rule(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, target)?);
    }
    for call in [libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill, libc::SYS_pidfd_open] {
        calls.insert(call, whom.clone());
    }
    Ok(calls)
}

fn rule(
    argument: u8,
    length: SeccompCmpArgLen,
    how: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, length, how, value)?])
}

fn apply(calls: Denied, errno: i32) -> Result<(), Box<dyn std::error::Error>> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    let denied = SeccompAction::Errno(errno.cast_unsigned());
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, denied, arch)?;
    let program: BpfProgram = filter.try_into()?;
    apply_filter(&program)?;
    Ok(())
}

/// `CLONE_NEWUSER`
const NEW_USER: u64 = 0x1000_0000;

const NEVER: [i64; 30] = [
    // out of its group
    libc::SYS_setsid,
    libc::SYS_setpgid,
    // into other processes
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    // into the host
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_swapon,
    libc::SYS_reboot,
    libc::SYS_syslog,
    // sockets by another way
    libc::SYS_io_uring_setup,
];
