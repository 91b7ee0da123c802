import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["output"] },
  js.configs.recommended,
  {
    languageOptions: {
      globals: {
        ...globals.node,
        ClipboardEvent: "readonly",
        DataTransfer: "readonly",
        document: "readonly",
        Image: "readonly",
        getComputedStyle: "readonly",
        requestAnimationFrame: "readonly",
      },
    },
  },
];
