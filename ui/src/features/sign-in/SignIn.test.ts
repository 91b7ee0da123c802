import { render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";

import type { StartView } from "../../ipc/bindings";
import type { SignInSession } from "./session";
import SignIn from "./SignIn.svelte";

const office = { number: "9970100013", name: "見本居宅介護支援事業所", kinds: [], telephone: null };

function session(over: Partial<SignInSession> = {}): SignInSession {
  const nothing = () => Promise.resolve();
  return {
    start: null,
    problem: null,
    problemAt: 0,
    lockedName: "",
    renewed: false,
    passwordChanged: false,
    everywhere: false,
    profiles: null,
    provisional: null,
    busy: false,
    chooseConnection: nothing,
    enrol: nothing,
    renew: nothing,
    certificateFile: null,
    chooseCertificate: nothing,
    importCertificate: nothing,
    moveFile: null,
    move: null,
    chooseMove: nothing,
    moveIn: nothing,
    stopMove: nothing,
    leaveMove: () => undefined,
    showRenewal: () => undefined,
    settlePassword: nothing,
    leaveProvisional: () => undefined,
    showProfiles: nothing,
    hideProfiles: () => undefined,
    openProfile: nothing,
    addProfile: nothing,
    unlock: nothing,
    signInPerson: nothing,
    signInOffice: nothing,
    back: nothing,
    ...over,
  };
}

const props = { step: "person" as const, office, remembered: null, certificate: null, lockedMinutes: null };

it("asks for what is missing instead of asking the desk", async () => {
  const signInPerson = vi.fn(() => Promise.resolve());
  render(SignIn, { ...props, session: session({ signInPerson }) });
  await userEvent.click(screen.getByRole("button", { name: "次へ進む" }));
  expect(signInPerson).not.toHaveBeenCalled();
  expect(screen.getByLabelText("個人ユーザID")).toHaveAttribute("aria-invalid", "true");
});

it("hands over what was typed, without the spaces around the ID", async () => {
  const signInPerson = vi.fn(() => Promise.resolve());
  render(SignIn, { ...props, session: session({ signInPerson }) });
  await userEvent.type(screen.getByLabelText("個人ユーザID"), " c0001 ");
  await userEvent.type(screen.getByLabelText("パスワード"), "himitsu-no-kotoba{Enter}");
  expect(signInPerson).toHaveBeenCalledWith("c0001", "himitsu-no-kotoba", false);
});

it("shows the password only when asked", async () => {
  render(SignIn, { ...props, session: session() });
  expect(screen.getByLabelText("パスワード")).toHaveAttribute("type", "password");
  await userEvent.click(screen.getByRole("button", { name: "パスワードを表示" }));
  expect(screen.getByLabelText("パスワード")).toHaveAttribute("type", "text");
});

it("says what happened, what it means and what to do, with the code", () => {
  const problem = { code: "person_sign_in_refused" as const, params: {}, reference: "R-1" };
  render(SignIn, { ...props, session: session({ problem }) });
  expect(screen.getByRole("alert")).toHaveTextContent("次にすること");
  expect(screen.getByText("person_sign_in_refused")).toBeInTheDocument();
});

it.each([
  ["certificate_revoked", "このパソコンの介護保険証明書は失効しています。", true],
  ["sign_in_required", "ログインが終わりました", false],
] as const)("says at once why the session ended: %s", (code, words, renewable) => {
  const start = { ended: { code, params: {}, reference: null } } as unknown as StartView;
  const { unmount } = render(SignIn, { ...props, session: session({ start }) });
  expect(screen.getByText(words)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "証明書を取り直す" }) !== null).toBe(renewable);
  unmount();
  render(SignIn, { ...props, session: session({ start, everywhere: true }) });
  expect(screen.queryByText(words)).toBeNull();
});
