/** A desk of answers for controller tests. It exists in tests only: no build reaches this file. */
import type { CommandError, DeskEvent } from "./ipc/bindings";
import type { CommandName, Desk } from "./ipc/call";
import { Refusal } from "./platform/types";

type Answer = (request: unknown) => unknown;

/** Answers each command as it was told to, and keeps what it was asked. */
export class TestDesk implements Desk {
  readonly asked: { name: CommandName; request: unknown }[] = [];
  readonly #answers = new Map<CommandName, Answer>();
  readonly #handlers = new Set<(event: DeskEvent) => void>();

  /** Sets the answer of a command. */
  on(name: CommandName, answer: Answer): this {
    this.#answers.set(name, answer);
    return this;
  }

  /** Lets a command refuse. */
  refuses(name: CommandName, code: CommandError["code"]): this {
    return this.on(name, () => {
      throw new Refusal({ code, params: {}, reference: null });
    });
  }

  call: Desk["call"] = async (name, request) => {
    this.asked.push({ name, request });
    const answer = this.#answers.get(name);
    if (!answer) throw new Error(`no answer for ${name}`);
    return (await answer(request)) as never;
  };

  async print(): Promise<void> {
    await this.call("print_page", null);
  }

  listen(handler: (event: DeskEvent) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** The names of the commands asked so far. */
  names(): CommandName[] {
    return this.asked.map(({ name }) => name);
  }
}
