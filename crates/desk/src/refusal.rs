//! From causes to refusals: the cause goes to the log under a reference, the page gets a code.

use std::{
    collections::VecDeque,
    fmt::Debug,
    io,
    sync::{Mutex, PoisonError},
};

use care_model::{DeliveryId, ProblemCode};
use desk_ipc::CommandError;
use exchange_client::ClientError;
use exchange_protocol::Problem;

/// Refusals that are kept for the support file.
const RECENT_MAX: usize = 200;

/// The newest refusals of this process by reference and code: what the log says of them, without their causes.
static RECENT: Mutex<VecDeque<(String, &'static str)>> = Mutex::new(VecDeque::new());

/// The newest refusals of this process, oldest first.
pub(crate) fn recent() -> Vec<(String, &'static str)> {
    let recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    recent.iter().cloned().collect()
}

fn remember(reference: &str, code: ProblemCode) {
    let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    if recent.len() >= RECENT_MAX {
        recent.pop_front();
    }
    recent.push_back((reference.to_owned(), code.as_str()));
}

/// A refusal whose cause is in the log. Causes are error types of ours and of libraries; none holds what a person wrote.
pub(crate) fn logged(code: ProblemCode, cause: &dyn Debug) -> CommandError {
    let reference = reference();
    remember(&reference, code);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_called_so_and_whatever_else_fails_otherwise() {
        for (kind, code) in [
            (io::ErrorKind::StorageFull, ProblemCode::LocalDiskFull),
            (io::ErrorKind::QuotaExceeded, ProblemCode::LocalDiskFull),
            (io::ErrorKind::PermissionDenied, ProblemCode::ProfileUnusable),
        ] {
            assert_eq!(of_profile_io(&kind.into()).code, code);
        }
    }

    #[test]
    fn recent_refusals_have_their_limit() {
        for _ in 0..=RECENT_MAX {
            logged(ProblemCode::SaveFailed, &"a cause");
        }
        let recent = recent();
        assert_eq!(recent.len(), RECENT_MAX);
        assert!(
            recent
                .iter()
                .any(|(reference, code)| reference.len() == 12 && *code == "save_failed")
        );
    }
}
