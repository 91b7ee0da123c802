import type {
  CommandError,
  FormView,
  PlanChanges,
  ReadingSource,
  ReadingView,
  ReadRecipientView,
} from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";
import { fold } from "../../lib/fold";
import { give } from "../../lists/on-paper";

/** Care recipients whose forms are asked for at once (desk_ipc::FORMS_RECIPIENTS_MAX). */
export const FORMS_RECIPIENTS_MAX = 50;

/** What the list leads to: the forms of a care recipient by its number, or the files. */
export type Choice = number | "files";

/** A care recipient with their forms. */
export type Printed = { recipient: ReadRecipientView; forms: readonly FormView[] };

/** Whose forms are gathered for the printer, and how far that is. */
export type Gathering = { done: number; count: number };

/** 内容を見る, while it is open. */
export class Reading {
  source = $state.raw<ReadingSource | null>(null);
  view = $state.raw<ReadingView | null>(null);
  problem = $state.raw<CommandError | null>(null);
  /** The search as typed. */
  text = $state("");
  choice = $state.raw<Choice>("files");
  /** The forms of the choice, once they are there. */
  forms = $state.raw<readonly FormView[] | null>(null);
  /** 前回との違い of the choice, once somebody asked. */
  changes = $state.raw<readonly PlanChanges[] | null>(null);
  changesProblem = $state.raw<CommandError | null>(null);
  gathering = $state.raw<Gathering | null>(null);
  /** What is on its way to the printer. */
  printing = $state.raw<readonly Printed[] | null>(null);

  constructor(private readonly desk: Desk) {}

  /** Whom the search leaves. */
  recipients = $derived.by<readonly ReadRecipientView[]>(() => {
    const all = this.view?.recipients ?? [];
    const wanted = fold(this.text);
    if (wanted === "") return all;
    return all.filter(({ name, name_kana, insured_number }) =>
      [name, name_kana, insured_number].some((text) => text !== null && fold(text).includes(wanted)),
    );
  });

  /** How much was found in the files. */
  found = $derived(
    (this.view?.files ?? []).reduce((sum, file) => sum + file.findings.length + file.more_findings, 0),
  );

  /** Who is chosen. */
  chosen = $derived(this.view?.recipients.find(({ recipient }) => recipient === this.choice) ?? null);

  /** Opens it and asks who is in the files. */
  async open(source: ReadingSource): Promise<void> {
    this.close();
    this.source = source;
    try {
      const view = await this.desk.call("read_recipients", source);
      if (this.source !== source) return;
      this.view = view;
      const first = view.recipients[0];
      if (first) {
        this.choice = first.recipient;
        this.forms = view.first;
      }
    } catch (cause) {
      if (this.source === source) this.problem = problemOf(cause);
    }
  }

  /** Back to where it was opened; nothing of it is kept. */
  close(): void {
    this.source = null;
    this.view = null;
    this.problem = null;
    this.text = "";
    this.choice = "files";
    this.forms = null;
    this.forgetChanges();
    this.gathering = null;
    this.printing = null;
  }

  /** Shows the forms of a care recipient, or the files. */
  async choose(choice: Choice): Promise<void> {
    const { source } = this;
    if (!source) return;
    this.choice = choice;
    this.forms = null;
    this.forgetChanges();
    this.problem = null;
    if (choice === "files") return;
    try {
      const [answer] = await this.desk.call("read_forms", { source, recipients: [choice] });
      if (this.source === source && this.choice === choice) this.forms = answer?.forms ?? [];
    } catch (cause) {
      if (this.source === source && this.choice === choice) this.problem = problemOf(cause);
    }
  }

  /** Asks what changed in the plans of the chosen one since the last ones. */
  async compare(): Promise<void> {
    const { source, choice } = this;
    if (!source || choice === "files") return;
    this.forgetChanges();
    const isMeant = () => this.source === source && this.choice === choice;
    try {
      const changes = await this.desk.call("read_changes", { source, recipient: choice });
      if (isMeant()) this.changes = changes;
    } catch (cause) {
      if (isMeant()) this.changesProblem = problemOf(cause);
    }
  }

  private forgetChanges(): void {
    this.changes = null;
    this.changesProblem = null;
  }

  /** Gathers the forms of care recipients and gives them to the printer as one job. */
  async gather(recipients: readonly ReadRecipientView[]): Promise<void> {
    const { source } = this;
    if (!source || this.gathering) return;
    // The sheets before may still be there, where the system doesn't say when it has printed.
    this.printing = null;
    this.problem = null;
    this.gathering = { done: 0, count: recipients.length };
    const printed: Printed[] = [];
    try {
      for (let from = 0; from < recipients.length; from += FORMS_RECIPIENTS_MAX) {
        const some = recipients.slice(from, from + FORMS_RECIPIENTS_MAX);
        const numbers = some.map(({ recipient }) => recipient);
        const answer = await this.desk.call("read_forms", { source, recipients: numbers });
        if (this.source !== source) return;
        for (const recipient of some) {
          const forms = answer.find((one) => one.recipient === recipient.recipient)?.forms ?? [];
          printed.push({ recipient, forms });
        }
        this.gathering = { done: printed.length, count: recipients.length };
      }
      this.printing = printed;
    } catch (cause) {
      if (this.source === source) this.problem = problemOf(cause);
    } finally {
      if (this.source === source) this.gathering = null;
    }
  }

  /** Prints the sheets that were made of what was gathered. */
  print(): Promise<void> {
    return give(this.desk, this);
  }
}
