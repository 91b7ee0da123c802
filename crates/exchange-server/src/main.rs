//! `exchange-server`: serve, migrate, admin.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
