//! What is registered of an office, as a form has it.

use care_model::ServiceKind;
use maud::{Markup, html};

use crate::{
    office_facts::FactsTyped,
    portal::form::{Field, Fields},
};

impl FactsTyped {
    pub(super) fn of(fields: &Fields) -> Self {
        Self {
            name: fields.text("name").to_owned(),
            kana: fields.text("kana").to_owned(),
            address: fields.text("address").to_owned(),
            telephone: fields.text("telephone").to_owned(),
            kinds: fields.all("kind").map(str::to_owned).collect(),
        }
    }

    /// The fields.
    pub(super) fn markup(&self) -> Markup {
        let [name, kana, address, telephone] = [
            messages::operator::name(),
            messages::operator::kana(),
            messages::operator::address(),
            messages::operator::telephone(),
        ];
        html! {
            (Field { value: &self.name, ..Field::text("name", &name) }.markup())
            (Field { value: &self.kana, is_optional: true, ..Field::text("kana", &kana) }.markup())
            (Field { value: &self.address, is_optional: true, ..Field::text("address", &address) }.markup())
            (Field { value: &self.telephone, is_optional: true, kind: "tel", ..Field::text("telephone", &telephone) }
                .markup())
            fieldset.kinds {
                legend { (messages::operator::kinds()) }
                p.help { (messages::operator::kinds_help()) }
                ul {
                    @for kind in ServiceKind::named() {
                        @let is_chosen = self.kinds.iter().any(|chosen| chosen == kind.as_str());
                        li {
                            label {
                                input type="checkbox" name="kind" value=(kind.as_str()) checked[is_chosen];
                                span { (kind.as_str()) " " (kind.name_ja().unwrap_or_default()) }
                            }
                        }
                    }
                }
            }
        }
    }
}
