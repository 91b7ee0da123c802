//! Identities that mean something only between a page and its desk.

care_model::uuid_id! {
    /// Files that were dropped or chosen; the paths stay with the desk.
    DropId
}
care_model::uuid_id! {
    /// A 新規作成 or 一括送信 in the making; a draft keeps the id of the composition it was saved from.
    CompositionId
}
care_model::uuid_id! {
    /// A folder that a person chose for landing; the path stays with the desk.
    FolderId
}

care_model::uuid_id! {
    /// A profile of this PC; its folder stays with the desk.
    ProfileId
}

/// On the page an identity is a string.
macro_rules! id_is_string {
    ($($name:ident),+) => {$(
        impl ts_rs::TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;
            fn name(_: &ts_rs::Config) -> String {
                "string".to_owned()
            }
            fn inline(config: &ts_rs::Config) -> String {
                Self::name(config)
            }
        }
    )+};
}
id_is_string!(DropId, CompositionId, FolderId, ProfileId);
