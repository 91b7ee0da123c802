//! `exchange-server`: serve, migrate, admin.

mod cli;

/// What one thread allocates of a request another one frees, which costs the system's allocator a sixth of the server's
/// time under load (ADR 0065).
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
