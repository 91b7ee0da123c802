//! The disk of the database is full: it is told, what is there can be read, nothing accepted is lost, and once there is room the
//! same node goes on.

use std::{
    fs::{self, File, Permissions},
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::PathBuf,
};

use care_model::ProblemCode;
use fault_row::{Breaches, Row};
use tempfile::TempDir;
use test_engine::Places;

use super::{
    Cluster,
    outages::{
        database, ended, everything_is_there, lines, name_of, order, try_to_send, try_to_send_this, until_ready,
    },
    send,
};
use crate::faults::as_root;

/// A small disk of the database's own user with all that is a cluster's, where the machine lets us mount one.
struct SmallSpace {
    places: Places,
    name: String,
    folder: TempDir,
}

impl SmallSpace {
    /// Moves the database of a cluster there, whose node is killed for it and started again.
    async fn hold(cluster: &mut Cluster) -> Option<Self> {
        let (places, name) = (Places::from_environment().unwrap(), name_of(cluster));
        let folder = tempfile::Builder::new().prefix("careplan-small-").tempdir().unwrap();
        // The database's user has to get there.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        let owner = fs::metadata(format!("/proc/{}", places.database_process?))
            .unwrap()
            .uid();
        let small = Self { places, name, folder };
        fs::create_dir(small.disk()).unwrap();
        let options = format!("size=64m,uid={owner},mode=700");
        if !as_root(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs"], &small.disk()) {
            return None;
        }
        if let Some(node) = cluster.nodes[0].take() {
            node.kill();
        }
        let name = &small.name;
        let mut connection = database(&small.places, "postgres").await;
        order(&mut connection, ended(name)).await;
        order(
            &mut connection,
            format!("CREATE TABLESPACE {name} LOCATION '{}'", small.disk().display()),
        )
        .await;
        order(&mut connection, format!("ALTER DATABASE {name} SET TABLESPACE {name}")).await;
        cluster.kill(0);
        Some(small)
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Writes until nothing more fits. There is room again once the file is deleted.
    fn fill(&self) -> PathBuf {
        let path = self.disk().join("filling");
        let mut filling = File::create(&path).unwrap();
        while filling.write_all(&[0; 4_096]).is_ok() {}
        path
    }
}

impl Drop for SmallSpace {
    /// Takes the database away first, however the test ended: a service that misses a disk serves nobody.
    fn drop(&mut self) {
        let (places, name) = (self.places.clone(), self.name.clone());
        let left = std::thread::spawn(move || {
            let alone = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            alone.block_on(async {
                let mut connection = database(&places, "postgres").await;
                for words in [
                    format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
                    format!("DROP DATABASE {name} WITH (FORCE)"),
                    format!("DROP TABLESPACE {name}"),
                ] {
                    order(&mut connection, words).await;
                }
            });
        });
        // Where the test never got that far there is nothing to take away.
        let _ = left.join();
        as_root(&["umount", "--lazy"], &self.disk());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_08_a_database_whose_disk_is_full_is_told_and_once_there_is_room_goes_on() {
    const SENDS_MAX: u64 = 100;
    let row = Row::open(8, "the disk of the database that nodes share is full, then not");
    let mut cluster = Cluster::start(1).await;
    let Some(small) = SmallSpace::hold(&mut cluster).await else {
        row.skip("this computer lets nobody mount a disk");
        return;
    };
    let (sender, receiver) = lines(&cluster).await;
    let mut sent = vec![try_to_send(&cluster, &sender).await.unwrap()];
    let filling = small.fill();
    for number in 0..=SENDS_MAX {
        assert!(number < SENDS_MAX, "there is room for ever");
        match try_to_send_this(&cluster, &sender, &[b'x'; 10_000]).await {
            Ok(id) => sent.push(id),
            Err(code) => {
                assert_eq!(code, ProblemCode::ServerBusy);
                break;
            }
        }
    }
    let said = until_ready(&cluster, 503).await;
    assert_eq!(said["state"].as_str(), Some("storage_failing"), "{said}");
    // What is there can be read.
    everything_is_there(&receiver, &sent).await;
    fs::remove_file(filling).unwrap();
    sent.push(send(&sender, &cluster.planner, &cluster.helper, b"after".to_vec()).await);
    until_ready(&cluster, 200).await;
    everything_is_there(&receiver, &sent).await;
    row.close(sent.len() as u64, Breaches::default());
}
