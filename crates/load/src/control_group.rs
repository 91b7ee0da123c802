//! A limit on what one process takes of this computer's memory, where the system lets us set one.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Where control groups for memory are made, and the file of each that has its limit, in both versions of the system's.
const ROOTS: [(&str, &str); 2] = [
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
    ("/sys/fs/cgroup", "memory.max"),
];

/// A control group of one process. It is taken away with this value, if its process has ended by then.
#[derive(Debug)]
pub(crate) struct ControlGroup(PathBuf);

impl ControlGroup {
    /// Lets a process take at most so many bytes, what the system keeps in memory of the files that it writes included. Fails
    /// where there are no control groups or only others may make them.
    pub(crate) fn of(process: u32, bytes: u64) -> io::Result<Self> {
        let mut made = Err(io::ErrorKind::Unsupported.into());
        for (root, limit) in ROOTS {
            let group = Self(Path::new(root).join(format!("careplan-load-{process}")));
            made = fs::create_dir(&group.0)
                .and_then(|()| group.set(limit, bytes))
                .and_then(|()| group.set("cgroup.procs", process.into()))
                .map(|()| group);
            if made.is_ok() {
                break;
            }
        }
        made
    }

    fn set(&self, name: &str, value: u64) -> io::Result<()> {
        // The system made the file; a folder without it is no group.
        let mut file = OpenOptions::new().write(true).open(self.0.join(name))?;
        file.write_all(value.to_string().as_bytes())
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // One with a process in it stays, and takes nothing; neither does one that was never made.
        let _ = fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_in_a_group_of_its_own_until_it_ends_or_nobody_may_make_one() {
        let mut child = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
        let group = ControlGroup::of(child.id(), 64_000_000);
        let groups = fs::read_to_string(format!("/proc/{}/cgroup", child.id())).unwrap();
        let is_in_it = groups.contains(&format!("careplan-load-{}", child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(group.is_ok(), is_in_it, "{group:?} {groups}");
        let folders = ROOTS.map(|(root, _)| Path::new(root).join(format!("careplan-load-{}", child.id())));
        drop(group);
        assert!(folders.iter().all(|folder| !folder.exists()));
    }
}
