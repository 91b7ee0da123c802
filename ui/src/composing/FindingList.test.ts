import { render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";

import { fileRow, finding } from "../test-views";
import Findings from "./Findings.svelte";
import type { Found } from "./findings";

function group(key: string, over: Partial<Found> = {}): Found {
  return { key, title: key, file: null, findings: [finding()], more: 0, ...over };
}

const rows = () => document.querySelectorAll("[data-finding]");

it("draws ten findings of a file first, the rest when they are wanted, and says what is not listed", async () => {
  const findings = Array.from({ length: 25 }, (_, index) => finding({ row: index + 1 }));
  render(Findings, { found: [group("a", { findings, more: 450 })] });
  expect(rows()).toHaveLength(10);
  expect(screen.queryByText(/^ほかに450件あります/)).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "すべて表示（あと15件）" }));
  expect(rows()).toHaveLength(25);
  expect(rows()[10]).toHaveFocus();
  expect(screen.getByText(/^ほかに450件あります/)).toBeInTheDocument();
});

it("leads to the first finding of a weight, even where it was not drawn yet", async () => {
  const scroll = vi.fn();
  Element.prototype.scrollIntoView = scroll;
  const warns = Array.from({ length: 12 }, () => finding());
  const notes = finding({ severity: "notes", message: "お知らせです。" });
  render(Findings, { found: [group("a", { findings: [...warns, notes] })] });
  await userEvent.click(screen.getByRole("button", { name: "お知らせ：1件" }));
  expect(screen.getByText("お知らせです。").closest("li")).toHaveFocus();
  expect(scroll).toHaveBeenCalled();
});

it("draws twenty files first", async () => {
  render(Findings, { found: Array.from({ length: 23 }, (_, index) => group(`file ${index}`)) });
  expect(rows()).toHaveLength(20);
  await userEvent.click(screen.getByRole("button", { name: "すべてのファイルを表示（あと3個）" }));
  expect(rows()).toHaveLength(23);
});

it("shows a value as text, and an empty one in words", async () => {
  const markup = finding({ value: "<img src=x>", message: "1" });
  const empty = finding({ value: "", message: "2" });
  render(Findings, { found: [group("a", { findings: [markup, empty] })] });
  for (const button of screen.getAllByRole("button", { name: "くわしく" })) await userEvent.click(button);
  expect(screen.getByText("「<img src=x>」")).toBeInTheDocument();
  expect(document.querySelector("img")).toBeNull();
  expect(screen.getByText("（空欄）")).toBeInTheDocument();
});

it("offers 修正版を作る only for a file that has a repair, and not while the desk works", async () => {
  const onrepair = vi.fn();
  const good = fileRow({ file: 1, name: "a.CSV", repairable: true });
  const other = fileRow({ file: 2, name: "b.CSV" });
  const found = [group("a", { file: good }), group("b", { file: other })];
  const { rerender } = render(Findings, { found, onrepair });
  await userEvent.click(screen.getByRole("button", { name: "a.CSVの修正版を作る" }));
  expect(onrepair).toHaveBeenCalledWith(good);
  expect(screen.queryByRole("button", { name: "b.CSVの修正版を作る" })).toBeNull();
  await rerender({ found, onrepair, locked: true });
  expect(screen.getByRole("button", { name: "a.CSVの修正版を作る" })).toBeDisabled();
});

it("says so when the clipboard is closed to it", async () => {
  // This page has no clipboard, as a host that closes it.
  render(Findings, { found: [group("a")] });
  screen.getByRole("button", { name: "内容をコピー" }).click();
  await vi.waitFor(() => expect(screen.getByRole("status")).toHaveTextContent(/^コピーできませんでした/));
});
