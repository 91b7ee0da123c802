//! Service kinds (サービス種類コード).

use serde::{Deserialize, Serialize};

use crate::{OfficeRole, ShapeError, text_type::text_type};

/// A service kind code (サービス種類コード): two characters, digits or capital letters.
///
/// Any code of that shape is a `ServiceKind`; whether the standard exchanges it is asked with [`ServiceKind::name_ja`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceKind([u8; 2]);

text_type!(ServiceKind);

impl ServiceKind {
    /// 居宅介護支援.
    pub const CARE_MANAGEMENT: Self = Self(*b"43");
    /// 介護予防支援.
    pub const PREVENTIVE_SUPPORT: Self = Self(*b"46");

    /// Reads a code of two characters.
    pub fn parse(text: &str) -> Result<Self, ShapeError> {
        match text.as_bytes() {
            [a, b] if [a, b].iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) => Ok(Self([*a, *b])),
            _ => Err(ShapeError { kind: "service kind" }),
        }
    }

    /// The two characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The role of an office that acts in this kind (標準仕様 4.1 の範囲表; AF は総合事業の請求コード).
    pub fn role(&self) -> OfficeRole {
        match &self.0 {
            b"43" => OfficeRole::CareManagement,
            b"46" | b"AF" => OfficeRole::CommunitySupport,
            _ => OfficeRole::Service,
        }
    }

    /// Every code that has a name, in the order of the codes.
    pub fn named() -> impl Iterator<Item = Self> {
        NAMES.iter().filter_map(|(code, _)| Self::parse(code).ok())
    }

    /// The Japanese name, if the code is in the scope of the standard or is one of the kinds that manage care.
    pub fn name_ja(&self) -> Option<&'static str> {
        NAMES
            .iter()
            .find(|(code, _)| *code == self.as_str())
            .map(|(_, name)| *name)
    }
}

/// Codes in the scope of the exchange (標準仕様 4.1 連携対象サービス) and the kinds that manage care.
const NAMES: &[(&str, &str)] = &[
    ("11", "訪問介護"),
    ("12", "訪問入浴介護"),
    ("13", "訪問看護"),
    ("14", "訪問リハビリテーション"),
    ("15", "通所介護"),
    ("16", "通所リハビリテーション"),
    ("17", "福祉用具貸与"),
    ("21", "短期入所生活介護"),
    ("22", "短期入所療養介護（介護老人保健施設）"),
    ("23", "短期入所療養介護（介護療養型医療施設等）"),
    ("24", "介護予防短期入所生活介護"),
    ("25", "介護予防短期入所療養介護（介護老人保健施設）"),
    ("26", "介護予防短期入所療養介護（介護療養型医療施設等）"),
    ("27", "特定施設入居者生活介護（短期利用）"),
    ("28", "地域密着型特定施設入居者生活介護（短期利用）"),
    ("2A", "短期入所療養介護（介護医療院）"),
    ("2B", "介護予防短期入所療養介護（介護医療院）"),
    ("31", "居宅療養管理指導"),
    ("34", "介護予防居宅療養管理指導"),
    ("38", "認知症対応型共同生活介護（短期利用）"),
    ("39", "介護予防認知症対応型共同生活介護（短期利用）"),
    ("43", "居宅介護支援"),
    ("46", "介護予防支援"),
    ("62", "介護予防訪問入浴介護"),
    ("63", "介護予防訪問看護"),
    ("64", "介護予防訪問リハビリテーション"),
    ("66", "介護予防通所リハビリテーション"),
    ("67", "介護予防福祉用具貸与"),
    ("68", "小規模多機能型居宅介護（短期利用）"),
    ("69", "介護予防小規模多機能型居宅介護（短期利用）"),
    ("71", "夜間対応型訪問介護"),
    ("72", "認知症対応型通所介護"),
    ("73", "小規模多機能型居宅介護"),
    ("74", "介護予防認知症対応型通所介護"),
    ("75", "介護予防小規模多機能型居宅介護"),
    ("76", "定期巡回・随時対応型訪問介護看護"),
    ("77", "看護小規模多機能型居宅介護"),
    ("78", "地域密着型通所介護"),
    ("79", "看護小規模多機能型居宅介護（短期利用）"),
    ("A1", "訪問型サービス（みなし）"),
    ("A2", "訪問型サービス（独自）"),
    ("A3", "訪問型サービス（独自／定率）"),
    ("A4", "訪問型サービス（独自／定額）"),
    ("A5", "通所型サービス（みなし）"),
    ("A6", "通所型サービス（独自）"),
    ("A7", "通所型サービス（独自／定率）"),
    ("A8", "通所型サービス（独自／定額）"),
    ("AF", "介護予防ケアマネジメント"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_shape_role_and_name() {
        assert_eq!(ServiceKind::parse("43").unwrap().role(), OfficeRole::CareManagement);
        assert_eq!(ServiceKind::parse("46").unwrap().role(), OfficeRole::CommunitySupport);
        assert_eq!(ServiceKind::parse("A2").unwrap().role(), OfficeRole::Service);
        assert_eq!(ServiceKind::parse("11").unwrap().name_ja(), Some("訪問介護"));
        assert_eq!(ServiceKind::parse("51").unwrap().name_ja(), None);
        assert_eq!(ServiceKind::named().count(), NAMES.len());
        assert!(ServiceKind::named().all(|kind| kind.name_ja().is_some()));
        for bad in ["", "1", "111", "1a", "１１"] {
            assert!(ServiceKind::parse(bad).is_err(), "{bad}");
        }
    }
}
