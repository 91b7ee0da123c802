import type { CommandError, ProfileRow, StartView } from "../../ipc/bindings";

/** A file that was chosen or dropped; the desk keeps where it is. */
export type ChosenFile = { readonly file: string; readonly name: string };

/** What the screens before the tabs ask of the session that `app` keeps. */
export interface SignInSession {
  readonly start: StartView | null;
  readonly problem: CommandError | null;
  readonly problemAt: number;
  readonly busy: boolean;
  readonly lockedName: string;
  readonly renewed: boolean;
  readonly passwordChanged: boolean;
  readonly everywhere: boolean;
  readonly profiles: readonly ProfileRow[] | null;
  readonly provisional: { readonly id: string } | null;
  chooseConnection(): Promise<void>;
  enrol(officeId: string, issuePassword: string, terminalName: string): Promise<void>;
  renew(officeId: string, issuePassword: string, terminalName: string): Promise<void>;
  readonly certificateFile: ChosenFile | null;
  chooseCertificate(): Promise<void>;
  importCertificate(password: string): Promise<void>;
  readonly moveFile: ChosenFile | null;
  readonly move: { readonly done: number; readonly total: number } | null;
  chooseMove(): Promise<void>;
  moveIn(passphrase: string): Promise<void>;
  stopMove(): Promise<void>;
  leaveMove(): void;
  showRenewal(open: boolean): void;
  unlock(passphrase: string): Promise<void>;
  signInPerson(personId: string, password: string, remember: boolean): Promise<void>;
  signInOffice(officeId: string, password: string, remember: boolean): Promise<void>;
  settlePassword(newPassword: string): Promise<void>;
  leaveProvisional(): void;
  back(): Promise<void>;
  showProfiles(): Promise<void>;
  hideProfiles(): void;
  openProfile(id: string): Promise<void>;
  addProfile(): Promise<void>;
}
