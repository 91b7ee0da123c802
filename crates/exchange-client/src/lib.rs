//! exchange-client
