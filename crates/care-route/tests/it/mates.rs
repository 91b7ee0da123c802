//! What files of one delivery say about each other.
