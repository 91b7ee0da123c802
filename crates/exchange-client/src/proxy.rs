//! By which way the exchange is reached.

use std::net::Ipv6Addr;

use reqwest::{ClientBuilder, Url};
use thiserror::Error;

use crate::{SetupError, error::Cause};

/// Longest host name there is.
const HOST_CHARS_MAX: usize = 253;
/// Longest piece of one between two dots.
const LABEL_CHARS_MAX: usize = 63;

/// By which way the exchange is reached. TLS goes through unopened: a proxy sees the exchange's host and port alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// As the system is set; an exchange on this machine is reached directly.
    #[default]
    System,
    /// Directly.
    None,
    /// Through this one, whatever the system says.
    Manual(ProxyAddress),
}

/// Host and port of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyAddress {
    host: String,
    port: u16,
}

/// What was given is no host name, no address, or no port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no host and port of a proxy")]
pub struct NotAProxy;

impl ProxyAddress {
    /// Reads a host name or an IP address, as typed, and a port. No scheme, path, name or password belongs to it.
    pub fn parse(host: &str, port: u16) -> Result<Self, NotAProxy> {
        let host = host.trim();
        let is_host = is_name(host) || bare_v6(host).is_some();
        match port != 0 && is_host {
            true => Ok(Self {
                host: host.to_ascii_lowercase(),
                port,
            }),
            false => Err(NotAProxy),
        }
    }

    /// The host, as it was read.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn url(&self) -> String {
        match bare_v6(&self.host) {
            Some(address) => format!("http://[{address}]:{}", self.port),
            None => format!("http://{}:{}", self.host, self.port),
        }
    }
}

/// A name of labels, which an IPv4 address is as well.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= HOST_CHARS_MAX
        && host.split('.').all(is_label)
        // What the URL standard would read as a number must be one: `999.1.1.1` is no host.
        && Url::parse(&format!("http://{host}/")).is_ok()
}

fn bare_v6(host: &str) -> Option<Ipv6Addr> {
    let host = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    host.parse().ok()
}

impl Proxy {
    /// Makes a client go this way.
    pub(crate) fn lead(&self, builder: ClientBuilder, to_this_machine: bool) -> Result<ClientBuilder, SetupError> {
        match self {
            Self::System if !to_this_machine => Ok(builder),
            Self::System | Self::None => Ok(builder.no_proxy()),
            Self::Manual(address) => {
                let proxy = reqwest::Proxy::all(address.url())
                    .map_err(|error| SetupError::Http(Cause::of(error.without_url())))?;
                Ok(builder.no_proxy().proxy(proxy))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hosts_and_addresses() {
        for (typed, url) in [
            (" Proxy.Example.JP ", "http://proxy.example.jp:8080"),
            ("proxy", "http://proxy:8080"),
            ("192.0.2.1", "http://192.0.2.1:8080"),
            ("2001:db8::1", "http://[2001:db8::1]:8080"),
            ("[2001:db8::1]", "http://[2001:db8::1]:8080"),
        ] {
            assert_eq!(ProxyAddress::parse(typed, 8080).unwrap().url(), url, "{typed}");
        }
    }

    #[test]
    fn refuses_what_is_no_host_or_no_port() {
        let long_label = "a".repeat(LABEL_CHARS_MAX + 1);
        let long = [&*"a".repeat(LABEL_CHARS_MAX); 4].join(".");
        for typed in [
            "",
            " ",
            "http://proxy",
            "proxy:8080",
            "user@proxy",
            "proxy/path",
            "-proxy",
            "proxy..jp",
            "プロキシ",
            "999.1.1.1",
            "proxy?x",
            "a b",
            &long_label,
            &long,
        ] {
            assert_eq!(ProxyAddress::parse(typed, 8080), Err(NotAProxy), "{typed}");
        }
        assert_eq!(ProxyAddress::parse("proxy", 0), Err(NotAProxy));
    }
}
