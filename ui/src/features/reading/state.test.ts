import { beforeEach, describe, expect, it } from "vitest";

import type { FormsRequest, ReadingSource, ReadRecipientView } from "../../ipc/bindings";
import { TestDesk } from "../../test-desk";
import { FORMS_RECIPIENTS_MAX, Reading } from "./state.svelte";

const source: ReadingSource = { what: "sent", delivery: "d1" };

function person(recipient: number, name: string, name_kana: string): ReadRecipientView {
  return {
    recipient,
    name,
    name_kana,
    insurer_number: "990010",
    insured_number: `99000${String(recipient).padStart(5, "0")}`,
    nobody: false,
    forms: [],
    findings: 0,
  };
}

function form(title: string) {
  return { title, about: "", file: "", landscape: true, findings: [], parts: [] };
}

describe("内容を見る", () => {
  let desk: TestDesk;
  let reading: Reading;
  let people: ReadRecipientView[];

  beforeEach(() => {
    people = [person(0, "見本 一郎", "ミホン イチロウ"), person(1, "模擬 花子", "モギ ハナコ")];
    desk = new TestDesk()
      .on("read_recipients", () => ({
        files: [],
        recipients: people,
        first: people.length > 0 ? [form("first")] : [],
      }))
      .on("read_forms", (request) =>
        (request as FormsRequest).recipients.map((recipient) => ({
          recipient,
          forms: [form(`of ${recipient}`)],
        })),
      )
      .on("print_page", () => null);
    reading = new Reading(desk);
  });

  it("opens with the first care recipient", async () => {
    await reading.open(source);
    expect(reading.choice).toBe(0);
    expect(reading.forms?.[0]?.title).toBe("first");
    expect(desk.names()).toEqual(["read_recipients"]);
    await reading.choose(1);
    expect(reading.forms?.[0]?.title).toBe("of 1");
    expect(desk.asked[1]?.request).toEqual({ source, recipients: [1] });
  });

  it("finds by name, kana of any width and insured number", async () => {
    await reading.open(source);
    for (const [text, found] of [
      ["花子", [1]],
      ["ﾐﾎﾝ", [0]],
      ["もぎはな", [1]],
      ["9900000001", [1]],
      ["だれもいない", []],
      [" ", [0, 1]],
    ] as const) {
      reading.text = text;
      expect(reading.recipients.map(({ recipient }) => recipient)).toEqual(found);
    }
  });

  it("shows the files where nobody is in them", async () => {
    people = [];
    await reading.open(source);
    expect(reading.choice).toBe("files");
    expect(desk.names()).toEqual(["read_recipients"]);
  });

  it("an answer for somebody who is chosen no more is dropped", async () => {
    await reading.open(source);
    let answer: (() => void) | undefined;
    desk.on("read_forms", (request) => {
      const [recipient = 0] = (request as FormsRequest).recipients;
      const said = [{ recipient, forms: [form(`late ${recipient}`)] }];
      return recipient === 0 ? new Promise((resolve) => (answer = () => resolve(said))) : said;
    });
    const slow = reading.choose(0);
    await reading.choose(1);
    answer?.();
    await slow;
    expect(reading.forms?.[0]?.title).toBe("late 1");
  });

  it("keeps nothing once it is closed, and says a refusal", async () => {
    await reading.open(source);
    reading.close();
    expect([reading.source, reading.view, reading.forms]).toEqual([null, null, null]);
    desk.refuses("read_recipients", "kept_copy_gone");
    await reading.open(source);
    expect(reading.problem?.code).toBe("kept_copy_gone");
  });

  it("asks what changed when somebody wants it, and an answer for another is dropped", async () => {
    const plan = { title: "計画書", office: "9970101003", earlier_at: null, remarks: [], forms: [] };
    let answer: (() => void) | undefined;
    desk.on("read_changes", () => new Promise((resolve) => (answer = () => resolve([plan]))));
    await reading.open(source);
    expect(desk.names()).toEqual(["read_recipients"]);
    const slow = reading.compare();
    await reading.choose(1);
    answer?.();
    await slow;
    expect(reading.changes).toBe(null);
    const asked = reading.compare();
    answer?.();
    await asked;
    expect(desk.asked.at(-1)?.request).toEqual({ source, recipient: 1 });
    expect(reading.changes).toEqual([plan]);
    await reading.choose("files");
    expect(reading.changes).toBe(null);
    await reading.compare();
    expect(desk.names().filter((name) => name === "read_changes")).toHaveLength(2);
    await reading.choose(0);
    desk.refuses("read_changes", "kept_copy_gone");
    await reading.compare();
    expect([reading.changes, reading.changesProblem?.code]).toEqual([null, "kept_copy_gone"]);
    reading.close();
    expect(reading.changesProblem).toBe(null);
  });

  it("prints many as one job, asked for in parts", async () => {
    people = Array.from({ length: FORMS_RECIPIENTS_MAX + 3 }, (_, at) => person(at, `見本 ${at}`, "ミホン"));
    await reading.open(source);
    await reading.gather(reading.recipients);
    const asked = desk.asked.filter(({ name }) => name === "read_forms");
    expect(asked.map(({ request }) => (request as FormsRequest).recipients.length)).toEqual([
      FORMS_RECIPIENTS_MAX,
      3,
    ]);
    expect(reading.printing).toHaveLength(FORMS_RECIPIENTS_MAX + 3);
    expect(reading.printing?.at(-1)?.forms[0]?.title).toBe(`of ${FORMS_RECIPIENTS_MAX + 2}`);
    expect(reading.gathering).toBe(null);
    desk.refuses("print_page", "print_failed");
    await reading.print();
    expect([reading.problem?.code, reading.printing]).toEqual(["print_failed", null]);
  });
});
