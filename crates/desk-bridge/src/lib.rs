//! desk-bridge
