// Pictures of every screen in the forms in which people have it: light, dark, a small window, 200 % zoom.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

/** Where the pictures go; none are kept where nobody asks for them. */
const folder = process.env.GALLERY_DIR;

const large = { width: 1280, height: 860 };
/** Each form with the ending of its pictures and how the window is then. */
const forms = [
  { ending: "", title: "標準", viewport: large },
  { ending: "-dark", title: "暗い画面", viewport: large, colorScheme: "dark" },
  { ending: "-1024x700", title: "1024×700", viewport: { width: 1024, height: 700 } },
  // Zoom halves what the page has in its own pixels and doubles each of them.
  { ending: "-200", title: "200％", viewport: { width: 640, height: 430 }, scale: 2 },
];

/** Takes the pictures and remembers them for the list. */
export class Gallery {
  #shown = [];

  /** Shows the screen that a person is at in every form: each must hold what every screen must hold. */
  async show(person, name, title) {
    const { page } = person;
    const session = await page.context().newCDPSession(page);
    for (const { ending, viewport, colorScheme = "light", scale = 1 } of forms) {
      await page.setViewportSize(viewport);
      if (scale !== 1) {
        await session.send("Emulation.setDeviceMetricsOverride", {
          ...viewport,
          deviceScaleFactor: scale,
          mobile: false,
        });
      }
      await page.emulateMedia({ colorScheme });
      await person.look(`gallery-${name}${ending}`);
      if (folder) {
        await mkdir(folder, { recursive: true });
        const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 80 });
        await writeFile(path.join(folder, `${name}${ending}.webp`), Buffer.from(data, "base64"));
      }
      if (scale !== 1) await session.send("Emulation.clearDeviceMetricsOverride");
    }
    await session.detach();
    await page.setViewportSize(large);
    await page.emulateMedia({ colorScheme: "light" });
    this.#shown.push({ name, title });
  }

  /** Writes the list of what was shown beside the pictures. */
  async writeList() {
    if (!folder) return;
    const lines = [
      "# 画面の一覧",
      "",
      "`cargo xtask gallery` が本物の画面とサーバーから作ります。事業所と人の名前は架空のものです。",
      "",
    ];
    for (const { name, title } of this.#shown) {
      const cells = forms.map((form) => `![${title}（${form.title}）](${name}${form.ending}.webp)`);
      lines.push(
        `## ${title}`,
        "",
        `| ${forms.map((form) => form.title).join(" | ")} |`,
        `|${" --- |".repeat(forms.length)}`,
        `| ${cells.join(" | ")} |`,
        "",
      );
    }
    await writeFile(path.join(folder, "README.md"), lines.join("\n"));
  }
}
