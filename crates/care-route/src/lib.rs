//! care-route
