//! The command line of the operator.

mod acts;
mod operations;
mod serve;
mod service;
mod traces;

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use care_model::limits;
use clap::{Args, Parser, Subcommand};
use exchange_protocol::HelpDesk;
use exchange_server::{
    Engine,
    admin::{Admin, AdminSettings, CERTIFICATE_DAYS, NewExchange, NewOffice, NewPerson},
    engine_of, keys_beside,
    office_acts::OfficeChange,
    office_list::OfficeList,
    operators::NewOperator,
    sandbox::{Sandbox, SandboxSettings},
    updates,
};
use exchange_store::{AuditSearch, LicenceRequest, LicenceWish, LimitOverrides, OperatorChange};
use serde::Serialize;

use acts::{AdminAct, AuditSearchArguments, PersonArguments};

#[derive(Parser)]
#[command(
    name = "exchange-server",
    version,
    about = "The exchange of care plans between offices"
)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until it is interrupted.
    Serve(serve::ServeArgs),
    /// Brings the database up to date and does nothing else.
    Migrate(DataArgs),
    /// What the operator does; the server may run meanwhile.
    Admin(AdminArgs),
    /// Prints the API as one document (OpenAPI 3.1).
    Openapi,
    /// Serves invented offices to makers of care software; never for real data.
    Sandbox(SandboxArgs),
}

#[derive(Args)]
struct DataArgs {
    /// The folder of database and contents.
    #[arg(long, env = "CAREPLAN_DATA")]
    data: PathBuf,
    /// The folder of keys; beside the data folder by default, never inside.
    #[arg(long, env = "CAREPLAN_KEYS")]
    keys: Option<PathBuf>,
    /// The file that names the database and the bucket that nodes share [default: engine.toml in the key folder, if it
    /// is there; without one everything is in the data folder].
    #[arg(long, env = "CAREPLAN_ENGINE")]
    engine: Option<PathBuf>,
}

impl DataArgs {
    fn keys(&self) -> PathBuf {
        self.keys.clone().unwrap_or_else(|| keys_beside(&self.data))
    }

    fn engine(&self) -> Result<Engine> {
        Ok(engine_of(&self.data, &self.keys(), self.engine.as_deref())?)
    }
}

#[derive(Args)]
struct SandboxArgs {
    /// Where terminals connect.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where terminals without a certificate connect.
    #[arg(long, default_value = "127.0.0.1:8444")]
    enrolment_listen: SocketAddr,
    /// A new or empty folder for its files, emptied at the next start; a temporary one if not given.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Print where it is and who is in it as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct AdminArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Print what was made as one line of JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    act: AdminAct,
}

