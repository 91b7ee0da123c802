//! `record`: what this office did in a period, as the exchange signed it (運営指導用の記録).

use std::sync::Arc;

use chrono::NaiveDate;
use desk::Desk;
use desk_ipc::{DeskCommands as _, InspectionForm, InspectionStart, InspectionView};
use serde::Serialize;

use crate::{
    arguments::{Arguments, Record, RecordForm},
    output::{Failure, Output},
    session,
    surface::Named,
};

/// What was written, for programs.
#[derive(Serialize)]
struct RecordLine<'a> {
    file: &'a str,
    from: NaiveDate,
    until: NaiveDate,
    acts: u32,
}

/// Takes the record of a period, verifies it, and writes it into a file.
pub(crate) async fn take_record(arguments: &Arguments, given: &Record, output: &Output) -> Result<(), Failure> {
    let named = Named {
        save_file: Some(session::absolute(&given.out)?),
        ..Named::default()
    };
    let desk = session::open_signed_in(arguments, named).await?;
    let taken = taken(&desk, given).await;
    desk.shutdown().await;
    let (view, name) = taken?;
    let line = RecordLine {
        file: &name,
        from: view.from,
        until: view.until,
        acts: view.acts,
    };
    output.say(&line, || vec![messages::inspection::saved(view.acts, &name)]);
    Ok(())
}

async fn taken(desk: &Arc<Desk>, given: &Record) -> Result<(InspectionView, String), Failure> {
    let days = InspectionStart {
        from: given.from,
        until: given.to,
    };
    let view = desk.take_inspection(days).await?;
    let form = match given.format {
        RecordForm::Record => InspectionForm::Signed,
        RecordForm::Csv => InspectionForm::CsvUtf8,
        RecordForm::CsvMs932 => InspectionForm::CsvMs932,
        RecordForm::Excel => InspectionForm::Excel,
    };
    let saved = desk.save_inspection(form).await?;
    Ok((view, saved.map(|saved| saved.name).unwrap_or_default()))
}
