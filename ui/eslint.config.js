// Which folder may import which, as docs/ARCHITECTURE.md draws it:
// lib nothing; components lib, theme, messages and the contract's types; composing and features one level more;
// app all. `@tauri-apps` belongs to platform alone, and no feature imports another.
import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const features = [
  "sign-in",
  "home",
  "inbox",
  "outbox",
  "compose",
  "drafts",
  "dispatch",
  "reading",
  "comparison",
  "record",
  "board",
  "settings",
  "help",
];

/** Forbids imports from folders of `src`, as seen from a file of the named folder. */
const forbid = (files, folders, types = []) => ({
  files,
  rules: {
    "@typescript-eslint/no-restricted-imports": [
      "error",
      {
        patterns: [
          { group: ["@tauri-apps/*"], message: "Only src/platform may know the window." },
          ...folders.map((folder) => ({
            regex: `^(\\.\\./)+${folder}(/|$)`,
            message: `This folder may not import ${folder}.`,
          })),
          ...types.map((folder) => ({
            regex: `^(\\.\\./)+${folder}(/|$)`,
            allowTypeImports: true,
            message: `This folder may import only types from ${folder}.`,
          })),
        ],
      },
    ],
  },
});

export default ts.config(
  { ignores: ["dist", "src/ipc/bindings.ts", "src/messages/catalogue.ts"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
  },
  { rules: { "no-undef": "off", "prefer-const": "off", "svelte/prefer-const": "error" } },
  { files: ["**/*.ts"], rules: { "prefer-const": "error" } },
  // Sets and maps of the lists are raw state: they hold up to a thousand rows, and are replaced, never changed.
  {
    files: ["src/lists/**/*.svelte.ts", "src/features/inbox/*.svelte.ts"],
    rules: { "svelte/prefer-svelte-reactivity": "off" },
  },
  forbid(
    ["src/lib/**"],
    ["app", "platform", "ipc", "composing", "lists", "features", "components", "theme", "messages"],
  ),
  forbid(
    ["src/components/**"],
    ["app", "platform", "composing", "lists", "features"],
    ["ipc/bindings", "ipc/call"],
  ),
  forbid(["src/ipc/**"], ["app", "composing", "lists", "features", "components"]),
  forbid(["src/composing/**"], ["app", "platform", "lists", "features"]),
  forbid(["src/lists/**"], ["app", "platform", "features"]),
  ...features.map((feature) =>
    forbid([`src/features/${feature}/**`], ["app", ...features.filter((other) => other !== feature)]),
  ),
);