pub(crate) fn main() -> ExitCode {
    let line = Line::parse();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")
        .and_then(|runtime| runtime.block_on(run(line.command)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if even standard error is closed.
            let _ = writeln!(io::stderr(), "exchange-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve(args) => serve::serve(args).await,
        Command::Migrate(args) => {
            exchange_server::migrate(args.engine()?)
                .await
                .context("bringing the database up to date")?;
            say(format_args!("the database is up to date"))
        }
        Command::Admin(args) => administrate(args).await,
        Command::Openapi => {
            let document = exchange_server::openapi();
            io::stdout().write_all(document.as_bytes()).context("printing")
        }
        Command::Sandbox(args) => sandbox(args).await,
    }
}

async fn sandbox(args: SandboxArgs) -> Result<()> {
    let begun = Instant::now();
    let kept = args.data.is_some();
    let settings = SandboxSettings {
        listen: args.listen,
        enrolment_listen: args.enrolment_listen,
        folder: args.data,
    };
    let mut sandbox = Sandbox::start(settings).await?;
    let mut interruption = Interruption::new()?;
    let facts = sandbox.facts();
    if args.json {
        say(format_args!("{}", serde_json::to_string(facts)?))?;
    } else {
        let banner = if kept {
            messages::sandbox::banner_kept()
        } else {
            messages::sandbox::banner()
        };
        let rule = "=".repeat(78);
        say(format_args!("{rule}\n{banner}\n{rule}\n{}", facts.readme()))?;
        say(format_args!(
            "{}",
            messages::sandbox::ready(begun.elapsed().as_millis())
        ))?;
    }
    tokio::select! {
        error = sandbox.keep() => return Err(error.into()),
        interrupted = interruption.next() => interrupted?,
    }
    sandbox.end().await;
    Ok(())
}

/// Somebody who wants the server to end: heard from now on, however soon it is waited for.
struct Interruption {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Interruption {
    #[cfg(unix)]
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("waiting for the end")?,
            terminate: signal(SignalKind::terminate()).context("waiting for the end")?,
        })
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) -> Result<()> {
        #[cfg(unix)]
        {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            Ok(())
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await.context("waiting for the end")
    }
}

async fn administrate(args: AdminArgs) -> Result<()> {
    let settings = AdminSettings {
        keys: args.data.keys(),
        engine: args.data.engine()?,
        ..AdminSettings::new(&args.data.data)
    };
    if let AdminAct::Init {
        name,
        help_telephone,
        help_hours,
        help_form,
    } = args.act
    {
        let help_desk = match (help_telephone, help_hours, help_form) {
            (Some(telephone), Some(hours), Some(form_url)) => Some(HelpDesk {
                telephone,
                hours,
                form_url,
            }),
            _ => None,
        };
        let admin = Admin::init(settings, NewExchange { name, help_desk }).await?;
        admin.close().await;
        return Ok(());
    }
    if operations::done(&settings, &args.act, args.json).await? {
        return Ok(());
    }
    let data = settings.data.clone();
    let admin = Admin::open(settings).await?;
    let done = act(&admin, &data, args.act, args.json).await;
    admin.close().await;
    done
}

async fn act(admin: &Admin, data: &Path, act: AdminAct, json: bool) -> Result<()> {
    match act {
        // Done before the data was opened under another name.
        AdminAct::Init { .. } => Ok(()),
        AdminAct::RegisterOffice {
            number,
            name,
            kana,
            address,
            kinds,
            telephone,
            licence_until,
            id,
            password,
            provisional,
            issue_password,
        } => {
            let new = NewOffice {
                kana,
                address,
                telephone,
                licence_until,
                office_id: id,
                password,
                provisional,
                issue_password,
                ..NewOffice::new(number, name, kinds)
            };
            made(&admin.register_office(new).await?, json)
        }
        AdminAct::RegisterOffices {
            list,
            good_rows_only,
            out,
        } => register_list(admin, &list, good_rows_only, &out, json).await,
        AdminAct::ListOffices { search } => list_offices(admin, &search).await,
        AdminAct::ShowOffice { office } => made(&admin.show_office(office).await?, json),
        AdminAct::ChangeOffice {
            office,
            name,
            kana,
            address,
            telephone,
            kinds,
        } => {
            let change = OfficeChange {
                name,
                kana,
                address,
                telephone,
                kinds: (!kinds.is_empty()).then_some(kinds),
            };
            Ok(admin.change_some(office, change).await?)
        }
        AdminAct::StopPerson(PersonArguments { office, person }) => {
            Ok(admin.set_person_stopped(office, person, true).await?)
        }
        AdminAct::ResumePerson(PersonArguments { office, person }) => {
            Ok(admin.set_person_stopped(office, person, false).await?)
        }
        AdminAct::AddPerson {
            office,
            name,
            id,
            password,
            provisional,
        } => {
            let new = NewPerson {
                office,
                name,
                person_id: id,
                password,
                provisional,
            };
            made(&admin.add_person(new).await?, json)
        }
        AdminAct::IssuePassword {
            office,
            password,
            certificate_days,
        } => made(&admin.issue_password(office, password, certificate_days).await?, json),
        AdminAct::WithdrawIssuePassword { office, number } => Ok(admin.withdraw_issue_password(office, number).await?),
        AdminAct::MakeCertificate {
            office,
            terminal_name,
            password_file,
            out,
        } => {
            let text = std::fs::read_to_string(&password_file).context("reading the password file")?;
            let password = text.lines().next().unwrap_or_default();
            let made = admin
                .make_certificate(office, &terminal_name, password, CERTIFICATE_DAYS)
                .await?;
            made.write(&out)?;
            self::made(&made, json)
        }
        AdminAct::RevokeTerminal { terminal } => Ok(admin.revoke_terminal(terminal).await?),
        AdminAct::SetLicence { office, until } => Ok(admin.set_licence(office, until).await?),
        AdminAct::LicenceRequests => wished(&admin.licence_requests().await?, json),
        AdminAct::RefuseLicenceWish { office } => Ok(admin.refuse_licence_wish(office).await?),
        AdminAct::SetLimits {
            office,
            waiting,
            waiting_bytes,
            sends_a_day,
        } => {
            let new = LimitOverrides {
                waiting_deliveries_max: waiting,
                waiting_bytes_max: waiting_bytes,
                sends_a_day_max: sends_a_day,
            };
            made(&admin.set_limits(office, new).await?, json)
        }
        AdminAct::SetMailAddress { office, address } => match admin.set_mail_address(office, address).await? {
            true => say(format_args!("a code is mailed; the office types it in at the portal")),
            false => bail!(
                "{} codes were mailed for this office today; nothing was changed",
                limits::MAIL_CODES_A_DAY_MAX
            ),
        },
        AdminAct::RemoveMailAddress { office } => match admin.remove_mail_address(office).await? {
            true => Ok(()),
            false => bail!("this office has no mail address"),
        },
        AdminAct::SetRetention { days } => Ok(admin.set_retention_days(days).await?),
        AdminAct::AuditExport { office, out } => made(&admin.export_audit(office, &out).await?, json),
        AdminAct::AuditSearch(search) => search_audit(admin, search).await,
        AdminAct::ResetPassword { account } => made(&admin.reset_password(&account).await?, json),
        AdminAct::AddOperator {
            name,
            role,
            id,
            password,
            provisional,
        } => {
            let new = NewOperator {
                name,
                role,
                operator_id: id,
                password,
                provisional,
            };
            made(&admin.add_operator(new).await?, json)
        }
        AdminAct::ListOperators => listed(&admin.operators().await?),
        AdminAct::ResetOperator { id } => made(&admin.reset_operator(&id).await?, json),
        AdminAct::SetOperatorRole { id, role } => Ok(admin.change_operator(&id, OperatorChange::Role(role)).await?),
        AdminAct::StopOperator { id } => Ok(admin.change_operator(&id, OperatorChange::Stop).await?),
        AdminAct::ResumeOperator { id } => Ok(admin.change_operator(&id, OperatorChange::Resume).await?),
        AdminAct::AddNews { title, body, from } => made(&admin.add_news(title, body, from).await?, json),
        AdminAct::ListNews => listed(&admin.list_news().await?),
        AdminAct::RemoveNews { news } => Ok(admin.remove_news(news).await?),
        AdminAct::PublishUpdate {
            target,
            version,
            file,
            signature,
            notes,
        } => {
            let update = updates::NewUpdate {
                target,
                version,
                file,
                signature,
                notes,
            };
            made(&admin.publish_update(data, &update).await?, json)
        }
        AdminAct::WithdrawUpdate { target } => match admin.withdraw_update(data, &target).await? {
            true => Ok(()),
            false => bail!("nothing is offered for {target}"),
        },
        // Done before the data was opened: it opens what it needs.
        AdminAct::Backup { .. } | AdminAct::NewEpoch | AdminAct::RotateMasterKey { .. } | AdminAct::Restore { .. } => {
            Ok(())
        }
        AdminAct::ConnectionFile {
            listen,
            enrolment_listen,
            exchange_url,
            enrolment_url,
            out,
        } => {
            let url = |url: Option<String>, address: Option<SocketAddr>| {
                url.or_else(|| address.map(|address| format!("https://{address}")))
                    .context("an address of the server is missing")
            };
            let file = admin
                .connection_file(&url(exchange_url, listen)?, &url(enrolment_url, enrolment_listen)?)
                .await?;
            match out {
                Some(path) => std::fs::write(&path, &file).with_context(|| format!("writing {}", path.display())),
                None => say(format_args!("{file}")),
            }
        }
    }
}

async fn list_offices(admin: &Admin, words: &str) -> Result<()> {
    let mut after = None;
    loop {
        let page = admin.list_offices(words, after).await?;
        listed(&page)?;
        match page.last() {
            Some(last) => after = Some(last.number),
            None => return Ok(()),
        }
    }
}

async fn search_audit(admin: &Admin, search: AuditSearchArguments) -> Result<()> {
    let search = AuditSearch {
        office: search.office,
        act: search.act,
        from: search.from,
        until: search.until,
        before: search.before,
        limit: search.limit,
    };
    for found in admin.search_audit(&search).await? {
        let line = serde_json::json!({ "line": found.line, "record": found.record });
        say(format_args!("{line}"))?;
    }
    Ok(())
}

/// Registers a list, tells what was found, and fails if nothing was registered.
async fn register_list(admin: &Admin, list: &Path, good_rows_only: bool, out: &Path, json: bool) -> Result<()> {
    const TOLD_EVERY: usize = 100;
    let size = std::fs::metadata(list).context("reading the list")?.len();
    let read_max = limits::OFFICE_LIST_BYTES_MAX as u64 + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(read_max)).unwrap_or_default());
    let file = std::fs::File::open(list).context("reading the list")?;
    file.take(read_max)
        .read_to_end(&mut bytes)
        .context("reading the list")?;
    let told = |done: usize, of: usize| {
        if done.is_multiple_of(TOLD_EVERY) || done == of {
            // Progress that nobody can read is no reason to stop.
            let _ = writeln!(io::stderr(), "{done} / {of}");
        }
    };
    let outcome = admin
        .register_list(OfficeList::read(&bytes), good_rows_only, out, told)
        .await?;
    if json {
        say(format_args!("{}", serde_json::to_string(&outcome)?))?;
    } else {
        for finding in &outcome.findings {
            say(format_args!("{}", finding.sentence()))?;
        }
    }
    if outcome.registered == 0 {
        bail!(messages::operator::list_refused());
    }
    if !json {
        let text = messages::operator::list_registered_count(outcome.registered, out.display());
        say(format_args!("{text}"))?;
    }
    Ok(())
}

