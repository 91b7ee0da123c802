//! Where the desk stands, as the page is told.

use desk_ipc::{HelpDeskView, OfficeView, SessionView, Stage, StartView};

use super::{Identity, Standing};
use crate::{core::Core, enrolment::connection_view, help::contact_form, home::expiry, moving::Moved, words};

impl Core {
    /// The office of this profile, once 初期設定 was done and the profile's key is there.
    pub(crate) fn office_view(&self) -> Option<OfficeView> {
        let standing = self.standing();
        standing
            .identity
            .as_ref()
            .map(|identity| office_view(&standing, identity))
    }

    /// Where the desk stands.
    pub(crate) fn start_view(&self) -> StartView {
        let standing = self.standing();
        let help_desk = match (&standing.me, &standing.connection) {
            (Some(me), _) => HelpDeskView {
                telephone: me.help_desk.telephone.clone(),
                hours: me.help_desk.hours.clone(),
                has_form: contact_form(&standing).is_some(),
            },
            (None, Some(connection)) => HelpDeskView {
                telephone: connection.help_desk.telephone.clone(),
                hours: connection.help_desk.hours.clone(),
                has_form: contact_form(&standing).is_some(),
            },
            (None, None) => HelpDeskView {
                telephone: messages::help_desk::telephone(),
                hours: messages::help_desk::hours(),
                has_form: false,
            },
        };
        StartView {
            stage: self.stage(&standing),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            help_desk,
            demo_profile: self.profile.keyring().is_plain_file(),
            look: self.look(),
            other_profiles: self.other_profiles,
            ended: standing.ended.clone(),
        }
    }

    fn stage(&self, standing: &Standing) -> Stage {
        // Where reading the profile failed half-way the same step is shown again: what is in it is not known.
        if self.must_be_begun().is_err() {
            return Stage::Passphrase {
                first: self.first_passphrase.load(std::sync::atomic::Ordering::Acquire),
            };
        }
        let Some(identity) = &standing.identity else {
            return Stage::SetUp {
                connection: standing.connection.as_ref().map(connection_view),
                moved: standing.moved.as_ref().map(Moved::view),
            };
        };
        let office = office_view(standing, identity);
        if standing.is_open() {
            return Stage::Open {
                session: SessionView {
                    office,
                    person_name: standing
                        .me
                        .as_ref()
                        .map(|me| me.person_name.clone())
                        .unwrap_or_default(),
                    terminal_name: standing
                        .me
                        .as_ref()
                        .map_or(&identity.terminal_name, |me| &me.terminal_name)
                        .clone(),
                },
            };
        }
        match standing.step_token {
            None => Stage::Person {
                office,
                remembered_id: standing.remembered.person.clone(),
                certificate: expiry(identity.expires_at, self.now()),
            },
            Some(_) => Stage::Office {
                office,
                remembered_id: standing.remembered.office.clone(),
            },
        }
    }
}

/// The office of this profile: as the exchange last said, or as the enrolment did.
fn office_view(standing: &Standing, identity: &Identity) -> OfficeView {
    match &standing.me {
        Some(me) => OfficeView {
            telephone: me.office.telephone.clone(),
            ..words::office(me.office.number, &me.office.name, &me.office.kinds)
        },
        None => words::office(identity.office, &identity.office_name, &identity.kinds),
    }
}
