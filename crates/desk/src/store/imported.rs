//! What was taken over into the care software (取込済), as marked on this terminal.

use care_model::DeliveryId;
use chrono::{DateTime, Utc};

use super::{ListName, Store, StoreError, to_millis};

impl Store {
    /// Marks deliveries as imported, or not. A mark that is there keeps its time.
    pub(crate) async fn put_imported(
        &self,
        deliveries: &[DeliveryId],
        imported_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write.begin().await?;
        for delivery in deliveries {
            let id = delivery.as_bytes().as_slice();
            let change = match imported_at {
                Some(at) => sqlx::query(
                    "INSERT INTO imported (delivery, imported_at) VALUES (?, ?) ON CONFLICT (delivery) DO NOTHING",
                )
                .bind(id)
                .bind(to_millis(at)),
                None => sqlx::query("DELETE FROM imported WHERE delivery = ?").bind(id),
            };
            change.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        self.note_changed(ListName::Inbox, deliveries.iter().copied());
        Ok(())
    }
}
