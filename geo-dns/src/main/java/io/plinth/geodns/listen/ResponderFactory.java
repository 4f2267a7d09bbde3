package io.plinth.geodns.listen;

import io.plinth.geodns.answer.Responder;

/** Makes a responder for one socket, whose counters are scraped from then on. */
@FunctionalInterface
public interface ResponderFactory {
    /** Called on the loop that will own it. */
    Responder create();
}
