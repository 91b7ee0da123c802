use super::*;

fn write(disk: &Platter, path: &str, bytes: &[u8]) -> PlatterFile {
    let mut file = disk.open_or_make(Path::new(path)).unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn what_is_synced_stays_and_what_is_not_is_gone_at_worst() {
    let disk = Platter::new(1);
    disk.make_folder(Path::new("/f")).unwrap();
    disk.sync_folder(Path::new("/")).unwrap();
    write(&disk, "/f/synced", b"abc").sync().unwrap();
    write(&disk, "/f/unsynced", b"def");
    assert_eq!(disk.at_worst().files().len(), 0, "neither name is safe");
    disk.sync_folder(Path::new("/f")).unwrap();
    let worst = disk.at_worst().files();
    assert_eq!(worst[Path::new("/f/synced")], b"abc");
    assert_eq!(worst[Path::new("/f/unsynced")], b"");
    assert_eq!(disk.files()[Path::new("/f/unsynced")], b"def");
}

#[test]
fn a_rename_comes_whole_or_not_at_all() {
    let mut seen = BTreeSet::new();
    for seed in 0..64 {
        let disk = Platter::new(seed);
        for folder in ["/a", "/b"] {
            disk.make_folder(Path::new(folder)).unwrap();
        }
        write(&disk, "/a/x", b"x").sync().unwrap();
        for folder in ["/", "/a", "/b"] {
            disk.sync_folder(Path::new(folder)).unwrap();
        }
        disk.rename_file(Path::new("/a/x"), Path::new("/b/x")).unwrap();
        disk.cut_power();
        let files: Vec<PathBuf> = disk.files().into_keys().collect();
        assert_eq!(files.len(), 1, "{files:?}");
        seen.extend(files);
    }
    assert_eq!(seen.len(), 2, "both happen");
}

#[test]
fn a_failed_sync_loses_what_a_process_still_reads() {
    let disk = Platter::new(1);
    let mut file = write(&disk, "/x", b"abc");
    disk.let_syncs_fail(1_000);
    assert!(file.sync().is_err());
    disk.let_syncs_fail(0);
    file.sync().unwrap();
    disk.sync_folder(Path::new("/")).unwrap();
    assert_eq!(disk.files()[Path::new("/x")], b"abc");
    assert_eq!(disk.at_worst().files()[Path::new("/x")], b"");
}

#[test]
fn it_ends_where_it_is_told_to_and_the_same_seed_leaves_the_same() {
    let run = |seed| {
        let disk = Platter::new(seed);
        disk.end_at(2);
        let written = disk
            .make_file(Path::new("/x"))
            .and_then(|mut file| file.write_all(b"ab").and_then(|()| file.write_all(b"cd")));
        assert!(written.is_err() && disk.has_ended());
        assert!(disk.names(Path::new("/")).is_err(), "it is off");
        disk.cut_power();
        disk.files()
    };
    let left: Vec<_> = (0..32).map(run).collect();
    assert_eq!(left, (0..32).map(run).collect::<Vec<_>>());
    assert!(left.iter().any(BTreeMap::is_empty) && left.iter().any(|files| !files.is_empty()));
}
