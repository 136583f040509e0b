//! The codecs against recorded commands (`tests/goldens/ipmi-data`).
