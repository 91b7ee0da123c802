//! care-samples
