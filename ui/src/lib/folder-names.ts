/** How the folder of a delivery can be called (care_model's names in desk_ipc::Naming). */
export type FolderNaming =
  "time_office_serial" | "office_time_serial" | "month_office_serial" | "office_folder";

const time = "20261122090512";
const office = "9970101003";
const serial = "20261120153000";
const month = "202612";

/** What it looks like, with an invented office. */
export function exampleFolder(naming: FolderNaming): string {
  switch (naming) {
    case "time_office_serial":
      return `${time}_${office}_${serial}`;
    case "office_time_serial":
      return `${office}_${time}_${serial}`;
    case "month_office_serial":
      return `${month}_${office}_${serial}`;
    case "office_folder":
      return `${office} / ${time}_${serial}`;
  }
}
