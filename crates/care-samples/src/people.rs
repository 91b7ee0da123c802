//! Invented people. There is no prefecture 99, and every name says that it is an example.

/// One invented care recipient.
pub(crate) struct Person {
    pub(crate) insurer: &'static str,
    pub(crate) insured: String,
    pub(crate) name: String,
    pub(crate) kana: String,
    pub(crate) sex: &'static str,
    pub(crate) birth: String,
    pub(crate) address: String,
    pub(crate) rooms: &'static str,
    pub(crate) plan_date: &'static str,
    pub(crate) level: &'static str,
}

const FAMILY: &[(&str, &str)] = &[
    ("見本", "ミホン"),
    ("架空", "カクウ"),
    ("例示", "レイジ"),
    ("仮名", "カメイ"),
    ("試験", "シケン"),
    ("模擬", "モギ"),
    // Second bytes of 5C, and characters that stand at two places of MS932.
    ("表ソ能", "ヒョウソノウ"),
    ("㈱髙﨑①", "タカサキ"),
];

const GIVEN: &[(&str, &str, &str)] = &[
    ("太郎", "タロウ", "1"),
    ("花子", "ハナコ", "2"),
    ("一郎", "イチロウ", "1"),
    ("さくら", "サクラ", "2"),
    ("ｶﾅ子", "カナコ", "2"),
    ("三郎", "サブロウ", "1"),
    ("十郎", "ジュウロウ", "1"),
];

impl Person {
    /// The person of this number; the same number gives the same person.
    pub(crate) fn of_number(number: u64) -> Self {
        let pick = |count: usize, stride: u64| -> usize {
            usize::try_from(number.wrapping_mul(stride) % count as u64).unwrap_or_default()
        };
        let (family, family_kana) = FAMILY[pick(FAMILY.len(), 3)];
        let (given, given_kana, sex) = GIVEN[pick(GIVEN.len(), 1)];
        let year = 1930 + number % 25;
        let (month, day) = (1 + number % 12, 1 + number % 28);
        Self {
            insurer: ["990010", "990028"][pick(2, 1)],
            insured: if number % 5 == 4 {
                format!("H{:09}", 990_000_000 + number % 10_000_000)
            } else {
                format!("{:010}", 9_900_000_000 + number % 100_000_000)
            },
            name: format!("{family} {given}"),
            kana: format!("{family_kana} {given_kana}"),
            sex,
            birth: format!("{year}{month:02}{day:02}"),
            address: format!("架空県見本市例示町{}-{}", 1 + number % 9, 1 + number % 30),
            rooms: ["", "見本荘①号室", "例示ハイツ, \"101\""][pick(3, 1)],
            plan_date: "20251201",
            level: ["21", "22", "23", "24", "25"][pick(5, 1)],
        }
    }
}
