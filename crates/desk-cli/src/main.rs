//! `careplan`: the desk on the command line, for automation and for makers of care software.
//!
//! The third host over the same core: what it does, the window does in the same way. It has no rules of its own;
//! `check`, `plan`, `show`, `diff` and `verify` use the pure crates and need neither sign-in nor server.
//!
//! `watch` alone stays until it is stopped.
//!
//! Exit codes: 0 done, 1 refused or blocked, 2 not read (arguments, files, passwords).

mod arguments;
mod check;
mod diff;
mod explain;
mod files;
mod fix;
mod lists;
mod output;
mod receive;
mod record;
mod secrets;
mod send;
mod session;
mod show;
mod surface;
mod verify;
mod versions;
mod watch;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser as _;
use output::{Failure, Output};

#[tokio::main]
async fn main() -> ExitCode {
    // Before any connection: rustls takes the provider that was installed first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("CAREPLAN_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off")),
        )
        .init();
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json);
    match run(&arguments, &output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    match &arguments.command {
        Command::Check(given) => check::check(given, output),
        Command::Plan(given) => check::plan(given, output),
        Command::Show(given) => show::show(given, output),
        Command::Diff(given) => diff::diff(given, output),
        Command::Setup(given) => session::set_up(arguments, given, output).await,
        Command::Login(given) => session::login(arguments, given, output).await,
        Command::Logout => session::logout(arguments, output).await,
        Command::Send(given) => send::send(arguments, given, output).await,
        Command::Inbox(given) => lists::inbox(arguments, given, output).await,
        Command::Outbox(given) => lists::outbox(arguments, given, output).await,
        Command::Recall(given) => lists::recall(arguments, given, output).await,
        Command::Record(given) => record::take_record(arguments, given, output).await,
        Command::Watch(given) => watch::watch(arguments, given, output).await,
        Command::Verify(given) => verify::verify_export(arguments, given, output).await,
        Command::Receive(given) => receive::receive(arguments, given, output).await,
    }
}
