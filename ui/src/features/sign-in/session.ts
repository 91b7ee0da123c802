import type { CommandError, StartView } from "../../ipc/bindings";

/** What the screens before the tabs ask of the session that `app` keeps. */
export interface SignInSession {
  readonly start: StartView | null;
  readonly problem: CommandError | null;
  readonly busy: boolean;
  chooseConnection(): Promise<void>;
  enrol(officeId: string, issuePassword: string, terminalName: string): Promise<void>;
  unlock(passphrase: string): Promise<void>;
  signInPerson(personId: string, password: string, remember: boolean): Promise<void>;
  signInOffice(officeId: string, password: string, remember: boolean): Promise<void>;
  back(): Promise<void>;
}
