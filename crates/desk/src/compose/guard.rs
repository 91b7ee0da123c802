//! What keeps a delivery from going to the wrong office: said once, in words, before it is sent.
//!
//! An office that nothing was ever exchanged with, a name in the records that does not fit the registered one, and a
//! care recipient of whom nothing was sent there before. That the records name other offices only is told by the plan.
//! Of recipients only keyed hashes are kept, together with the office, so that they say nothing to anybody else; a
//! desk that has not sent to an office since it counts has nothing to compare with and keeps silent about recipients.

use std::collections::{BTreeMap, HashMap, HashSet};

use care_model::{Digest, Finding, FindingCode, OfficeNumber, limits};
use chrono::{DateTime, Utc};
use desk_ipc::OnExchange;
use exchange_protocol::OfficeEntry;
use unicode_normalization::UnicodeNormalization;

use super::{
    Composition, Surroundings,
    layout::{Found, Laid, Layout},
};

/// What this desk knows of earlier sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// When the same content was sent to the same destination.
    pub(crate) content: HashMap<Digest, DateTime<Utc>>,
    /// The marks that are known, of those that were asked for.
    pub(crate) marks: HashSet<i64>,
}

/// A care recipient in a delivery: the mark and the place of the first record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marked {
    pub(crate) mark: i64,
    file: u32,
    row: u32,
}

/// That something was sent to an office, or something of one person.
pub(crate) fn mark(secret: &[u8; 32], office: OfficeNumber, person: Option<u64>) -> i64 {
    let mut text = secret.to_vec();
    text.extend_from_slice(office.to_string().as_bytes());
    if let Some(person) = person {
        text.extend_from_slice(&person.to_le_bytes());
    }
    let digest = Digest::of(&text);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_bytes()[..8]);
    i64::from_le_bytes(first)
}

/// The care recipients of a delivery, each once.
pub(crate) fn marked(composition: &Composition, around: &Surroundings, to: OfficeNumber, files: &[u32]) -> Vec<Marked> {
    let mut people: BTreeMap<u64, (u32, u32)> = BTreeMap::new();
    for file in composition.files.iter().filter(|file| files.contains(&file.number)) {
        let facts = file
            .taken
            .content
            .as_ref()
            .ok()
            .and_then(|content| content.facts.as_ref());
        for key in facts.iter().flat_map(|facts| &facts.keys) {
            people.entry(key.person).or_insert((file.number, key.row));
        }
    }
    let each = people.into_iter().map(|(person, (file, row))| Marked {
        mark: mark(&around.fingerprint_secret, to, Some(person)),
        file,
        row,
    });
    each.collect()
}

/// Names of the destination in the records that do not fit the registered one, one for each file.
pub(crate) fn misnamed(composition: &Composition, entry: &OfficeEntry, files: &[u32]) -> Vec<(u32, Found)> {
    let number = entry.number.to_string();
    let mut found = Vec::new();
    for file in composition.files.iter().filter(|file| files.contains(&file.number)) {
        let facts = file
            .taken
            .content
            .as_ref()
            .ok()
            .and_then(|content| content.facts.as_ref());
        let named: Vec<_> = (facts.iter())
            .flat_map(|facts| &facts.offices)
            .filter(|office| office.number == number && !office.name.is_empty())
            .collect();
        let fits = |name: &str| fits(name, &entry.name);
        if let Some(first) = named.first().filter(|_| !named.iter().any(|office| fits(&office.name))) {
            let finding = Finding::warns(FindingCode::OfficeName)
                .in_file(file.number)
                .at_row(first.row)
                .value(&first.name)
                .param("registered", &entry.name);
            // The name of an office is no secret, and a long one is cut like every value.
            let named = finding.value.clone().unwrap_or_default();
            found.push((file.number, Found::Finding(finding.param("found", named))));
        }
    }
    found
}

/// What the records call an office that the directory does not know; nothing where they name it nowhere.
pub(super) fn name_in_records(composition: &Composition, office: OfficeNumber, files: &[u32]) -> Option<String> {
    let number = office.to_string();
    let wanted = composition.files.iter().filter(|file| files.contains(&file.number));
    let facts = wanted.filter_map(|file| file.taken.content.as_ref().ok()?.facts.as_deref());
    let mut named = facts.flat_map(|facts| &facts.offices);
    let first = named.find(|named| named.number == number && !named.name.is_empty())?;
    let name = crate::reading::values::plain(&first.name);
    Some(name.chars().take(limits::OFFICE_TEXT_CHARS_MAX).collect())
}

/// Whether two names may be of one office. Software writes them with or without the company, in full or half width.
fn fits(named: &str, registered: &str) -> bool {
    let (named, registered) = (bare(named), bare(registered));
    if named.is_empty() || registered.is_empty() {
        return true;
    }
    let pairs = |name: &[char]| -> HashSet<(char, char)> {
        let pairs = name.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
        pairs.collect()
    };
    let (a, b) = (pairs(&named), pairs(&registered));
    let fewer = a.len().min(b.len());
    match fewer {
        0 => named == registered || contains(&named, &registered) || contains(&registered, &named),
        fewer => a.intersection(&b).count() * 2 >= fewer,
    }
}

fn contains(long: &[char], short: &[char]) -> bool {
    !short.is_empty() && long.windows(short.len()).any(|part| part == short)
}

/// The characters that tell one name from another: no spaces and marks, one width, one case.
fn bare(name: &str) -> Vec<char> {
    let folded = name.nfkc().flat_map(char::to_lowercase);
    folded.filter(|c| c.is_alphanumeric()).collect()
}

