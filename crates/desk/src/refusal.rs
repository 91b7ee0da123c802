//! From causes to refusals: the cause goes to the log under a reference, the page gets a code.

use std::{fmt::Debug, io};

use care_model::{DeliveryId, ProblemCode};
use desk_ipc::CommandError;
use exchange_client::ClientError;
use exchange_protocol::Problem;

/// A refusal whose cause is in the log. Causes are error types of ours and of libraries; none holds what a person wrote.
pub(crate) fn logged(code: ProblemCode, cause: &dyn Debug) -> CommandError {
    let reference = reference();
    tracing::warn!(%reference, code = code.as_str(), ?cause, "a command was refused");
    CommandError {
        reference: Some(reference),
        ..CommandError::new(code)
    }
}

/// Twelve characters that lead from a screen to a line of the log.
fn reference() -> String {
    let id = DeliveryId::generate().to_string().replace('-', "");
    id[id.len() - 12..].to_owned()
}

/// A refusal by the exchange, as the page gets it.
pub(crate) fn of_problem(problem: Problem) -> CommandError {
    CommandError {
        code: problem.code,
        params: problem.params,
        reference: problem.reference,
    }
}

/// What a failed call means for a person.
pub(crate) fn of_client(error: ClientError) -> CommandError {
    match error {
        ClientError::Refused(problem) => of_problem(problem),
        other => logged(other.code(), &other),
    }
}

/// What a failed read or write in the profile means for a person.
pub(crate) fn of_profile_io(error: &io::Error) -> CommandError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => logged(ProblemCode::LocalDiskFull, &error.kind()),
        kind => logged(ProblemCode::ProfileUnusable, &kind),
    }
}
