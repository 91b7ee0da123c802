//! exchange-server
