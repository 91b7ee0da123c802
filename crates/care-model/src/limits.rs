//! Every bound of the exchange in one place (D18), with the unit last in its name.
//!
//! Both sides read these constants; a test on each side crosses each of them by one.

/// Deliveries in one bulk dispatch; the rest stay in the list as the next batch.
pub const BULK_DELIVERIES_MAX: usize = 100;
/// Attachments of one delivery.
pub const ATTACHMENTS_MAX: usize = 20;
/// Bytes of one attachment.
pub const ATTACHMENT_BYTES_MAX: u64 = 100 * MEBIBYTE;
/// Bytes of all parts of one delivery.
pub const DELIVERY_BYTES_MAX: u64 = 300 * MEBIBYTE;
/// Characters (Unicode scalar values) of the note of a delivery.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// Bytes of one CSV record.
pub const CSV_RECORD_BYTES_MAX: usize = 1_048_576;
/// Findings of one code and field that are listed one by one; the rest is counted.
pub const FINDINGS_PER_FIELD_MAX: usize = 20;
/// Findings of one file that are listed; the rest is counted.
pub const FINDINGS_PER_FILE_MAX: usize = 500;
/// Characters of an offending value that are shown.
pub const FINDING_VALUE_CHARS_MAX: usize = 40;
/// Different characters that one repair replaces; more than that nobody would look through.
pub const REPAIR_SUBSTITUTES_MAX: usize = 200;
/// Record keys of one file that are compared with those of its mates; beyond, the comparison is left out.
pub const RECORD_KEYS_MAX: usize = 50_000;
/// Bytes of one standard file that we read.
pub const STANDARD_FILE_BYTES_MAX: u64 = 100 * MEBIBYTE;
/// Records of all files that are read for people at once; the rest is counted.
pub const READING_RECORDS_MAX: usize = 50_000;
/// Earlier deliveries that are looked into for the last version of a plan; each is opened and read.
pub const VERSIONS_LOOKED_INTO_MAX: usize = 100;
/// Changes of one form that are listed one by one; the rest is counted.
pub const CHANGES_PER_FORM_MAX: usize = 200;
/// Bytes of all files that are read for people at once: they are held in memory, and a month of a large office is a tenth of it.
pub const READING_BYTES_MAX: u64 = 16 * MEBIBYTE;
/// Bytes of a file that is repaired, before and after: both are held in memory.
pub const REPAIR_BYTES_MAX: u64 = 16 * MEBIBYTE;
/// Files of one drop on the window.
pub const DROP_FILES_MAX: usize = 1_000;
/// Standard files of one delivery (a basic-information unit has an image for each recipient).
pub const STANDARD_FILES_MAX: usize = 500;
/// Bytes of the clear header of a delivery.
pub const HEADER_BYTES_MAX: usize = 256 * 1_024;
/// Bytes of all parts up to which a delivery is one request and one commit (D2).
pub const SINGLE_REQUEST_BYTES_MAX: u64 = 256 * 1_024;
/// Bytes of one chunk of a larger delivery.
pub const CHUNK_BYTES_MAX: u64 = 4 * MEBIBYTE;
/// Bytes of the sealed cover (note and attachment names).
pub const COVER_BYTES_MAX: u64 = 64 * 1_024;
/// Characters of a file name, in bytes of UTF-8.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// Characters of a password, at least and at most; it is never truncated (D17).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// See [`PASSWORD_CHARS_MIN`].
pub const PASSWORD_CHARS_MAX: usize = 64;
/// People of one office, stopped ones too.
pub const PEOPLE_MAX: usize = 500;
/// Characters of a person's name.
pub const PERSON_NAME_CHARS_MAX: usize = 60;
/// One-time passwords for a certificate that an office may have open at once.
pub const OPEN_ISSUE_PASSWORDS_MAX: usize = 10;
/// Operators of an exchange, stopped ones too.
pub const OPERATORS_MAX: usize = 200;
/// Characters of an office's name, of its kana, and of its address.
pub const OFFICE_TEXT_CHARS_MAX: usize = 100;
/// Characters of an office's telephone number.
pub const TELEPHONE_CHARS_MAX: usize = 20;
/// Characters of a mail address (RFC 5321, 4.5.3.1.3, less its brackets).
pub const MAIL_ADDRESS_CHARS_MAX: usize = 254;
/// Codes that are mailed for an office on one day of Japan, so that nobody is flooded through the exchange.
pub const MAIL_CODES_A_DAY_MAX: i64 = 5;
/// Wrong tries of one mailed code.
pub const MAIL_CODE_TRIES_MAX: i64 = 5;
/// Hours that a mailed code can be typed in.
pub const MAIL_CODE_HOURS: i64 = 24;
/// Service kinds of one office.
pub const OFFICE_KINDS_MAX: usize = 60;
/// Rows of a list of offices to register.
pub const OFFICE_LIST_ROWS_MAX: usize = 10_000;
/// Rows of such a list that a page takes at once: each costs the hashing of two passwords.
pub const OFFICE_LIST_PAGE_ROWS_MAX: usize = 100;
/// Bytes of such a list.
pub const OFFICE_LIST_BYTES_MAX: usize = 8 * 1_024 * 1_024;
/// Characters of the title of an entry of お知らせ.
pub const NEWS_TITLE_CHARS_MAX: usize = 100;
/// Characters of its text.
pub const NEWS_BODY_CHARS_MAX: usize = 4_000;
/// Rows of one page of a list.
pub const PAGE_ROWS_MAX: u32 = 200;
/// Seconds that a claim holds without a range being served (D4).
pub const CLAIM_LEASE_SECONDS: i64 = 120;
/// Days that the server keeps content nobody fetched, unless its operator set fewer (D17).
pub const RETENTION_DAYS: i64 = 90;
/// Days of retention that an operator can set at least: both sides are warned 30 days before the end.
pub const RETENTION_DAYS_MIN: i64 = 31;
/// Unfetched deliveries of one office, unless its operator set another number.
pub const WAITING_DELIVERIES_MAX: u64 = 100_000;
/// Bytes of all unfetched deliveries of one office, unless its operator set another number.
pub const WAITING_BYTES_MAX: u64 = 100 * 1_024 * MEBIBYTE;
/// Deliveries that one office sends on one day of Japan, unless its operator set another number.
pub const SENDS_A_DAY_MAX: u64 = 100_000;
/// Deliveries, waiting or sent on one day, that an operator can allow an office at most: ten times what all may.
pub const OFFICE_LIMIT_DELIVERIES_MAX: u64 = 1_000_000;
/// Bytes of unfetched deliveries that an operator can allow an office at most: 10,000 GB, a hundred times what all may.
pub const OFFICE_LIMIT_BYTES_MAX: u64 = 10_000 * 1_024 * MEBIBYTE;
/// Large deliveries of one office that are on their way at the same time.
pub const UPLOADS_MAX: u64 = 200;
/// Minutes without a key or a click after which the window locks (D13).
pub const IDLE_LOCK_MINUTES: u32 = 15;
/// Days before the exchange gives up content that nobody fetched from which the lists say so (D17).
pub const KEEPING_SHOWN_DAYS: i64 = 30;
/// Days before that from which they warn.
pub const KEEPING_WARNING_DAYS: i64 = 7;
/// Days before the expiry of a licence or certificate from which the window warns.
pub const EXPIRY_WARNING_DAYS: i64 = 60;

