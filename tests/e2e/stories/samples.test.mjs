// 内容を見る of every good unit that the generator of samples makes, on the screen and on paper.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";

import { Ground } from "../ground.mjs";
import { fixture, offices, root } from "../world.mjs";

/** The offices of the preventive units. */
const centre = { ...offices.planning, number: "9900100018", kind: "46", name: "架空市地域包括支援センター" };
// Under the name that the samples have for every service office.
const program = { ...offices.providing, number: "99A0105007", kind: "A2" };

/** How wide an A4 sheet is between its margins, in pixels of the page: upright and on its side. */
const SHEETS = [
  { sheet: "upright", width: 718, landscape: false },
  { sheet: "on its side", width: 1062, landscape: true },
];
const WINDOW = { width: 1280, height: 860 };

/** Every good unit; a test of the generator sees to it that each is in a folder here. */
const units = (await readdir(path.join(root, "tests/fixtures/units/good"))).sort();

const ground = new Ground();
let world;
/** Who sits at the terminal of an office, by its number. */
const people = new Map();

before(async () => {
  world = await ground.start();
  await world.register("centre", centre);
  await world.register("program", program);
  const sitDown = async (name) => {
    const account = world.accounts[name];
    const person = await ground.personAt(name);
    await person.setUp(world, account, account.issuePassword, "受付のパソコン");
    await person.signIn(account);
    people.set(account.number, person);
  };
  await Promise.all(["planning", "providing", "centre", "program"].map(sitDown));
});

/** Who sends a unit. */
function senderOf(unit, files) {
  const [, number] = /_(\w{10})_\w{2}_\w{10}_\w{2}_\d{14}/.exec(path.basename(files[0]));
  const sender = people.get(number);
  assert.ok(sender, `${unit}: nobody sits at ${number}`);
  return sender;
}

/** The insured numbers in the records of files. */
async function insured(files) {
  const numbers = new Set();
  for (const file of files.filter((file) => file.endsWith(".CSV"))) {
    const text = (await readFile(file)).toString("latin1");
    for (const [, number] of text.matchAll(/^\d{6},\d{6},(\w{10}),/gm)) numbers.add(number);
  }
  return numbers;
}

/** Words of forms that stand outside of their cells, and tables that stand outside of their forms. */
function sticksOut(page, forms) {
  return page.evaluate((forms) => {
    // Pixels are rounded.
    const ROUND = 1;
    const out = [];
    const words = document.createRange();
    for (const form of document.querySelectorAll(forms)) {
      const paper = form.getBoundingClientRect();
      for (const table of form.querySelectorAll("table"))
        if (table.getBoundingClientRect().right > paper.right + ROUND) out.push(`${form.innerText}: a table`);
      for (const cell of form.querySelectorAll("th, td")) {
        words.selectNodeContents(cell);
        const [box, said] = [cell.getBoundingClientRect(), words.getBoundingClientRect()];
        const inside =
          said.width === 0 ||
          (said.left >= box.left - ROUND &&
            said.right <= box.right + ROUND &&
            said.top >= box.top - ROUND &&
            said.bottom <= box.bottom + ROUND);
        if (!inside)
          out.push(
            `${cell.textContent.trim()}: ${said.width} x ${said.height} in ${box.width} x ${box.height}`,
          );
      }
    }
    return out;
  }, forms);
}

for (const unit of units) {
  test(unit, async () => {
    const files = await fixture(`good/${unit}`);
    const person = senderOf(unit, files);
    const { page } = person;
    await person.compose(files);
    await person.button("内容を見る").first().click();
    const dialog = page.getByRole("dialog", { name: "内容を見る" });
    const [list, pane] = [dialog.getByRole("option"), dialog.getByRole("region")];
    await pane.getByRole("article").first().waitFor();
    const wanted = await insured(files);
    // The files themselves come last.
    const count = (await list.count()) - 1;
    assert.equal(count, wanted.size);
    const shown = new Set();
    for (let place = 0; place < count; place += 1) {
      const option = list.nth(place);
      await option.click();
      const number = /\w{10}/.exec(await option.textContent())[0];
      await pane.getByText(number).first().waitFor();
      await pane.getByRole("article").first().waitFor();
      shown.add(number);
      assert.deepEqual(await pane.locator("[data-finding]").allTextContents(), [], `${unit}: findings`);
      assert.deepEqual(await sticksOut(page, "[role=region] article"), [], `${unit} on the screen`);
    }
    assert.deepEqual(shown, wanted);
    await person.holds(unit);
    await list.last().click();
    const records = files.filter((file) => file.endsWith(".CSV"));
    await pane
      .getByText("見つかった問題はありません。")
      .nth(records.length - 1)
      .waitFor();

    await page.evaluate(() => {
      delete document.body.dataset.printed;
      globalThis.print = () => (document.body.dataset.printed = "yes");
    });
    await person.button(`${count}名をまとめて印刷`).click();
    await page.waitForFunction(() => document.body.dataset.printed === "yes");
    await page.emulateMedia({ media: "print" });
    for (const { sheet, width, landscape } of SHEETS) {
      await page.setViewportSize({ width, height: WINDOW.height });
      await person.fits(`${unit} on a sheet that is ${sheet}`);
      const forms = landscape ? ".print-forms .landscape" : ".print-forms .form:not(.landscape)";
      assert.deepEqual(await sticksOut(page, forms), [], `${unit} on a sheet that is ${sheet}`);
    }
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize(WINDOW);
    await page.evaluate(() => globalThis.dispatchEvent(new globalThis.Event("afterprint")));
    await person.button("閉じる").click();
    await person.startOver();
  });
}
