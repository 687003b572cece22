//! Adapters to and from `opentelemetry_sdk`'s types.
