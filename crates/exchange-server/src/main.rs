//! `exchange-server`: serve, migrate, admin.

mod cli;

/// Requests need pieces larger than what the system's allocator keeps for each thread (ADR 0069).
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
