//! `exchange-server`: serve, migrate, admin.

mod cli;

/// Under many connections the system's own took a quarter of the server's time (ADR 0064).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
