import type { CommandError, Commands, DeskEvent } from "../ipc/bindings";

/** The name of a command. */
export type CommandName = keyof Commands;

/** All that a page may ask of what it runs in. There are two: the window and the test bridge. */
export interface Platform {
  /** Runs a command. Rejects with [`Refusal`]. */
  call<Name extends CommandName>(
    name: Name,
    request: Commands[Name]["request"],
  ): Promise<Commands[Name]["answer"]>;
  /** Prints what the page shows. Rejects with [`Refusal`]. The page may not change meanwhile, nor as long as nobody says that it is over. */
  print(): Promise<void>;
  /** Hears the desk's hints until the returned function is called. */
  listen(handler: (event: DeskEvent) => void): () => void;
}

/** What a refused command rejects with. */
export class Refusal extends Error {
  constructor(readonly problem: CommandError) {
    super(problem.code);
  }
}

/** Makes a refusal of whatever a host rejected with. */
export function refusal(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  if (typeof cause === "object" && cause !== null && "code" in cause && "params" in cause) {
    return new Refusal(cause as CommandError);
  }
  return new Refusal({ code: "internal", params: {}, reference: null });
}
