//! What files say about themselves, worked out anew where it is not in memory.
//!
//! Facts are never stored: they are large beside what a composition otherwise holds, and a newer version of this
//! program may find more in the same bytes. After a restart, or when a draft is opened, the sealed copies are
//! examined again.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::Arc,
};

use care_csv::FileFacts;
use care_model::NameReading;
use desk_ipc::CommandError;
use uuid::Uuid;

use crate::{
    compose::Composition,
    core::{Core, lock},
    spool::{Spool, SpoolRef},
};

/// Findings and keys that are kept in memory for 下書き一覧; each takes some tens of bytes.
const KEPT_WEIGHT_MAX: usize = 1_000_000;

/// The facts of copies that were examined again.
#[derive(Default)]
pub(crate) struct ExaminedAgain {
    by_copy: HashMap<Uuid, Arc<FileFacts>>,
    weight: usize,
}

impl ExaminedAgain {
    fn get(&self, place: &SpoolRef) -> Option<Arc<FileFacts>> {
        self.by_copy.get(&place.id()).map(Arc::clone)
    }

    /// Keeps facts; when there are too many, those kept so far are worked out again at their next use.
    fn put(&mut self, place: &SpoolRef, facts: Arc<FileFacts>) {
        let weight = 1 + facts.findings.len() + facts.keys.len() + facts.images.len();
        if self.weight.saturating_add(weight) > KEPT_WEIGHT_MAX {
            *self = Self::default();
        }
        if weight <= KEPT_WEIGHT_MAX && self.by_copy.insert(place.id(), facts).is_none() {
            self.weight += weight;
        }
    }
}

impl Core {
    /// Gives every file of a stored composition its facts.
    pub(crate) async fn recall_facts(&self, composition: &mut Composition) -> Result<(), CommandError> {
        let mut unknown = Vec::new();
        for (place, name, facts) in composition.without_facts() {
            let kept = lock(&self.examined_again).get(place);
            match kept {
                Some(kept) => *facts = Some(kept),
                None => unknown.push((place.clone(), name.to_owned())),
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let examined = self
            .blocking(move |spool| {
                // One copy that cannot be read hides no other; its file says so.
                let each = unknown.into_iter().filter_map(|(place, name)| {
                    let facts = examine(spool, &place, &name);
                    let facts =
                        facts.inspect_err(|error| tracing::warn!(kind = ?error.kind(), "a copy cannot be read"));
                    Some((place, Arc::new(facts.ok()?)))
                });
                Ok(each.collect::<Vec<_>>())
            })
            .await?;
        let found: HashMap<Uuid, &Arc<FileFacts>> = examined.iter().map(|(place, facts)| (place.id(), facts)).collect();
        for (place, _, facts) in composition.without_facts() {
            *facts = found.get(&place.id()).map(|facts| Arc::clone(facts));
        }
        let lacking: HashSet<Uuid> = composition.without_facts().map(|(place, ..)| place.id()).collect();
        for file in &mut composition.files {
            let content = file.taken.content.as_ref();
            file.unreadable = content.is_ok_and(|content| lacking.contains(&content.place.id()));
        }
        let mut kept = lock(&self.examined_again);
        for (place, facts) in examined {
            kept.put(&place, facts);
        }
        Ok(())
    }
}

/// Examines a sealed copy. Blocks.
fn examine(spool: &Spool, place: &SpoolRef, name: &str) -> io::Result<FileFacts> {
    let reading = NameReading::of(name);
    let name = reading.standard().ok_or(io::ErrorKind::InvalidInput)?;
    care_csv::read(name, spool.open(place)?).map(|read| read.facts)
}

#[cfg(test)]
mod tests {
    use care_model::{Finding, FindingCode};
    use care_samples::Samples;
    use desk_ipc::CompositionMode;

    use super::*;
    use crate::compose::trial::Trial;

    #[test]
    fn facts_are_not_stored_and_come_back_the_same() {
        let trial = Trial::new();
        let paths = trial.unit(&mut Samples::new(4), "home_schedule");
        let composition = trial.composition(CompositionMode::Compose, &paths);
        let stored = serde_json::to_string(&composition).unwrap();
        assert!(
            !stored.contains("recipients") && !stored.contains("findings"),
            "{stored}"
        );
        let mut read: Composition = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.without_facts().count(), paths.len());
        for (place, name, facts) in read.without_facts() {
            *facts = Some(Arc::new(examine(&trial.spool, place, name).unwrap()));
        }
        let facts = |composition: &Composition| -> Vec<FileFacts> {
            let files = composition.files.iter();
            let contents = files.filter_map(|file| file.taken.content.as_ref().ok());
            contents
                .filter_map(|content| content.facts.as_deref().cloned())
                .collect()
        };
        assert_eq!(facts(&read), facts(&composition));
        assert_eq!(facts(&read).len(), paths.len());
    }

    #[test]
    fn what_is_kept_has_its_limit() {
        let trial = Trial::new();
        let paths = trial.unit(&mut Samples::new(5), "home_schedule");
        let composition = trial.composition(CompositionMode::Compose, &paths);
        let places: Vec<SpoolRef> = composition.places().cloned().collect();
        let of = |findings| {
            Arc::new(FileFacts {
                findings: vec![Finding::notes(FindingCode::LineEnd); findings],
                ..FileFacts::default()
            })
        };
        let mut kept = ExaminedAgain::default();
        kept.put(&places[0], of(KEPT_WEIGHT_MAX / 2));
        kept.put(&places[1], of(KEPT_WEIGHT_MAX / 2 - 2));
        assert!(kept.get(&places[0]).is_some() && kept.get(&places[1]).is_some());
        kept.put(&places[2], of(1));
        assert!(kept.get(&places[0]).is_none() && kept.get(&places[2]).is_some());
        kept.put(&places[0], of(KEPT_WEIGHT_MAX));
        assert!(kept.get(&places[0]).is_none());
    }
}
