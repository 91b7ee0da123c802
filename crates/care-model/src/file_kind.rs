//! The files of the standard: seventeen CSV kinds and one image (標準仕様 4.1).

use serde::{Deserialize, Serialize};

use crate::OfficeRole;

/// The edition of the standard that a name belongs to. It decides how names look and which units exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Edition {
    /// 標準仕様 3.x: offices without service kinds.
    #[serde(rename = "3.2")]
    V3,
    /// 標準仕様 4.x: office and service kind.
    #[serde(rename = "4.1")]
    V4,
}

/// Declares the kinds from one table: name, prefix, whether the name has a month, whether edition 3 has it, and the
/// catalogue's keys.
macro_rules! file_kinds {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $month:literal, $v3:literal,
       $key:literal, $service_key:literal;)+) => {
        /// A kind of file of the standard.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum FileKind {
            $($(#[$doc])* #[serde(rename = $prefix)] $name,)+
        }

        impl FileKind {
            /// Every kind, in the order in which a unit lists its files.
            pub const ALL: &'static [FileKind] = &[$(FileKind::$name),+];

            /// The first part of the name.
            pub fn prefix(&self) -> &'static str {
                match self { $(Self::$name => $prefix,)+ }
            }

            /// Whether the name has a month.
            pub fn has_month(&self) -> bool {
                match self { $(Self::$name => $month,)+ }
            }

            /// Whether edition 3 has this kind.
            pub fn in_edition_3(&self) -> bool {
                match self { $(Self::$name => $v3,)+ }
            }

            /// The key of its Japanese name in the catalogue's group `file_kind`, by the side that looks at it:
            /// the care manager's サービス利用票 is the service office's サービス提供票 (D22).
            pub fn name_key(&self, viewer: OfficeRole) -> &'static str {
                match (self, viewer) {
                    $((Self::$name, OfficeRole::Service) => $service_key,)+
                    $((Self::$name, _) => $key,)+
                }
            }
        }
    };
}

file_kinds! {
    /// 居宅サービス計画書 第1表.
    PlanSheet1 = "UP1KYO", false, true, "up1kyo", "up1kyo";
    /// 居宅サービス計画書 第2表.
    PlanSheet2 = "UP2KYO", false, true, "up2kyo", "up2kyo";
    /// 週間サービス計画表 第3表.
    WeeklyPlan = "UP3KYO", false, false, "up3kyo", "up3kyo";
    /// サービス利用票 予定 (第6表).
    UseSlip = "UPPLAN", true, true, "upplan", "upplan_service";
    /// サービス利用票別表 (第7表).
    UseSlipAnnex = "UPSIKYU", true, true, "upsikyu", "upsikyu_service";
    /// 実績情報.
    Actuals = "UPJSK", true, true, "upjsk", "upjsk";
    /// 利用者補足情報.
    RecipientSupplement = "UPHOSOKU", true, true, "uphosoku", "uphosoku";
    /// 居宅サービス計画書の削除.
    PlanDeletion = "DLT1KYO", false, true, "dlt1kyo", "dlt1kyo";
    /// サービス利用票 予定の削除.
    UseSlipDeletion = "DLTPLAN", true, true, "dltplan", "dltplan_service";
    /// 実績情報の削除.
    ActualsDeletion = "DLTJSK", true, true, "dltjsk", "dltjsk";
    /// 介護予防サービス・支援計画書.
    PreventionPlan = "UPYOBO", false, false, "upyobo", "upyobo";
    /// 介護予防サービス・支援計画書 別表.
    PreventionPlanSupport = "UPYOBO_SUB", false, false, "upyobo_sub", "upyobo_sub";
    /// 介護予防サービス・支援計画書の削除.
    PreventionPlanDeletion = "DLTYOBO", false, false, "dltyobo", "dltyobo";
    /// 利用者基本情報.
    RecipientProfile = "UPKIHON", false, false, "upkihon", "upkihon";
    /// 利用者基本情報 別表 1日の生活・すごし方.
    ProfileDay = "UPKIHON_SUB1", false, false, "upkihon_sub1", "upkihon_sub1";
    /// 利用者基本情報 別表 現病歴・既往歴.
    ProfileMedicalHistory = "UPKIHON_SUB2", false, false, "upkihon_sub2", "upkihon_sub2";
    /// 利用者基本情報 家族構成の画像.
    ProfileImage = "UPKIHON_IMAGE", false, false, "upkihon_image", "upkihon_image";
    /// 利用者基本情報の削除.
    ProfileDeletion = "DLTKIHON", false, false, "dltkihon", "dltkihon";
}

impl FileKind {
    /// The kind of a prefix, capital letters only.
    pub fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.prefix() == prefix)
    }

    /// Whether it is the one kind that is no CSV.
    pub fn is_image(&self) -> bool {
        matches!(self, Self::ProfileImage)
    }

    /// Whether it withdraws what was sent before.
    pub fn is_deletion(&self) -> bool {
        matches!(
            self,
            Self::PlanDeletion
                | Self::UseSlipDeletion
                | Self::ActualsDeletion
                | Self::PreventionPlanDeletion
                | Self::ProfileDeletion
        )
    }

    /// The extension with its dot, as the standard's rule writes it.
    pub fn extension(&self) -> &'static str {
        if self.is_image() { ".jpg" } else { ".CSV" }
    }

    /// Whether it exists in an edition.
    pub fn exists_in(&self, edition: Edition) -> bool {
        edition == Edition::V4 || self.in_edition_3()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighteen_kinds_with_prefixes_of_their_own() {
        assert_eq!(FileKind::ALL.len(), 18);
        for kind in FileKind::ALL {
            assert_eq!(FileKind::of_prefix(kind.prefix()), Some(*kind));
        }
        assert_eq!(FileKind::ALL.iter().filter(|kind| kind.in_edition_3()).count(), 9);
        assert_eq!(FileKind::of_prefix("upplan"), None);
    }

    #[test]
    fn names_follow_the_side() {
        assert_eq!(FileKind::UseSlip.name_key(OfficeRole::CareManagement), "upplan");
        assert_eq!(FileKind::UseSlip.name_key(OfficeRole::CommunitySupport), "upplan");
        assert_eq!(FileKind::UseSlip.name_key(OfficeRole::Service), "upplan_service");
    }
}
