//! The two invented offices of the demo and their sign-ins.

/// An office of the demo with one person and one terminal. The passwords are invented and printed.
pub(super) struct DemoOffice {
    /// Its number.
    pub(super) number: &'static str,
    /// Its service kind.
    pub(super) kind: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Its telephone number.
    pub(super) telephone: &'static str,
    /// Its person.
    pub(super) person: &'static str,
    /// The person account (c…), easy to type.
    pub(super) person_id: &'static str,
    /// The office account (KJ…), easy to type.
    pub(super) office_id: &'static str,
    /// The password of the person account (c…).
    pub(super) person_password: &'static str,
    /// The password of the office account (KJ…).
    pub(super) office_password: &'static str,
    /// The one-time password for the certificate.
    pub(super) issue_password: &'static str,
    /// What its terminal is called.
    pub(super) terminal: &'static str,
}

/// Both, the care management office first.
pub(super) const OFFICES: [DemoOffice; 2] = [
    DemoOffice {
        number: "9970100013",
        kind: "43",
        name: "見本居宅介護支援事業所",
        telephone: "03-0000-0001",
        person: "見本 花子",
        person_id: "c9970100013",
        office_id: "KJ9970100013",
        person_password: "mihon-hanako-2026",
        office_password: "mihon-jigyosho-2026",
        issue_password: "mihon-shomei-2026",
        terminal: "見本のパソコン",
    },
    DemoOffice {
        number: "9970101003",
        kind: "11",
        name: "例示ヘルパーステーション",
        telephone: "03-0000-0002",
        person: "例示 太郎",
        person_id: "c9970101003",
        office_id: "KJ9970101003",
        person_password: "reiji-taro-2026",
        office_password: "reiji-jigyosho-2026",
        issue_password: "reiji-shomei-2026",
        terminal: "例示のパソコン",
    },
];
