package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.wire.FieldTable;

/** One binding; equal bindings are one. */
public record Binding(Destination destination, String routingKey, FieldTable arguments) {}
