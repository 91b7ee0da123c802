//! What can be done on an exchange, as a closed list: a word of it is written into every line of the audit.

use serde::{Deserialize, Serialize};

macro_rules! acts {
    ($($(#[$doc:meta])+ $name:ident = $word:literal;)+) => {
        /// What was done. Words are for good: one that lines were written with keeps its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum Act {
            $($(#[$doc])+ $name,)+
        }

        impl Act {
            /// Every act there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its word, as lines and exports have it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// The act of a word.
            pub fn parse(word: &str) -> Result<Self, care_model::ShapeError> {
                match word {
                    $($word => Ok(Self::$name),)+
                    _ => Err(care_model::ShapeError { kind: "act" }),
                }
            }
        }
    };
}

acts! {
    /// A delivery was accepted: from then on it is the exchange's to keep.
    Accept = "accept";
    /// A terminal of the destination began to fetch it.
    Claim = "claim";
    /// A person took it over from another terminal.
    TakeOver = "take_over";
    /// 済: a terminal stored and checked every byte; the content was erased.
    Confirm = "confirm";
    /// 送信取消: its sender took it back; the content was erased.
    Recall = "recall";
    /// Both sides were told that it is kept for 30 days more.
    Warn30Days = "warn_30_days";
    /// Both sides were told that it is kept for 7 days more.
    Warn7Days = "warn_7_days";
    /// Both sides were told that it is kept for one day more.
    Warn1Day = "warn_1_day";
    /// Nobody fetched it in time: both sides were told, the content was erased.
    Expire = "expire";

    /// A person signed in at a terminal, in both steps.
    SignIn = "sign_in";
    /// A person signed out at a terminal.
    SignOut = "sign_out";
    /// Somebody signed in to the portal.
    PortalSignIn = "portal_sign_in";
    /// Somebody signed out of the portal.
    PortalSignOut = "portal_sign_out";
    /// A password was changed by whom it belongs to.
    ChangePassword = "change_password";
    /// A new provisional password was made for somebody.
    ResetPassword = "reset_password";
    /// An office looked at a password that was made for one of its people; it is kept no longer.
    ShowPassword = "show_password";

    /// An office was registered.
    RegisterOffice = "register_office";
    /// What is registered of an office was changed.
    ChangeOffice = "change_office";
    /// The end of an office's licence was moved.
    SetLicence = "set_licence";
    /// An office said what it wishes for the end of its licence, or took that back.
    AskLicence = "ask_licence";
    /// An office's own limits were set.
    SetLimits = "set_limits";
    /// A mail address was named for an office; nothing but a code goes there yet.
    SetMailAddress = "set_mail_address";
    /// An office typed in the code that came there.
    ConfirmMailAddress = "confirm_mail_address";
    /// An office is told nothing by mail any more.
    RemoveMailAddress = "remove_mail_address";
    /// A person's account was made.
    AddAccount = "add_account";
    /// A person's account was stopped.
    StopAccount = "stop_account";
    /// A stopped account may be used again.
    ResumeAccount = "resume_account";

    /// A one-time password for a certificate was made.
    IssuePassword = "issue_password";
    /// A one-time password was withdrawn before anybody used it.
    WithdrawIssuePassword = "withdraw_issue_password";
    /// A terminal got its first certificate.
    Enrol = "enrol";
    /// A terminal got its next certificate.
    Renew = "renew";
    /// A terminal's certificate was revoked.
    Revoke = "revoke";

    /// News was published.
    AddNews = "add_news";
    /// News was taken back.
    RemoveNews = "remove_news";
    /// A setting of the exchange was changed.
    ChangeSettings = "change_settings";
    /// A new version of the client was put up.
    PublishUpdate = "publish_update";
    /// A version of the client was taken down.
    WithdrawUpdate = "withdraw_update";

    /// A backup of everything but the keys was begun.
    BackUp = "back_up";
    /// A backup took the data's place, under a new epoch.
    Restore = "restore";
    /// A new master key was made, or what was wrapped by an older one was wrapped anew.
    RotateMasterKey = "rotate_master_key";
    /// A master key that nothing is wrapped by any more was removed.
    RetireMasterKey = "retire_master_key";

    /// An operator's account was made.
    AddOperator = "add_operator";
    /// An operator's account was changed.
    ChangeOperator = "change_operator";
    /// An operator's account was stopped.
    StopOperator = "stop_operator";
    /// An office's part of the audit was taken out by an operator.
    ExportAudit = "export_audit";
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for Act {
    type Err = care_model::ShapeError;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::parse(word)
    }
}

impl TryFrom<String> for Act {
    type Error = care_model::ShapeError;
    fn try_from(word: String) -> Result<Self, Self::Error> {
        Self::parse(&word)
    }
}

impl From<Act> for &'static str {
    fn from(act: Act) -> Self {
        act.word()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_has_a_word_of_its_own() {
        for act in Act::ALL {
            assert_eq!(Act::parse(act.word()), Ok(*act));
        }
        assert!(Act::parse("Accept").is_err());
    }
}