const MEBIBYTE: u64 = 1_024 * 1_024;
/// Files that can be pasted at once.
pub const PASTED_FILES_MAX: usize = 100;
/// Bytes of all pasted files together; more is dropped or chosen.
pub const PASTED_BYTES_MAX: u64 = 32 * MEBIBYTE;
/// Characters of a search.
pub const SEARCH_CHARS_MAX: usize = 100;
/// Rows of a list that a page is given at once.
pub const WINDOW_ROWS_MAX: u32 = 200;
/// Rows of a list that can be selected at once.
pub const SELECTED_ROWS_MAX: u32 = 1_000;
/// Rows of a list that are written as CSV.
pub const EXPORT_ROWS_MAX: usize = 200_000;
/// Offices of one board (事業所ごとの進み具合) that are saved as one file.
pub const BOARD_OFFICES_MAX: usize = 10_000;
/// Rules by which deliveries are received by themselves.
pub const RECEIVING_RULES_MAX: usize = 20;
/// Entries of the care software's output folder up to which it is watched.
pub const WATCHED_ENTRIES_MAX: usize = 20_000;
/// Drafts from that folder that wait at the same time: as many as one bulk dispatch takes.
pub const PREPARED_DRAFTS_MAX: usize = BULK_DELIVERIES_MAX;
/// Days of the period of an inspection record (運営指導用の記録): thirteen months.
pub const INSPECTION_DAYS_MAX: i64 = 400;
/// Acts in one inspection record.
pub const INSPECTION_ACTS_MAX: u64 = 20_000;
/// Bytes of an inspection record that a desk takes: some hundred thousand files.
pub const INSPECTION_BYTES_MAX: usize = 64 * 1_024 * 1_024;
/// Deliveries of one month whose plans and actuals are compared: many times what a large office exchanges.
pub const COMPARED_DELIVERIES_MAX: usize = 2_000;
/// Bytes of all files that are compared at once; of one office as many as are read for people.
pub const COMPARED_BYTES_MAX: u64 = 64 * MEBIBYTE;
/// Days that a copy of what was sent or received is kept at most (D14).
pub const KEPT_DAYS_MAX: u32 = 90;
/// Profiles of one PC.
pub const PROFILES_MAX: usize = 50;
/// Bytes of one record of a move file (引っ越し): some rows, or one row of a draft with a hundred deliveries.
pub const MOVE_RECORD_BYTES_MAX: usize = 64 * 1_024 * 1_024;
