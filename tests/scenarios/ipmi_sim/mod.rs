//! A machine whose BMC is OpenIPMI's simulator, worked through the daemon in cipher suite 3. Its power and boot device
//! are files, its serial line is a socket; a relay in between loses packets and counts log-ins.

mod relay;
mod rig;

mod books;
mod console;
mod keys;
mod network;
mod power;