impl Layout {
    /// The marks that a history is asked for: of every destination and of every care recipient.
    pub(crate) fn marks(&self) -> Vec<i64> {
        let each = self.deliveries.iter();
        each.flat_map(Laid::marks).collect()
    }

    /// Notes what earlier sends say about these deliveries.
    pub(crate) fn note_history(&mut self, composition: &Composition, around: &Surroundings, history: &History) {
        for laid in &mut self.deliveries {
            laid.sent_before = history.content.get(&laid.fingerprint).copied();
            // Of an office that is not on the exchange there is nothing to be asked.
            if laid.on_exchange == OnExchange::No {
                continue;
            }
            let sent_from_here = history.marks.contains(&laid.mark);
            if !sent_from_here && !around.last_exchange.contains_key(&laid.to.office) {
                laid.findings
                    .push(Found::Finding(Finding::warns(FindingCode::FirstSend)));
            }
            if sent_from_here {
                let mut new = laid
                    .people
                    .iter()
                    .filter(|person| !history.marks.contains(&person.mark));
                if let Some(first) = new.next() {
                    let mut finding = Finding::warns(FindingCode::RecipientNew)
                        .in_file(first.file)
                        .at_row(first.row);
                    finding.more = u32::try_from(new.count()).unwrap_or(u32::MAX);
                    laid.file_findings.push((first.file, Found::Finding(finding)));
                }
            }
        }
        self.judge(composition);
    }
}

impl Laid {
    /// What is remembered once this was sent.
    pub(crate) fn marks(&self) -> impl Iterator<Item = i64> {
        std::iter::once(self.mark).chain(self.people.iter().map(|person| person.mark))
    }
}

#[cfg(test)]
mod tests {
    use care_samples::Samples;
    use desk_ipc::CompositionMode;

    use super::*;
    use crate::compose::trial::Trial;

    #[test]
    fn names_of_one_office_fit_and_those_of_two_do_not() {
        for (named, registered) in [
            ("例示ヘルパーステーション", "例示ヘルパーステーション"),
            ("例示ヘルパーステーション", "株式会社見本 例示ヘルパーステーション"),
            ("例示ﾍﾙﾊﾟｰｽﾃｰｼｮﾝ", "例示ヘルパーステーション"),
            ("（株）例示ヘルパー　ステーション", "例示ヘルパーステーション"),
            ("ＡＢＣ訪問介護", "abc訪問介護"),
            ("", "例示ヘルパーステーション"),
        ] {
            assert!(fits(named, registered), "{named} {registered}");
        }
        for (named, registered) in [
            ("見本デイサービス", "例示ヘルパーステーション"),
            ("さくら訪問介護事業所", "例示ヘルパーステーション"),
            ("梅", "桜"),
        ] {
            assert!(!fits(named, registered), "{named} {registered}");
        }
    }

    fn keys<'a>(found: impl Iterator<Item = &'a Found>) -> Vec<String> {
        let findings = found.filter_map(|found| match found {
            Found::Finding(finding) => Some(format!("{}+{}", finding.message_key(), finding.more)),
            Found::Refused(..) => None,
        });
        findings.collect()
    }

    #[test]
    fn first_sends_new_people_and_other_names_are_asked_about_once_each() {
        let mut trial = Trial::new();
        let paths = trial.unit(&mut Samples::new(9), "home_schedule");
        let told = |trial: &Trial, history: &History| {
            let mut composition = trial.composition(CompositionMode::Compose, &paths);
            let mut layout = Layout::of(&mut composition, &trial.around);
            layout.note_history(&composition, &trial.around, history);
            let marks = layout.marks();
            (
                keys(layout.deliveries[0].all_findings()),
                layout.needs_confirmation,
                marks,
            )
        };
        let (found, asks, marks) = told(&trial, &History::default());
        assert_eq!((found, asks), (vec!["first_send+0".to_owned()], true));
        assert_eq!(marks.len(), 3, "the office and two people");
        // Of an office that others of this office exchange with there is nothing to compare people with.
        let to = marks[0];
        trial.around.last_exchange.insert(trial.to().office, Utc::now());
        assert!(!told(&trial, &History::default()).1);
        let knows = |marks: &[i64]| History {
            marks: marks.iter().copied().collect(),
            ..History::default()
        };
        assert_eq!(told(&trial, &knows(&[to])).0, ["recipient_new+1"]);
        assert_eq!(told(&trial, &knows(&marks[..2])).0, ["recipient_new+0"]);
        assert!(!told(&trial, &knows(&marks)).1);
        let number = trial.to().office;
        let entry = trial.around.offices.get_mut(&number).and_then(Option::as_mut).unwrap();
        entry.name = "架空デイサービス".to_owned();
        let (found, asks, _) = told(&trial, &knows(&marks));
        assert!(asks && found.iter().all(|key| key == "office_name+0"), "{found:?}");
    }

    #[test]
    fn a_mark_depends_on_secret_office_and_person() {
        let office = |text: &str| OfficeNumber::parse(text).unwrap();
        let one = mark(&[1; 32], office("9970101003"), Some(7));
        for other in [
            mark(&[2; 32], office("9970101003"), Some(7)),
            mark(&[1; 32], office("9970101004"), Some(7)),
            mark(&[1; 32], office("9970101003"), Some(8)),
            mark(&[1; 32], office("9970101003"), None),
        ] {
            assert_ne!(one, other);
        }
    }
}
