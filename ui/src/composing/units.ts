import type { PlannedView, UnitMemberView, UnitView } from "../ipc/bindings";

/** How a member of a unit stands: there, missing although the unit needs it, or left out as it may be. */
export type MemberStanding = UnitMemberView & { state: "there" | "missing" | "absent" };

/** A permitted combination that was recognised in what was dropped. */
export type UnitStanding = { unit: UnitView; members: readonly MemberStanding[]; complete: boolean };

/** Units of one program: what is handed over, and the messages that take it back. */
export type UnitGroup = { program: string; units: readonly UnitView[]; deletions: readonly UnitView[] };

/** The units that the deliveries are recognised as, each once, in the order of the table. */
export function standings(
  units: readonly UnitView[],
  deliveries: readonly Pick<PlannedView, "unit" | "missing" | "files">[],
): UnitStanding[] {
  const found: UnitStanding[] = [];
  for (const unit of units) {
    const mine = deliveries.filter((delivery) => delivery.unit === unit.id);
    if (mine.length === 0) continue;
    const missing = new Set(mine.flatMap((delivery) => delivery.missing));
    const prefixes = new Set(
      mine.flatMap((delivery) => delivery.files).map(({ name }) => prefixOf(name, unit.members)),
    );
    const members = unit.members.map((member) => {
      const there = member.required ? !missing.has(member.prefix) : prefixes.has(member.prefix);
      return { ...member, state: there ? "there" : member.required ? "missing" : "absent" } as const;
    });
    found.push({ unit, members, complete: members.every(({ state }) => state !== "missing") });
  }
  return found;
}

/** The member that a file is by its name: of `UPKIHON` and `UPKIHON_SUB1` the longer one. */
function prefixOf(name: string, members: readonly UnitMemberView[]): string | null {
  const fitting = members
    .map(({ prefix }) => prefix)
    .filter((prefix) => name.toUpperCase().startsWith(`${prefix}_`));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? null;
}

/** The units by program, in the order they came; those that only take something back apart. */
export function byProgram(units: readonly UnitView[]): UnitGroup[] {
  const programs = [...new Set(units.map((unit) => unit.program_name))];
  return programs.map((program) => {
    const mine = units.filter((unit) => unit.program_name === program);
    return {
      program,
      units: mine.filter((unit) => !takesBack(unit)),
      deletions: mine.filter(takesBack),
    };
  });
}

function takesBack(unit: UnitView): boolean {
  return unit.members.every(({ prefix }) => prefix.startsWith("DLT"));
}
