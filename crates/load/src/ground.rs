//! Where the exchange that is loaded keeps what it has, and what each of its nodes starts with.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use exchange_server::{Engine, Settings};

/// A new exchange in a folder: one server on the embedded engine, or nodes over a database and a bucket.
#[derive(Debug)]
pub struct Ground {
    /// What its operator works with.
    pub settings: Settings,
    /// Data and keys of each node.
    pub nodes: Vec<(PathBuf, PathBuf)>,
}

impl Ground {
    /// One server, everything in the folder.
    pub fn embedded(folder: &Path) -> Self {
        let settings = Settings::new(folder.join("data"));
        Self {
            nodes: vec![(settings.data.clone(), settings.keys.clone())],
            settings,
        }
    }

    /// So many nodes over the throw-away services that the environment names.
    pub async fn shared(folder: &Path, nodes: usize) -> Result<Self> {
        ensure!(nodes > 0, "there must be a node");
        ensure!(
            test_engine::is_shared(),
            "{} names no throw-away services: `cargo xtask load --nodes` starts them",
            test_engine::PLACES
        );
        let mut settings = Settings::new(folder.join("data"));
        settings.engine = test_engine::engine(&settings.data, &settings.keys).await;
        Ok(Self {
            nodes: (1..=nodes)
                .map(|node| {
                    let of_node = |what: &str| folder.join(format!("{what}-{node}"));
                    (of_node("data"), of_node("keys"))
                })
                .collect(),
            settings,
        })
    }

    /// Whether its nodes share a database and a bucket.
    pub fn is_shared(&self) -> bool {
        matches!(self.settings.engine, Engine::Shared(_))
    }

    /// Gives each node the keys of the exchange, once they are made.
    pub fn hand_out_keys(&self) -> Result<()> {
        for (_, keys) in self.nodes.iter().filter(|(_, keys)| *keys != self.settings.keys) {
            fs::create_dir(keys)?;
            for file in fs::read_dir(&self.settings.keys)? {
                let file = file?;
                fs::copy(file.path(), keys.join(file.file_name()))?;
            }
        }
        Ok(())
    }
}
