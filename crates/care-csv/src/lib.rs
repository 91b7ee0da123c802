//! care-csv
