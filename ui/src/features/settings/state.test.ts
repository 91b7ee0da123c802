import { expect, it } from "vitest";

import type { AutomationEdit, AutomationView, SettingsEdit, SettingsView } from "../../ipc/bindings";
import { TestDesk } from "../../test-desk";
import { Settings } from "./state.svelte";

const stands: SettingsView = {
  receive_into: "ask",
  fixed_folder_name: null,
  fixed_folder_found: false,
  naming: "time_office_serial",
  flat: false,
  kept_days: 90,
  notices: true,
  starts_with_computer: null,
  asks_passphrase: false,
  stays_in_tray: true,
  proxy: { proxy: "system" },
};

const nothingAutomatic: AutomationView = {
  receiving: false,
  rules: [],
  receiving_stopped: null,
  received: 0,
  watching: false,
  watched: null,
  watching_stopped: null,
  prepared: 0,
  full: false,
  incomplete: 0,
};

async function opened(desk: TestDesk): Promise<Settings> {
  desk.on("settings", () => stands);
  desk.on("automation", () => nothingAutomatic);
  desk.on("list_choices", () => ({ offices: [], units: [] }));
  desk.on("service_kinds", () => []);
  desk.on("terminals", () => []);
  desk.on("profiles", () => []);
  const settings = new Settings(desk);
  await settings.open();
  return settings;
}

it("saves a change at once and says so at its part", async () => {
  const desk = new TestDesk().on("change_settings", (edit) => ({ ...stands, ...(edit as SettingsEdit) }));
  const settings = await opened(desk);
  expect(await settings.change("kept", { kept_days: 30 })).toBe(true);
  expect(settings.view?.kept_days).toBe(30);
  expect(settings.saved).toBe("kept");
});

it("takes a refused change back and says why at its part", async () => {
  const desk = new TestDesk().refuses("change_settings", "start_with_computer_refused");
  const settings = await opened(desk);
  expect(await settings.change("notices", { notices: false })).toBe(false);
  expect(settings.view?.notices).toBe(true);
  expect(settings.refused).toMatchObject({
    part: "notices",
    problem: { code: "start_with_computer_refused" },
  });
});

it("changes nothing where nobody chose a folder", async () => {
  const desk = new TestDesk().on("choose_receive_folder", () => null);
  const settings = await opened(desk);
  await settings.chooseFolder();
  expect(settings.view?.receive_into).toBe("ask");
  expect(settings.saved).toBeNull();
});

it("keeps a proxy that was typed and refused", async () => {
  const desk = new TestDesk().refuses("change_settings", "proxy_invalid");
  const settings = await opened(desk);
  settings.typed = { host: " proxy.example.jp ", port: "8080" };
  await settings.saveProxy();
  expect(settings.typed).not.toBeNull();
  expect(desk.asked.at(-1)?.request).toMatchObject({
    proxy: { proxy: "manual", host: "proxy.example.jp", port: 8080 },
  });
});

it("asks for the folder of 自動受信 and takes the click back where nobody chose one", async () => {
  const desk = new TestDesk().on("choose_folder", () => null);
  const settings = await opened(desk);
  await settings.receiveIntoOneFolder();
  expect(settings.automation).toEqual(nothingAutomatic);
  const folder = { id: "a-folder", name: "取込" };
  desk.on("choose_folder", () => folder);
  desk.on("change_automation", (edit) => ({ ...nothingAutomatic, ...(edit as AutomationEdit) }));
  await settings.receiveIntoOneFolder();
  expect(settings.automation).toMatchObject({ receiving: true, rules: [{ from: null, folder }] });
  expect(settings.saved).toBe("receiving");
});

it("takes a refused change of 自動化 back and says why at its part", async () => {
  const desk = new TestDesk().on("choose_folder", () => ({ id: "gone", name: "出力" }));
  desk.refuses("change_automation", "watched_folder_missing");
  const settings = await opened(desk);
  await settings.watchFolder();
  expect(settings.automation?.watching).toBe(false);
  expect(settings.refused).toMatchObject({ part: "watching", problem: { code: "watched_folder_missing" } });
});

it("looks again when the desk says that 自動化 stands otherwise", async () => {
  const desk = new TestDesk();
  const settings = await opened(desk);
  desk.on("automation", () => ({ ...nothingAutomatic, receiving: true, received: 3 }));
  settings.hinted({ event: "automation_changed" });
  await expect.poll(() => settings.automation?.received).toBe(3);
});

it("says what the file of 引っ越し is called, and nothing where nobody chose a place", async () => {
  const desk = new TestDesk().on("move_out", () => ({ name: "引っ越し.careplan-move", rows: null }));
  const settings = await opened(desk);
  expect(await settings.moveOut("hikkoshi no kotoba")).toBe(true);
  expect(settings.movedOut).toBe("引っ越し.careplan-move");
  desk.on("move_out", () => null);
  expect(await settings.moveOut("hikkoshi no kotoba")).toBe(false);
  expect(settings).toMatchObject({ movedOut: null, refused: null, saved: null });
  desk.refuses("move_out", "move_waits");
  expect(await settings.moveOut("hikkoshi no kotoba")).toBe(false);
  expect(settings.refused).toMatchObject({ part: "moving", problem: { code: "move_waits" } });
});

it("shows how far 引っ越し is while it runs, and asks the desk to end it", async () => {
  let written: (saved: null) => void = () => undefined;
  const desk = new TestDesk().on("move_out", () => new Promise<null>((done) => (written = done)));
  desk.on("stop_move", () => null);
  const settings = await opened(desk);
  const moving = settings.moveOut("hikkoshi no kotoba");
  settings.hinted({ event: "move_progress", done_bytes: 3, total_bytes: 10 });
  expect(settings.move).toEqual({ done: 3, total: 10 });
  await settings.stopMove();
  expect(desk.names()).toContain("stop_move");
  written(null);
  await moving;
  expect(settings.move).toBeNull();
});
