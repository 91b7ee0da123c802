import type { CommandError, UnitView } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";

/** The permitted combinations of this office, asked for once after ログイン. */
export class Units {
  rows = $state<readonly UnitView[]>([]);
  problem = $state<CommandError | null>(null);

  constructor(private readonly desk: Desk) {}

  async load(): Promise<void> {
    try {
      this.rows = await this.desk.call("list_units", null);
      this.problem = null;
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }
}