/// Prints what offices wish, one a line.
fn wished(requests: &[LicenceRequest], json: bool) -> Result<()> {
    for request in requests {
        let wish = match request.wish {
            LicenceWish::Renew => "renew",
            LicenceWish::Stop => "stop",
        };
        let asked_at = request.asked_at.to_rfc3339();
        if json {
            let line = serde_json::json!({ "office": request.office, "wish": wish, "asked_at": asked_at });
            say(format_args!("{line}"))?;
        } else {
            say(format_args!("{} {wish} {asked_at}", request.office))?;
        }
    }
    Ok(())
}

/// Prints what was made, for a person to hand on or a script to read.
fn made(made: &impl Serialize, json: bool) -> Result<()> {
    let value = serde_json::to_value(made).context("printing what was made")?;
    if json {
        return say(format_args!("{value}"));
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        say(format_args!("{name}: {text}"))?;
    }
    Ok(())
}

/// Prints what a list holds, one JSON object a line.
fn listed<T: Serialize>(rows: &[T]) -> Result<()> {
    for row in rows {
        say(format_args!("{}", serde_json::to_string(row)?))?;
    }
    Ok(())
}

fn say(text: std::fmt::Arguments<'_>) -> Result<()> {
    writeln!(io::stdout(), "{text}").context("printing")
}
