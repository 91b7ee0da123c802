//! Whether a server could start as it is set, told before it does, and without changing anything.

use std::{
    collections::HashSet,
    fmt::Write as _,
    io,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use rustls_pki_types::ServerName;
use thiserror::Error;

use crate::{
    Settings,
    keys::{Keys, KeysError},
    pace::REQUESTS_A_MINUTE_MIN,
};

/// The longest time between the word that a server ends and its end.
const DRAIN_SECONDS_MAX: u64 = 600;

/// What is wrong with settings.
#[derive(Debug, Error)]
pub enum SettingsFlaw {
    /// Two listeners at one address.
    #[error("two listeners have the address {address}")]
    SameAddress {
        /// Which.
        address: SocketAddr,
    },
    /// Whoever waits for the end would think that it never comes.
    #[error("{seconds} seconds before the end are more than {DRAIN_SECONDS_MAX}")]
    Drain {
        /// As it is set.
        seconds: u64,
    },
    /// Even a desk that waits as it is told would be refused again.
    #[error("{requests} requests a minute are fewer than {REQUESTS_A_MINUTE_MIN}; 0 is no limit")]
    Requests {
        /// As it is set.
        requests: u32,
    },
    /// Spans would go nowhere.
    #[error("traces cannot be sent to {endpoint:?}: an address in plain HTTP is needed, such as http://127.0.0.1:4318")]
    TracesEndpoint {
        /// As it is set.
        endpoint: String,
    },
    /// None, or more than there are.
    #[error("{percent} of a hundred requests cannot be traced: 1 to 100 can")]
    TracesPercent {
        /// As it is set.
        percent: u8,
    },
    /// The certificate would name nobody.
    #[error("there is no server name")]
    NoServerName,
    /// A certificate cannot have this name.
    #[error("the server name {name:?} is neither a host's name nor an address")]
    ServerName {
        /// Which.
        name: String,
    },
    /// The data folder, or where it would be made.
    #[error("the data folder {path} cannot be used: {folder} cannot be written to")]
    Data {
        /// As it is set.
        path: PathBuf,
        /// The folder that was tried: itself, or the nearest one above that there is.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The keys.
    #[error("the key folder {path} cannot be used")]
    Keys {
        /// As it is set.
        path: PathBuf,
        /// Why.
        #[source]
        source: KeysError,
    },
}

impl SettingsFlaw {
    /// What is wrong with its causes, on one line.
    pub fn told(&self) -> String {
        let mut told = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            // Writing to a string cannot fail.
            let _ = write!(told, ": {error}");
            source = error.source();
        }
        told
    }
}

impl Settings {
    /// What is wrong with the settings in themselves.
    pub fn flaws(&self) -> Vec<SettingsFlaw> {
        let mut flaws = Vec::new();
        let mut taken = HashSet::new();
        for address in [Some(self.listen), Some(self.enrolment_listen), self.operations_listen] {
            if let Some(address) = address.filter(|address| address.port() != 0 && !taken.insert(*address)) {
                flaws.push(SettingsFlaw::SameAddress { address });
            }
        }
        let seconds = self.drain.as_secs();
        if seconds > DRAIN_SECONDS_MAX {
            flaws.push(SettingsFlaw::Drain { seconds });
        }
        for limit in [self.pace.requests_a_minute_terminal, self.pace.requests_a_minute_source] {
            if let Some(requests) = limit
                .map(NonZeroU32::get)
                .filter(|limit| *limit < REQUESTS_A_MINUTE_MIN)
            {
                flaws.push(SettingsFlaw::Requests { requests });
            }
        }
        if let Some(traces) = &self.traces {
            if traces.address().is_none() {
                let endpoint = traces.endpoint.clone();
                flaws.push(SettingsFlaw::TracesEndpoint { endpoint });
            }
            if !(1..=100).contains(&traces.percent) {
                let percent = traces.percent;
                flaws.push(SettingsFlaw::TracesPercent { percent });
            }
        }
        if self.server_names.is_empty() {
            flaws.push(SettingsFlaw::NoServerName);
        }
        for name in &self.server_names {
            if ServerName::try_from(name.as_str()).is_err() {
                flaws.push(SettingsFlaw::ServerName { name: name.clone() });
            }
        }
        flaws
    }

    /// What is wrong with the folders that they name. Nothing is made or changed, and no address is taken.
    pub fn ground_flaws(&self) -> Vec<SettingsFlaw> {
        let mut flaws = Vec::new();
        let folder = nearest(&self.data);
        if let Err(source) = tempfile::tempfile_in(folder) {
            flaws.push(SettingsFlaw::Data {
                path: self.data.clone(),
                folder: folder.to_owned(),
                source,
            });
        }
        if let Err(source) = Keys::check(&self.keys, &self.data) {
            flaws.push(SettingsFlaw::Keys {
                path: self.keys.clone(),
                source,
            });
        }
        flaws
    }
}

/// The folder itself, or the nearest one above that exists: where it would be made.
fn nearest(path: &Path) -> &Path {
    let mut above = path.ancestors().filter(|folder| !folder.as_os_str().is_empty());
    above.find(|folder| folder.exists()).unwrap_or(Path::new("."))
}
