import { expect, it } from "vitest";

import { TestDesk } from "../test-desk";
import { Session } from "./session.svelte";

const setUp = { stage: { stage: "set_up", connection: null, moved: null } };

it("keeps the file of 引っ越し until it was taken in, and forgets it when a person thinks better of it", async () => {
  const desk = new TestDesk().on("choose_move_file", () => ({
    id: "drop",
    files: [{ name: "a.careplan-move" }],
  }));
  const session = new Session(desk);
  await session.chooseMove();
  expect(session.moveFile).toEqual({ file: "drop", name: "a.careplan-move" });
  desk.refuses("move_in", "move_passphrase_refused");
  await session.moveIn("wrong");
  expect(session.problem?.code).toBe("move_passphrase_refused");
  expect(session.moveFile).not.toBeNull();
  session.leaveMove();
  expect(session).toMatchObject({ moveFile: null, problem: null });
  await session.moveIn("nothing is chosen");
  expect(desk.names().filter((name) => name === "move_in")).toHaveLength(1);

  await session.chooseMove();
  desk.on("move_in", () => setUp);
  await session.moveIn("right");
  expect(session).toMatchObject({ moveFile: null, move: null, start: setUp });
});
