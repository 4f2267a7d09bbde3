/** One client connection and one request's life on it: read, route, send, relay, retry, answer, log. */
@NullMarked
package io.plinth.lbproxy.exchange;

import org.jspecify.annotations.NullMarked;
