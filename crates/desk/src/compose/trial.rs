//! Compositions of invented files, for the tests of this folder.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use care_model::{Edition, Finding, Party, ServiceMonth};
use care_samples::{Samples, Size, UnitRequest};
use chrono::{DateTime, Utc};
use desk_ipc::CompositionMode;
use exchange_protocol::OfficeEntry;

use super::{Composition, History, Layout, Surroundings};
use crate::{intake, spool::Spool};

/// Files in a folder of their own, with a spool beside them.
pub(crate) struct Trial {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) spool: Spool,
    pub(crate) around: Surroundings,
    from: Party,
    to: Party,
}

impl Trial {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let spool_dir = dir.path().join("spool");
        std::fs::create_dir(&spool_dir).unwrap();
        let party = |office: &str, kind: &str| {
            Party::new(
                care_model::OfficeNumber::parse(office).unwrap(),
                care_model::ServiceKind::parse(kind).unwrap(),
            )
        };
        let (from, to) = (party("9970100013", "43"), party("9970101003", "11"));
        let entry = OfficeEntry {
            number: to.office,
            name: "例示ヘルパーステーション".to_owned(),
            kana: None,
            address: None,
            kinds: vec![to.kind],
            telephone: None,
            active: true,
        };
        Self {
            spool: Spool::new(spool_dir),
            around: Surroundings {
                offices: HashMap::from([(to.office, Some(entry))]),
                fingerprint_secret: [7; 32],
                office: Some(from.office),
                kinds: vec![from.kind],
                licence_ended: false,
                person: Some("見本 花子".to_owned()),
                last_exchange: HashMap::new(),
            },
            dir,
            from,
            to,
        }
    }

    /// The files of one unit, written.
    pub(crate) fn unit(&self, samples: &mut Samples, id: &str) -> Vec<PathBuf> {
        let made = samples
            .unit(&UnitRequest {
                unit: id,
                edition: Edition::V4,
                from: self.from,
                to: self.to,
                month: ServiceMonth::parse("202604").unwrap(),
                size: Size::Recipients(2),
            })
            .unwrap();
        let folder = self.dir.path().join("files");
        made.write_into(&folder).unwrap();
        made.files.iter().map(|file| folder.join(file.name.as_str())).collect()
    }

    /// The destination of its units.
    pub(crate) fn to(&self) -> Party {
        self.to
    }

    /// A history in which all of this was sent before.
    pub(crate) fn sent_before(&self, layout: &Layout, at: DateTime<Utc>) -> History {
        History {
            content: layout.deliveries.iter().map(|laid| (laid.fingerprint, at)).collect(),
            marks: layout.marks().into_iter().collect(),
        }
    }

    /// A composition of these files.
    pub(crate) fn composition(&self, mode: CompositionMode, paths: &[PathBuf]) -> Composition {
        let mut composition = Composition::new(mode);
        composition.add(intake::take(&self.spool, paths).unwrap(), None);
        composition
    }
}

/// Puts a finding into the facts of a file, as if the checks had found it.
pub(crate) fn find(composition: &mut Composition, place: usize, finding: Finding) {
    let content = composition.files[place].taken.content.as_mut().unwrap();
    Arc::make_mut(content.facts.as_mut().unwrap()).findings.push(finding);
}
