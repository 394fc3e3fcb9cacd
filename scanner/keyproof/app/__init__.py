"""Wires adapters to the pipeline: settings, registry, executors, the error boundary."""
