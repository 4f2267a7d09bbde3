package io.plinth.mqbroker.exchange;

/** What a binding leads to. */
public sealed interface Destination permits QueueRef, Exchange {
    String vhost();

    String name();

    boolean durable();
}
